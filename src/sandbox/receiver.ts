import { createServer } from 'node:http'
import { Webhook } from 'standardwebhooks'

export interface ReceivedAlert {
  readonly id: string
  readonly type: string
  readonly grant?: string
  readonly text: string
  /** Wall ms of arrival. */
  readonly at: number
}

export interface Receiver {
  readonly url: string
  readonly received: readonly ReceivedAlert[]
  close(): Promise<void>
}

/** Plays the security team's end: takes alerts only with a good signature, keeps them in order of arrival. */
export async function startReceiver(secret: string): Promise<Receiver> {
  const webhook = new Webhook(secret)
  const received: ReceivedAlert[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      try {
        const body = Buffer.concat(chunks).toString()
        const headers = request.headers as Record<string, string>
        const alert = webhook.verify(body, headers) as Omit<ReceivedAlert, 'at'>
        if (!received.some(({ id }) => id === alert.id)) received.push({ ...alert, at: Date.now() })
        response.writeHead(204).end()
      } catch {
        response.writeHead(401).end()
      }
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}/alerts`,
    received,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
