import type { IncomingMessage } from 'node:http'

/** Headers in which proxies tell who somebody is or where they come from. Here only a token does the first, the socket the second. */
const SPOOFABLE =
  /^(x-forwarded-|x-real-ip$|forwarded$|true-client-ip$|cf-connecting-ip$|remote-|x-remote-|x-auth-|x-webauth-|x-authenticated-|x-user|x-email|x-groups|x-breakglass-|x-ssl-client-|ssl-client-|x-client-|impersonate-|x-original-|x-rewrite-|x-http-method)/i

/** Takes them out before anything sees the request (attack 10), on plain requests and on upgrades alike. */
export function stripIdentityHeaders(request: IncomingMessage): void {
  const { rawHeaders } = request
  for (let at = rawHeaders.length - 2; at >= 0; at -= 2) {
    const name = rawHeaders[at]
    // An underscore reads as a hyphen in CGI-like gateways; no header of ours has one.
    if (name === undefined || (!SPOOFABLE.test(name) && !name.includes('_'))) continue
    rawHeaders.splice(at, 2)
    delete request.headers[name.toLowerCase()]
  }
}
