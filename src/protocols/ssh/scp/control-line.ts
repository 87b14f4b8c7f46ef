/**
 * What the source of an `scp -t` or `scp -f` says before data: a file, a folder that is entered, its end, times of the next, or an
 * error of its own. The protocol of BSD rcp as OpenSSH speaks it (`scp.c`, sink and source); there is no specification.
 */
export type ControlLine =
  | { readonly type: 'file'; readonly mode: string; readonly size: number }
  | { readonly type: 'folder'; readonly mode: string }
  | { readonly type: 'end' }
  /** Seconds since 1970. */
  | { readonly type: 'times'; readonly mtime: number; readonly atime: number }
  | { readonly type: 'error'; readonly fatal: boolean; readonly message: string }

/**
 * Bytes of a line with its end. Every sink reads longer ones in one piece, so none can take the rest of a line for another line.
 * A name of 255 bytes, all that file systems have, leaves room.
 */
export const LONGEST_LINE = 1024

/** Folders within folders: as deep as a path can be. */
export const DEEPEST = 1024

export interface ReadLine {
  readonly line: ControlLine
  /** Of a file or folder, byte by byte. */
  readonly name: Buffer
  /** The line as it was sent. */
  readonly bytes: Buffer
}

const NOTHING = Buffer.alloc(0)

const ENTRY = /^([CD])([0-7]{4}) ([0-9]{1,15}) (.+)$/s
const TIMES = /^T([0-9]{1,15}) ([0-9]{1,6}) ([0-9]{1,15}) ([0-9]{1,6})$/

/** Reads a line with its end (`\n`). Undefined: none that every sink would take the way it is read here. */
export function readControlLine(bytes: Buffer): ReadLine | undefined {
  // One character per byte, so that names stay what they are.
  const text = bytes.toString('latin1', 0, bytes.length - 1)
  if (text.includes('\0')) return undefined
  if (text[0] === '\x01' || text[0] === '\x02') {
    const message = bytes.toString('utf8', 1, bytes.length - 1)
    return { line: { type: 'error', fatal: text[0] === '\x02', message }, name: NOTHING, bytes }
  }
  if (text === 'E') return { line: { type: 'end' }, name: NOTHING, bytes }
  const times = TIMES.exec(text)
  if (times) {
    const line = { type: 'times' as const, mtime: Number(times[1]), atime: Number(times[3]) }
    return { line, name: NOTHING, bytes }
  }
  const [, letter, mode = '', size, name = ''] = ENTRY.exec(text) ?? []
  if (letter === undefined || name.includes('/') || name === '.' || name === '..') return undefined
  return {
    line: letter === 'D' ? { type: 'folder', mode } : { type: 'file', mode, size: Number(size) },
    name: Buffer.from(name, 'latin1'),
    bytes,
  }
}
