import { isIP } from 'node:net'

/**
 * Whether sshd takes this for a `source-address` of a certificate: an address, or a range whose bits behind the prefix are all zero
 * (it refuses the login when they are not).
 */
export function isSourceAddress(text: string): boolean {
  const [address = '', prefix, ...more] = text.split('/')
  const version = isIP(address)
  // A zone (`fe80::1%eth0`) means something on one machine only.
  if (version === 0 || address.includes('%') || more.length > 0) return false
  if (prefix === undefined) return true
  const bits = version === 4 ? bitsOf4(address) : bitsOf6(address)
  if (!/^(0|[1-9]\d{0,2})$/.test(prefix) || Number(prefix) > bits.length) return false
  return !bits.slice(Number(prefix)).includes('1')
}

function bitsOf4(address: string): string {
  return address
    .split('.')
    .map(part => Number(part).toString(2).padStart(8, '0'))
    .join('')
}

/** RFC 4291 §2.2, an embedded IPv4 address included. */
function bitsOf6(address: string): string {
  const [head = '', tail] = address.split('::')
  const before = groups(head)
  const after = tail === undefined ? '' : groups(tail)
  return before + '0'.repeat(128 - before.length - after.length) + after
}

function groups(text: string): string {
  if (text === '') return ''
  return text
    .split(':')
    .map(part =>
      part.includes('.') ? bitsOf4(part) : Number.parseInt(part, 16).toString(2).padStart(16, '0'),
    )
    .join('')
}
