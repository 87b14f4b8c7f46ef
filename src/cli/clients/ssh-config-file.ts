import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Client } from '../../client/client.ts'
import type { Call } from '../call.ts'
import { blockOf, sshFolder, sshLogins, sweepSshLogins } from './ssh-logins.ts'

/** The file that the person's own ssh config includes. */
export function configFile(call: Call): string {
  return join(sshFolder(call), 'config')
}

/** Writes the blocks of all logins that are kept for it; in one piece, so that an ssh that starts now reads all or nothing of it. */
export function writeConfig(call: Call): string {
  const file = configFile(call)
  const blocks = sshLogins(call)
    .filter(({ use }) => use === 'config')
    .map(login => `# ${login.grant}, until ${login.ends_at}\n${blockOf(call, login)}`)
  const text = [
    '# Kept by `breakglass ssh-config --write`; what is written here by hand is lost.\n',
    ...blocks,
  ]
  const temporary = `${file}.${process.pid}.new`
  rmSync(temporary, { force: true })
  writeFileSync(temporary, text.join('\n'), { mode: 0o600, flag: 'wx' })
  renameSync(temporary, file)
  return file
}

/** Removes what belongs to grants that are over: keys, and their blocks where the file is in use. */
export async function refreshConfig(call: Call, client: Client): Promise<void> {
  await sweepSshLogins(call, client)
  if (existsSync(configFile(call))) writeConfig(call)
}

/** Whether the person's own config names the file. */
export function isIncluded(call: Call): boolean {
  const own = join(call.terminal.env['HOME'] ?? homedir(), '.ssh', 'config')
  try {
    return readFileSync(own, 'utf8')
      .split('\n')
      .some(line => /^\s*include\s/i.test(line) && line.includes(configFile(call)))
  } catch {
    return false
  }
}
