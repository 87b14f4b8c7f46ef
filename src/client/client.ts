import { Fault, FAULTS, type FaultCode } from '../kernel/faults.ts'
import { linesOf } from './lines.ts'
import { type ServerEvent, serverEvents } from './server-events.ts'

export interface ClientOptions {
  /** Origin of the server, such as http://localhost:7070. */
  readonly url: string
  readonly token?: string
  /** Milliseconds until an answer must have begun. */
  readonly timeoutMs?: number
  readonly agent: string
}

/** One method per way of asking. All throw a Fault: the server's own with its next step, or `unavailable` when it cannot be reached. */
export interface Client {
  readonly url: string
  readonly signedIn: boolean
  /** Wall ms by the server's clock, as its last answer told it: clocks of laptops are wrong. */
  now(): number
  get<A>(path: string, query?: Query): Promise<A>
  /** A file as it is. */
  bytes(path: string): Promise<Buffer>
  post<A>(path: string, body?: object): Promise<A>
  put<A>(path: string, body: object): Promise<A>
  delete<A>(path: string): Promise<A>
  /** One value per line (application/x-ndjson), as they arrive. */
  lines(path: string, query?: Query): AsyncGenerator
  /** A body of any length, as it arrives; Fault `unavailable` when it breaks off. */
  download(path: string, query?: Query): AsyncGenerator<Uint8Array>
  /** Server-sent events until the server or the signal ends them. */
  events(path: string, signal: AbortSignal): AsyncGenerator<ServerEvent>
}

type Query = Readonly<Record<string, string | undefined>>

/** Answers are bounded so that a server gone wrong cannot exhaust the terminal's memory. */
const ANSWER_LIMIT = 64 * 1024 * 1024

export function createClient({ url, token, timeoutMs = 30_000, agent }: ClientOptions): Client {
  const origin = url.replace(/\/+$/, '')

  let ahead = 0

  const send = async (
    method: string,
    path: string,
    body: object | undefined,
    accept: string,
    signal?: AbortSignal,
  ): Promise<Response> => {
    const limit = new AbortController()
    const timer = setTimeout(() => limit.abort(), timeoutMs)
    try {
      const response = await fetch(origin + path, {
        method,
        redirect: 'error',
        signal: signal ? AbortSignal.any([limit.signal, signal]) : limit.signal,
        headers: {
          accept,
          'user-agent': agent,
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const told = Date.parse(response.headers.get('date') ?? '')
      // The header has whole seconds: less than that is no difference.
      if (Number.isFinite(told)) ahead = Math.abs(told - Date.now()) < 1_500 ? 0 : told - Date.now()
      if (response.ok) return response
      throw faultOfProblem(response.status, await text(response))
    } catch (error) {
      if (error instanceof Fault || signal?.aborted) throw error
      throw unreachable(
        origin,
        limit.signal.aborted ? `no answer within ${timeoutMs / 1000} s` : causeOf(error),
        error,
      )
    } finally {
      clearTimeout(timer)
    }
  }

  const json = async <A>(method: string, path: string, body?: object): Promise<A> => {
    const answer = await text(await send(method, path, body, 'application/json'))
    try {
      return JSON.parse(answer) as A
    } catch (cause) {
      throw new Fault('unavailable', `What answers at ${origin} is not breakglass.`, {
        next: 'Check BREAKGLASS_URL or --url.',
        cause,
      })
    }
  }

  return {
    url: origin,
    signedIn: token !== undefined,
    now: () => Date.now() + ahead,
    get: (path, query) => json('GET', path + queryOf(query)),
    async bytes(path) {
      const response = await send('GET', path, undefined, 'application/octet-stream')
      bounded(response)
      return Buffer.from(await response.arrayBuffer())
    },
    post: (path, body) => json('POST', path, body),
    put: (path, body) => json('PUT', path, body),
    delete: path => json('DELETE', path),
    async *lines(path, query) {
      const response = await send('GET', path + queryOf(query), undefined, 'application/x-ndjson')
      for await (const line of linesOf(response)) if (line !== '') yield JSON.parse(line) as unknown
    },
    async *download(path, query) {
      const { body } = await send('GET', path + queryOf(query), undefined, '*/*')
      try {
        if (body) yield* body as unknown as AsyncIterable<Uint8Array>
      } catch (error) {
        throw unreachable(origin, `the answer broke off (${causeOf(error)})`, error)
      }
    },
    async *events(path, signal) {
      yield* serverEvents(linesOf(await send('GET', path, undefined, 'text/event-stream', signal)))
    },
  }
}

/** RFC 9457 → Fault. An unknown code (a newer server) keeps its words and its meaning by status. */
export function faultOfProblem(status: number, body: string): Fault {
  let problem: Record<string, unknown> = {}
  try {
    const parsed: unknown = JSON.parse(body)
    if (typeof parsed === 'object' && parsed !== null) problem = parsed as Record<string, unknown>
  } catch {
    // Something between us and the server answered.
  }
  const { code, detail, next, facts } = problem
  if (typeof detail !== 'string') {
    return new Fault('unavailable', `The server answered ${status} without an explanation.`, {
      next: 'Check BREAKGLASS_URL; a proxy may be in between.',
    })
  }
  return new Fault(isFaultCode(code) ? code : codeOfStatus(status), detail, {
    ...(typeof next === 'string' && { next }),
    ...(typeof facts === 'object' && facts !== null && { facts: facts as Record<string, unknown> }),
  })
}

function isFaultCode(code: unknown): code is FaultCode {
  return typeof code === 'string' && Object.hasOwn(FAULTS, code)
}

function codeOfStatus(status: number): FaultCode {
  if (status === 401) return 'identity.unauthenticated'
  if (status === 404) return 'not_found'
  if (status >= 500) return 'unavailable'
  return status === 403 ? 'forbidden' : 'input.invalid'
}

function unreachable(origin: string, why: string, cause: unknown): Fault {
  return new Fault('unavailable', `${origin} cannot be reached: ${why}.`, {
    next: 'Check that `breakglass start` runs there, and BREAKGLASS_URL or --url.',
    cause,
  })
}

/** fetch hides the reason in `cause`, sometimes two levels down. */
function causeOf(error: unknown): string {
  let deepest = error
  while (deepest instanceof Error && deepest.cause !== undefined) deepest = deepest.cause
  if (deepest instanceof AggregateError && deepest.errors.length > 0) deepest = deepest.errors[0]
  if (!(deepest instanceof Error)) return String(deepest)
  return (deepest as NodeJS.ErrnoException).code ?? deepest.message
}

function queryOf(query: Query = {}): string {
  const given = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined)
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`
}

async function text(response: Response): Promise<string> {
  bounded(response)
  return response.text()
}

function bounded(response: Response): void {
  const length = Number(response.headers.get('content-length') ?? 0)
  if (length > ANSWER_LIMIT)
    throw new Fault('input.too_large', 'The answer is too large.', { next: 'Ask for less.' })
}
