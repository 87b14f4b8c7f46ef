import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Heard {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Receiver {
  readonly url: string
  readonly port: number
  /** Every request, in order of arrival. */
  readonly heard: readonly Heard[]
  /** How it answers from now on; 204 unless told otherwise. */
  answer(how: (request: IncomingMessage, response: ServerResponse, heard: Heard) => void): void
  close(): Promise<void>
}

/** A real HTTP server on 127.0.0.1 that keeps what it is sent. */
export async function startReceiver(port = 0): Promise<Receiver> {
  const heard: Heard[] = []
  let how: Parameters<Receiver['answer']>[0] = (_, response) => response.writeHead(204).end()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const one = { headers: request.headers, body: Buffer.concat(chunks).toString() }
      heard.push(one)
      how(request, response, one)
    })
  })
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  const address = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${address.port}/hook`,
    port: address.port,
    heard,
    answer: next => {
      how = next
    },
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
