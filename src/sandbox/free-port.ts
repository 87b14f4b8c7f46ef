import { createServer } from 'node:net'

/** A port of 127.0.0.1 that was free a moment ago; whoever starts a server on it tries again when it was taken. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

/** The documented port when it is free, so that the links look as the documentation says; otherwise any. */
export async function preferred(port: number): Promise<number> {
  const free = await new Promise<boolean>(done => {
    const probe = createServer()
    probe.once('error', () => done(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)))
  })
  return free ? port : freePort()
}
