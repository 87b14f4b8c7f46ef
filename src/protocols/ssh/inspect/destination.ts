/** Where a forward leads (RFC 4254 §7.2, and direct-streamlocal@openssh.com). */
export type Destination = { readonly host: string; readonly port: number } | { readonly path: string }

/**
 * One way to write a destination, so that two of them can be compared: `host:port` with names in lower case and without a dot at the end,
 * addresses in their shortest form, `[…]` around those of IPv6, IPv4 in IPv6 as IPv4; `unix:/path`. Undefined for what is none: a
 * port out of range, a path that is not absolute, and names with blanks, line ends or NUL. Names are not resolved: `localhost` is
 * not `127.0.0.1`.
 */
export function canonicalDestination(destination: Destination): string | undefined {
  if ('path' in destination) {
    const { path } = destination
    const plain =
      path.startsWith('/') && !/\p{Cc}/u.test(path) && !/(?:^|\/)\.{0,2}(?:\/|$)/.test(path.slice(1))
    return plain ? `unix:${path}` : undefined
  }
  const { port } = destination
  const host = canonicalHost(destination.host)
  return host === undefined || !Number.isInteger(port) || port < 1 || port > 65_535
    ? undefined
    : `${host}:${port}`
}

const LONGEST_NAME = 255

function canonicalHost(host: string): string | undefined {
  if (host === '' || host.length > LONGEST_NAME || /[\s\p{Cc}/@?#%\\*]/u.test(host)) return undefined
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
  if (bare.includes(':')) {
    const written = `http://[${bare}]/`
    if (!URL.canParse(written)) return undefined
    const address = new URL(written).hostname
    return fromMapped(address) ?? address
  }
  const name = bare.replace(/\.$/, '').toLowerCase()
  return name === '' || /[[\]]/.test(name) ? undefined : name
}

/** `[::ffff:7f00:1]` is `127.0.0.1` (RFC 4291 §2.5.5.2). */
function fromMapped(address: string): string | undefined {
  const [, high, low] = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(address) ?? []
  if (high === undefined || low === undefined) return undefined
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)]
  return [a >> 8, a & 255, b >> 8, b & 255].join('.')
}
