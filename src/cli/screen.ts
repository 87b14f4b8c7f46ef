import { once } from 'node:events'

/** The terminal itself, for what is shown as it is. Whoever writes owns it until the end and leaves it as it was. */
export interface Screen {
  /** 80 × 24 when the terminal does not say. */
  readonly columns: number
  readonly rows: number
  /** Resolves when the terminal has taken it. */
  write(text: string): Promise<void>
  /** Keys as they are typed, unseen, Ctrl-C among them (`\u0003`), until the returned function is called. None without a keyboard. */
  keys(listener: (key: string) => void): () => void
}

/** One key of what was typed: a function key's sequence (CSI or SS3), or a character. */
const KEY = new RegExp(`${String.fromCharCode(0x1b)}(?:\\[[\\d;]*[A-Za-z~]|O[A-Z])|[^]`, 'gu')

/** The screen of standard output and the keyboard of standard input; undefined when there is no screen. */
export function processScreen(): Screen | undefined {
  const { stdin, stdout, env } = process
  if (!stdout.isTTY || env['TERM'] === 'dumb') return undefined
  return {
    get columns() {
      return stdout.columns || 80
    },
    get rows() {
      return stdout.rows || 24
    },
    async write(text) {
      if (!stdout.write(text)) await once(stdout, 'drain')
    },
    keys(listener) {
      if (!stdin.isTTY) return () => undefined
      const heard = (typed: string): void => {
        for (const [key] of typed.matchAll(KEY)) listener(key)
      }
      stdin.setRawMode(true)
      stdin.setEncoding('utf8')
      stdin.on('data', heard)
      stdin.resume()
      return () => {
        stdin.off('data', heard)
        stdin.pause()
        stdin.setRawMode(false)
      }
    },
  }
}
