import { COOKIE } from '../credential.ts'

/**
 * The session cookie. Strict: links from chat and mail arrive signed out and the page's own calls are signed in. Without
 * Secure only where browsers themselves call plain HTTP trustworthy.
 */
export function sessionCookie(secret: string, maxAgeMs: number, origin: string): string {
  const local = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:|$)/.test(origin)
  const age = Math.floor(maxAgeMs / 1000)
  return `${COOKIE}=${secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${age}${local ? '' : '; Secure'}`
}

export function endedCookie(origin: string): string {
  return sessionCookie('', 0, origin)
}
