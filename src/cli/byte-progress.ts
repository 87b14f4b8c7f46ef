import type { Terminal } from './terminal.ts'
import { span } from './times.ts'

export interface ByteProgress {
  readonly part: string
  /** Bytes. */
  readonly done: number
  readonly total: number
}

/** A status line with rate and remaining time; nothing where nobody looks. */
export function showBytes(terminal: Terminal): (progress: ByteProgress) => void {
  if (!terminal.interactive) return () => undefined
  let part = ''
  let start = Date.now()
  return progress => {
    if (progress.part !== part) {
      part = progress.part
      start = Date.now()
    }
    const { done, total } = progress
    const rate = done / Math.max(0.001, (Date.now() - start) / 1000)
    const rest = total > done && rate > 0 ? `, ${span(((total - done) / rate) * 1000)} left` : ''
    terminal.status(`${part}: ${mib(done)} of ${mib(total)} MiB, ${mib(rate)} MiB/s${rest}`)
  }
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1)
}
