/** Lines longer than this are in no bundle: an entry has 32 KiB at most, a payload 256 KiB. Bytes. */
const LONGEST = 300 * 1024

/** A file of lines is not one: a line has no end, or is longer than any of ours. */
export class LineRefusal extends Error {
  override readonly name = 'LineRefusal'
}

/** The lines of a file as it is read, without their ends. Whatever follows the last end is refused. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let from = 0
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, from)) {
      yield bytes.subarray(from, end)
      from = end + 1
    }
    rest = bytes.subarray(from)
    if (rest.length > LONGEST) throw new LineRefusal('a line is longer than any of a bundle')
  }
  if (rest.length > 0) throw new LineRefusal('the last line has no end')
}

const INDEX = /^(0|[1-9]\d{0,15})$/

export function entryLine(index: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${index} `), bytes, Buffer.of(10)])
}

export interface EntryLine {
  readonly index: number
  readonly bytes: Buffer
}

/** Undefined when the line is not an index, a space and something. */
export function parseEntryLine(line: Buffer): EntryLine | undefined {
  const space = line.indexOf(32)
  const index = line.toString('latin1', 0, Math.max(space, 0))
  if (!INDEX.test(index) || !Number.isSafeInteger(Number(index)) || space + 1 === line.length)
    return undefined
  return { index: Number(index), bytes: line.subarray(space + 1) }
}

/**
 * What a bundle says of something sealed. `open`: the salt and the JCS text that the leaf's commitment stands for. `erased`:
 * the key, by name, was destroyed. `withheld`: it exists and is about somebody else.
 */
export type PayloadLine =
  | { readonly index: number; readonly state: 'open'; readonly salt: Buffer; readonly text: Buffer }
  | { readonly index: number; readonly state: 'erased'; readonly key: string }
  | { readonly index: number; readonly state: 'withheld' }

/** `INDEX open SALT-HEX TEXT`, `INDEX erased KEY` or `INDEX withheld`: a shell reads it as well as a program. */
export function payloadLine(line: PayloadLine): Buffer {
  if (line.state === 'withheld') return Buffer.from(`${line.index} withheld\n`)
  if (line.state === 'erased') return Buffer.from(`${line.index} erased ${line.key}\n`)
  return Buffer.concat([
    Buffer.from(`${line.index} open ${line.salt.toString('hex')} `),
    line.text,
    Buffer.of(10),
  ])
}

const PAYLOAD = /^(\d{1,16}) (?:(withheld)|erased ([a-z]+\/[A-Za-z0-9_~-]{1,100})|open ([0-9a-f]{64}) )/

export function parsePayloadLine(line: Buffer): PayloadLine | undefined {
  const head = PAYLOAD.exec(line.toString('latin1', 0, 160))
  if (head === null || !INDEX.test(head[1] ?? '') || !Number.isSafeInteger(Number(head[1]))) return undefined
  const index = Number(head[1])
  const whole = head[0].length === line.length
  if (head[2] !== undefined) return whole ? { index, state: 'withheld' } : undefined
  if (head[3] !== undefined) return whole ? { index, state: 'erased', key: head[3] } : undefined
  const text = line.subarray(head[0].length)
  if (text.length === 0) return undefined
  return { index, state: 'open', salt: Buffer.from(head[4] ?? '', 'hex'), text }
}
