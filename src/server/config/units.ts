export const SIZE = /^(\d{1,9})\s?(B|KiB|MiB|GiB)$/
const FACTOR = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const

/** `16MiB` → 16777216 bytes; undefined when the text has another form. */
export function parseSize(text: string): number | undefined {
  const found = SIZE.exec(text.trim())
  return found ? Number(found[1]) * FACTOR[found[2] as keyof typeof FACTOR] : undefined
}

export interface Address {
  readonly host: string
  readonly port: number
}

export const ADDRESS = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/

/** `127.0.0.1:7070`, `db1.acme.internal:5432`, `[::1]:7070`; undefined when host or port (0 to 65535) is missing. Port 0 takes a free one. */
export function parseAddress(text: string): Address | undefined {
  const found = ADDRESS.exec(text.trim())
  const port = Number(found?.[3])
  const host = found?.[1] ?? found?.[2]
  return host !== undefined && port <= 65_535 ? { host, port } : undefined
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
