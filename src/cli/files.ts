import { readFileSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { Fault } from '../kernel/faults.ts'

/** The whole file. Fault `input.invalid` that names the option which gave it. */
export function readGiven(option: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new Fault('input.invalid', `${option}: ${file} cannot be read (${codeOf(cause)}).`, {
      next: 'Give the path of an existing file.',
      cause,
    })
  }
}

/** Replaces the file. Fault `input.invalid` when it cannot be written. */
export function writeWished(option: string, file: string, bytes: Uint8Array | string): void {
  try {
    writeFileSync(file, bytes)
  } catch (cause) {
    throw new Fault('input.invalid', `${option}: ${file} cannot be written (${codeOf(cause)}).`, {
      next: 'Give a path in a folder that exists and is yours.',
      cause,
    })
  }
}

/** Lines to a file that is not there yet, readable by its owner alone; resolves with its bytes. Fault `input.invalid`. */
export async function writeNew(option: string, file: string, lines: AsyncIterable<string>): Promise<number> {
  const handle = await open(file, 'wx', 0o600).catch((cause: unknown) => {
    throw new Fault('input.invalid', `${option}: ${file} cannot be written (${codeOf(cause)}).`, {
      next: 'Give a path that is free, in a folder that is yours.',
      cause,
    })
  })
  try {
    let bytes = 0
    for await (const line of lines) bytes += (await handle.write(`${line}\n`)).bytesWritten
    return bytes
  } finally {
    await handle.close()
  }
}

/** The index of an entry as somebody typed it. Fault `input.invalid`. */
export function entryIndex(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new Fault('input.invalid', `${JSON.stringify(text)} is no index.`, {
    next: 'Give the number of an entry, from 0.',
  })
}

function codeOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code ?? 'error'
}
