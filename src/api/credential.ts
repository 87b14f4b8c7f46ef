import { Fault } from '../kernel/faults.ts'

/** How the caller showed who they are. A cookie travels by itself, so it counts only for requests from our own pages. */
export type Credential =
  | { readonly kind: 'bearer'; readonly secret: string }
  | { readonly kind: 'cookie'; readonly secret: string }

export const COOKIE = 'breakglass'
const TOKEN = /^bgt_[A-Za-z0-9_-]{16,256}$/

/**
 * The token in the request. A bearer header decides alone, even when it is wrong: nothing falls through from one
 * credential to another (attack 2). Fault `identity.unauthenticated` when there is none of the right form.
 */
export function credentialOf(headers: Headers): Credential {
  const authorization = headers.get('authorization')
  if (authorization !== null) {
    const found = /^Bearer +(\S+)$/i.exec(authorization)?.[1]
    if (found !== undefined && TOKEN.test(found)) return { kind: 'bearer', secret: found }
    throw unauthenticated('The authorization header is not a bearer token of breakglass.')
  }
  const cookies = (headers.get('cookie') ?? '').split(';').map(part => part.trim())
  const ours = cookies
    .filter(part => part.startsWith(`${COOKIE}=`))
    .map(part => part.slice(COOKIE.length + 1))
  const [secret] = ours
  // Two of them mean that somebody planted one from a neighbouring host: none is believed.
  if (secret !== undefined && ours.length === 1 && TOKEN.test(secret)) return { kind: 'cookie', secret }
  throw unauthenticated('You are not signed in.')
}

/**
 * Refuses what a foreign page made the browser send (RFC 6454; Fetch metadata). `origins`: ours. Reading needs no Origin,
 * but a browser that says the request is cross-site is believed.
 */
export function checkSameOrigin(method: string, headers: Headers, origins: readonly string[]): void {
  const site = headers.get('sec-fetch-site')
  if (site !== null && site !== 'same-origin' && site !== 'none') throw foreign()
  if (method === 'GET' || method === 'HEAD') return
  const origin = headers.get('origin')
  if (origin === null || !origins.includes(origin)) throw foreign()
}

function unauthenticated(message: string): Fault {
  return new Fault('identity.unauthenticated', message, {
    next: 'Sign in: `breakglass login`, or open /sign-in in the browser.',
  })
}

function foreign(): Fault {
  return new Fault('forbidden', 'This request comes from another site.', {
    next: 'Open the page of breakglass itself and try again.',
  })
}
