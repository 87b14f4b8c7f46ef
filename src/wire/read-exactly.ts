import type { Duplex } from 'node:stream'

/**
 * The next `length` bytes of a stream that nobody else reads, or undefined when it ends, fails or is destroyed first.
 * What follows stays in the stream, where back-pressure bounds it, so a TLS upgrade or a later reader finds it there.
 */
export async function readExactly(stream: Duplex, length: number): Promise<Buffer | undefined> {
  const parts: Buffer[] = []
  for (let needed = length; needed > 0; ) {
    // Taking what is there, never asking for more: a stream with too few bytes would call itself readable without end.
    const available = Math.min(needed, stream.readableLength)
    if (available > 0) {
      parts.push(stream.read(available) as Buffer)
      needed -= available
      continue
    }
    if (stream.destroyed || stream.readableEnded || !stream.readable) return undefined
    await readableOrOver(stream)
  }
  return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)
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
