import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Fault } from '../../kernel/faults.ts'
import { LONGEST_REQUEST, SIZE_TYPE } from '../../ledger/witness/add-checkpoint.ts'
import type { Witness, WitnessAnswer } from '../../ledger/witness/witness.ts'
import type { LogLine } from '../log-line.ts'
import type { WitnessMetrics } from './witness-metrics.ts'

export interface ServeWitnessOptions {
  readonly witness: Witness
  readonly metrics: WitnessMetrics
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly log: LogLine
  /** Milliseconds a client has for a whole request. */
  readonly requestMs?: number
}

export interface WitnessServer {
  readonly port: number
  close(): Promise<void>
}

const TEXT = 'text/plain; charset=utf-8'

/**
 * Listens for c2sp.org/tlog-witness. Bodies are bounded and a dawdling client holds one socket for `requestMs` (attack 13).
 * Fault `unavailable` when the address cannot be had.
 */
export async function serveWitness(options: ServeWitnessOptions): Promise<WitnessServer> {
  const { witness, host, port, log, requestMs = 10_000 } = options
  const server = createServer(
    {
      headersTimeout: requestMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: Math.min(1_000, requestMs),
      keepAliveTimeout: 120_000,
      maxHeaderSize: 16_384,
      requireHostHeader: true,
    },
    (request, response) => {
      route(options, request, response).catch((error: unknown) => {
        if (request.destroyed && !request.complete) return
        log('error', 'cosigned nothing', { error: error instanceof Error ? error.message : String(error) })
        send(response, 500, 'the witness cannot remember and therefore cosigns nothing\n')
      })
    },
  )
  server.maxHeadersCount = 50
  server.maxConnections = 1_024
  server.on('upgrade', (_request, socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', cause => {
      const code = (cause as NodeJS.ErrnoException).code ?? 'error'
      reject(
        new Fault('unavailable', `${host}:${port} cannot be listened on (${code}).`, {
          next: 'Stop what uses the port, or give another with --listen.',
          cause,
        }),
      )
    })
    server.listen(port, host, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const cut = setTimeout(() => server.closeAllConnections(), 1_000)
      await new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeIdleConnections()
      })
      clearTimeout(cut)
      await witness.close()
    },
  }
}

async function route(
  { witness, metrics, log }: ServeWitnessOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url ?? ''
  if (request.method === 'GET' && path === '/metrics')
    return send(response, 200, await metrics.text(witness.heads()), metrics.type)
  if (request.method === 'GET' && path === '/') return send(response, 200, about(witness))
  if (path !== '/add-checkpoint')
    return send(response, 404, 'there is POST /add-checkpoint, GET / and GET /metrics\n')
  if (request.method !== 'POST') return send(response, 405, 'POST a checkpoint\n', TEXT, { allow: 'POST' })

  const began = performance.now()
  const body = await bodyOf(request)
  if (body === undefined)
    return send(response, 413, `a request has at most ${LONGEST_REQUEST} bytes\n`, TEXT, {
      connection: 'close',
    })
  const answer = await witness.add(body)
  const { status, origin, size, suspicious = false } = answer
  metrics.answered(status, suspicious)
  log(suspicious ? 'error' : 'info', suspicious ? 'THE LOG CONTRADICTS ITSELF' : 'add-checkpoint', {
    status,
    ...(origin !== undefined && { origin, size }),
    // Signed by the log: proof of what it did (tlog-witness lets a witness keep it).
    ...(suspicious && { request: body }),
    ms: Math.round((performance.now() - began) * 10) / 10,
  })
  send(response, status, answer.body, typeOf(answer))
}

function typeOf({ status }: WitnessAnswer): string {
  return status === 409 ? SIZE_TYPE : TEXT
}

function send(
  response: ServerResponse,
  status: number,
  body: string,
  type: string = TEXT,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...headers,
  })
  response.end(body)
}

/** Undefined when it is longer than any request, which is known before all of it has been read. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > LONGEST_REQUEST) return undefined
  const chunks: Buffer[] = []
  let length = 0
  return new Promise((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= LONGEST_REQUEST) chunks.push(chunk)
      else resolve(undefined)
    })
    request.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
    request.on('error', reject)
    request.on('close', () => reject(new Error('the client went away')))
  })
}

function about(witness: Witness): string {
  const heads = witness.heads().map(({ origin, size }) => `${size} ${origin}\n`)
  return `A witness of transparency logs (c2sp.org/tlog-witness).\n\n${witness.vkey}\n\n${heads.join('')}`
}
