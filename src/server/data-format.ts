import { canonicalJson } from '../kernel/canonical-json.ts'
import { Fault } from '../kernel/faults.ts'
import { nodeDisk } from '../store/file/node-disk.ts'

/** The file in the data directory that says how the rest of it is to be read. */
export const FORMAT_FILE = 'format'
const CURRENT = 1

/** A log that goes on from one of another origin: entries below `size` were written, and their payloads sealed, under `origin`. */
export interface FormerOrigin {
  readonly log: string
  readonly origin: string
  readonly size: number
}

export interface DataFormat {
  readonly v: number
  /** Part of the origins since a restore began new ones; absent: the organisation's first. */
  readonly name?: string
  /** With `name`: the first key of each log since then, which its entry 0 does not name. */
  readonly keys?: Readonly<Record<string, string>>
  /** Oldest first. */
  readonly former: readonly FormerOrigin[]
}

export function encodeFormat({ v, name, keys, former }: DataFormat): Buffer {
  const fields = {
    v,
    ...(name !== undefined && { name }),
    ...(keys !== undefined && { keys }),
    former: former.map(one => ({ ...one })),
  }
  return Buffer.from(`${canonicalJson(fields)}\n`)
}

/** Undefined when the bytes are no format; one of a later version has only its number. */
export function decodeFormat(bytes: Buffer): DataFormat | undefined {
  try {
    const found = JSON.parse(bytes.toString('utf8')) as DataFormat
    if (Number.isSafeInteger(found.v) && found.v > CURRENT) return { v: found.v, former: [] }
    return found.v === CURRENT && encodeFormat(found).equals(bytes) ? found : undefined
  } catch {
    return undefined
  }
}

/**
 * How the data is to be read; data of before the number counts as 1. Faults: `config.invalid` when a later version wrote it (there
 * is no way back), `ledger.damaged` when the file is not whole.
 */
export async function readFormat(data: string): Promise<DataFormat> {
  const bytes = await nodeDisk(data).read(FORMAT_FILE)
  if (bytes === undefined) return { v: CURRENT, former: [] }
  const format = decodeFormat(bytes)
  if (format === undefined) {
    throw new Fault('ledger.damaged', `The file ${FORMAT_FILE} in ${data} cannot be read.`, {
      next: 'Bring it back from a backup: it says under which names the logs are signed.',
      facts: { file: FORMAT_FILE },
    })
  }
  if (format.v > CURRENT) {
    throw new Fault(
      'config.invalid',
      `The data in ${data} has format ${format.v}; this version reads ${CURRENT}.`,
      {
        next: 'Start the version that wrote it, or a later one: formats only go forward.',
        facts: { format: format.v },
      },
    )
  }
  return format
}

/** Durable; nothing happens when it says the same already. */
export async function writeFormat(data: string, format: DataFormat): Promise<void> {
  const disk = nodeDisk(data)
  const bytes = encodeFormat(format)
  if ((await disk.read(FORMAT_FILE))?.equals(bytes) === true) return
  await disk.replace(FORMAT_FILE, bytes)
}
