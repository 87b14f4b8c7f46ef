import * as http from 'node:http'
import * as https from 'node:https'
import { isIP } from 'node:net'
import { DeliveryFailure } from '../../channel.ts'
import { type AddressGuard, AddressRefused } from './address-guard.ts'

/** From dialling to the last byte that is read. */
const TIME_OUT_MS = 5_000
/** Of an answer; only its status matters. */
const ANSWER_LIMIT = 16 * 1024

export interface Poster {
  /** Resolves on 2xx. Redirects are not followed: they would lead past the address check and past the signature's audience. */
  post(headers: Readonly<Record<string, string>>, body: string): Promise<void>
  close(): void
}

export function createPoster(url: URL, guard: AddressGuard): Poster {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const secure = url.protocol === 'https:'
  const agent = secure ? new https.Agent({ keepAlive: true }) : new http.Agent({ keepAlive: true })
  const request = secure ? https.request : http.request

  return {
    close: () => agent.destroy(),
    post: (headers, body) =>
      new Promise((resolve, reject) => {
        // `node:net` asks no lookup for a literal address, so it is checked here.
        if (isIP(host) !== 0 && !guard.allows(host))
          return reject(
            new DeliveryFailure('unreachable', `${host} is a private address and not in alerts_allow`),
          )
        const signal = AbortSignal.timeout(TIME_OUT_MS)
        const sending = request(
          url,
          {
            method: 'POST',
            agent,
            lookup: guard.lookup,
            signal,
            headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
          },
          answer => {
            drain(answer)
            const failure = failureOf(answer.statusCode ?? 0, answer.headers['retry-after'])
            if (failure) reject(failure)
            else resolve()
          },
        )
        sending.on('error', error => reject(unreachable(error, signal)))
        sending.end(body)
      }),
  }
}

/** The status has decided; an endless answer is cut off, a short one read so that the connection can be used again. */
function drain(answer: http.IncomingMessage): void {
  let read = 0
  answer.on('data', (chunk: Buffer) => {
    read += chunk.length
    if (read > ANSWER_LIMIT) answer.destroy()
  })
  answer.on('error', () => undefined)
}

function failureOf(status: number, retryAfter: string | undefined): DeliveryFailure | undefined {
  if (status >= 200 && status < 300) return undefined
  const wait =
    retryAfter !== undefined && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) * 1000 : undefined
  const busy = status === 408 || status === 429 || status >= 500
  return new DeliveryFailure(busy ? 'unreachable' : 'refused', `answered ${status}`, wait)
}

function unreachable(error: Error, signal: AbortSignal): DeliveryFailure {
  if (signal.aborted) return new DeliveryFailure('unreachable', `no answer within ${TIME_OUT_MS / 1000} s`)
  if (error instanceof AddressRefused) return new DeliveryFailure('unreachable', error.message)
  const { code } = error as NodeJS.ErrnoException
  return new DeliveryFailure('unreachable', code ?? error.message)
}
