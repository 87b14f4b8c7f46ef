import type { Duplex } from 'node:stream'

/**
 * The next `length` bytes of a stream that nobody else reads, or undefined when it ends, fails or is destroyed first.
 * What follows stays in the stream, where back-pressure bounds it, so a TLS upgrade or a later reader finds it there.
 */
export async function readExactly(stream: Duplex, length: number): Promise<Buffer | undefined> {
  if (length === 0) return Buffer.alloc(0)
  for (;;) {
    const bytes = stream.read(length) as Buffer | null
    if (bytes !== null) return bytes.length === length ? bytes : undefined
    if (stream.destroyed || stream.readableEnded || !stream.readable) return undefined
    await readableOrOver(stream)
  }
}

function readableOrOver(stream: Duplex): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      for (const name of ['readable', 'end', 'close', 'error']) stream.removeListener(name, done)
      resolve()
    }
    for (const name of ['readable', 'end', 'close', 'error']) stream.on(name, done)
  })
}
