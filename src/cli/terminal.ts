import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { Fault } from '../kernel/faults.ts'
import { processScreen, type Screen } from './screen.ts'

export { plain } from '../screen/plain.ts'

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow'

/** Where a command reads and writes. Results go to `out` (standard output), everything said to people to `say` (standard error). */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Somebody sits there who can answer. */
  readonly interactive: boolean
  readonly columns: number
  /** Where what is shown goes as it is; undefined where nobody looks. */
  readonly screen: Screen | undefined
  out(text: string): void
  say(text: string): void
  /** A line that is replaced by the next one; without a terminal it is said once per change. Undefined clears it. */
  status(text: string | undefined): void
  /** Fault `input.invalid` when nobody can answer. `hidden`: what is typed is not shown. */
  ask(question: string, hidden?: 'hidden'): Promise<string>
  paint(style: Style, text: string): string
  /** Aborts at the first Ctrl-C; the second one ends the process. */
  readonly interrupted: AbortSignal
}

const CODES: Record<Style, number> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 }

/** The process's own terminal. Colour only where a person reads it and NO_COLOR (no-color.org) is not set. */
export function processTerminal(): Terminal {
  const { stdin, stdout, stderr, env } = process
  const interactive = stdin.isTTY && stderr.isTTY
  const colour = stdout.isTTY && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
  const abort = new AbortController()
  process.once('SIGINT', () => abort.abort())
  // Whoever reads us has seen enough: `| head`, `| less`. As the signal would have it that Node ignores (128 + SIGPIPE).
  for (const stream of [stdout, stderr])
    stream.on('error', error => {
      if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
      process.exit(141)
    })
  let shown = ''
  const clear = (): void => {
    if (shown !== '' && stderr.isTTY) stderr.write('\r\u001B[K')
    shown = ''
  }
  return {
    env,
    interactive,
    columns: Math.max(40, Math.min(stdout.columns ?? 80, 200)),
    screen: processScreen(),
    interrupted: abort.signal,
    out(text) {
      clear()
      stdout.write(`${text}\n`)
    },
    say(text) {
      clear()
      stderr.write(`${text}\n`)
    },
    status(text) {
      if (text === shown) return
      if (text === undefined || !stderr.isTTY) clear()
      if (text === undefined) return
      shown = text
      stderr.write(stderr.isTTY ? `\r\u001B[K${text.slice(0, (stderr.columns ?? 80) - 1)}` : `${text}\n`)
    },
    async ask(question, hidden) {
      if (!interactive)
        throw new Fault('input.invalid', `Nobody can answer "${question.trim()}" here.`, {
          next: 'Run it in a terminal, or give the answer as an option; see --help.',
        })
      clear()
      return askOn(question, hidden === 'hidden')
    },
    paint: (style, text) => (colour ? `\u001B[${CODES[style]}m${text}\u001B[0m` : text),
  }
}

function askOn(question: string, hidden: boolean): Promise<string> {
  // readline echoes what it reads to its output; a mute one shows nothing of a secret.
  const output = hidden ? new Writable({ write: (_chunk, _encoding, done) => done() }) : process.stderr
  if (hidden) process.stderr.write(question)
  const lines = createInterface({ input: process.stdin, output, terminal: true })
  return new Promise((resolve, reject) => {
    let answered = false
    lines.on('SIGINT', () => lines.close())
    lines.on('close', () => {
      if (hidden) process.stderr.write('\n')
      if (!answered)
        reject(new Fault('input.invalid', 'Nothing was answered.', { next: 'Run the command again.' }))
    })
    lines.question(hidden ? '' : question, answer => {
      answered = true
      lines.close()
      resolve(answer.trim())
    })
  })
}
