import { readFileSync } from 'node:fs'
import { runCli } from './cli/run.ts'
import { processTerminal } from './cli/terminal.ts'
import { localCommands } from './server/local-commands.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string
}

process.exitCode = await runCli(process.argv.slice(2), processTerminal(), localCommands(version), version)
