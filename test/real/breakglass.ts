import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('../../bin/breakglass.mjs', import.meta.url))
const BUILT = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

export const isBuilt = existsSync(BUILT)

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface Person {
  readonly url: string
  readonly token?: string
  /** Where this person's terminal keeps its state; a fresh folder by default. */
  readonly state?: string
  /** Where their programs are; default: as here. */
  readonly path?: string
  /** Of their terminal, as `stty` takes it; default: unknown. */
  readonly size?: string
}

/** A real `breakglass` process in a terminal without anybody at it. */
export async function breakglass(person: Person, args: readonly string[], input = ''): Promise<Ran> {
  const running = start(person, args)
  running.child.stdin.end(input)
  return running.ended
}

function environment({ url, token, state, path }: Person): NodeJS.ProcessEnv {
  return {
    PATH: path ?? process.env['PATH'],
    HOME: '/nonexistent',
    LC_ALL: 'C.UTF-8',
    TZ: 'Europe/Paris',
    XDG_STATE_HOME: state ?? mkdtempSync(join(tmpdir(), 'bg-state-')),
    BREAKGLASS_URL: url,
    ...(token !== undefined && { BREAKGLASS_TOKEN: token }),
  }
}

export function start(person: Person, args: readonly string[]) {
  const child = spawn(process.execPath, [BIN, ...args], {
    env: environment(person),
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  return watched(child)
}

/** The same in a pseudo-terminal (util-linux `script`): somebody sits there and types. */
export function inTerminal(person: Person, args: readonly string[]) {
  const quoted = [process.execPath, BIN, ...args].map(word => `'${word.replaceAll("'", `'\\''`)}'`)
  const sized = person.size === undefined ? '' : `stty rows ${person.size.replace(' ', ' cols ')}; `
  // exec: the shell that `script` starts must not stand between, or it would answer Ctrl-C.
  const command = `${sized}exec ${quoted.join(' ')}`
  return watched(
    spawn('script', ['-qefc', command, '/dev/null'], {
      env: { ...environment(person), TERM: 'xterm' },
      stdio: ['pipe', 'pipe', 'pipe'],
    }),
  )
}

function watched(child: ChildProcessWithoutNullStreams) {
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  const ended = new Promise<Ran>(resolve => child.once('close', code => resolve({ code, out, err })))
  return { child, ended, output: () => out + err }
}
