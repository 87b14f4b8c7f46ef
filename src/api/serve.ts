import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { Fault } from '../kernel/faults.ts'
import { stripIdentityHeaders } from './identity-headers.ts'

export interface ServeOptions {
  readonly fetch: (request: Request, env: never) => Response | Promise<Response>
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Milliseconds a client has for the headers of a request; the whole request has three times as long. */
  readonly headersMs?: number
}

export interface ApiServer {
  readonly port: number
  readonly server: Server
  /** Stops listening, lets requests finish for `graceMs`, then closes what is left (live views). */
  close(graceMs?: number): Promise<void>
}

/**
 * Listens for the API. A half-open or dawdling client holds one socket for `headersMs` and costs nobody else anything
 * (attack 13). Fault `unavailable` when the address cannot be had.
 */
export async function serveApi({ fetch, host, port, headersMs = 10_000 }: ServeOptions): Promise<ApiServer> {
  const listener = getRequestListener(fetch as Parameters<typeof getRequestListener>[0])
  const server = createServer(
    {
      headersTimeout: headersMs,
      requestTimeout: headersMs * 3,
      connectionsCheckingInterval: Math.min(1_000, headersMs),
      keepAliveTimeout: 5_000,
      maxHeaderSize: 16_384,
      requireHostHeader: true,
      insecureHTTPParser: false,
    },
    (request, response) => {
      stripIdentityHeaders(request)
      void listener(request, response)
    },
  )
  server.maxHeadersCount = 100
  server.maxConnections = 8_192
  // Live views send a heartbeat well within this; whoever reads nothing for so long is gone.
  server.setTimeout(120_000)
  // No route upgrades: the socket is closed at once, whatever follows on it (attack 12).
  server.on('upgrade', (_request, socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', cause =>
      reject(
        new Fault(
          'unavailable',
          `${host}:${port} cannot be listened on (${(cause as NodeJS.ErrnoException).code})`,
          {
            next: 'Stop what uses the port, or set `listen.api` in breakglass.yaml.',
            cause,
          },
        ),
      ),
    )
    server.listen(port, host, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    server,
    close: (graceMs = 2_000) =>
      new Promise(resolve => {
        const cut = setTimeout(() => server.closeAllConnections(), graceMs)
        server.close(() => {
          clearTimeout(cut)
          resolve()
        })
        server.closeIdleConnections()
      }),
  }
}
