import { lookup, type LookupAddress } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

const FORBIDDEN = new BlockList()
for (const range of [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/96',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
  // Ways to write an IPv4 address as IPv6: NAT64, 6to4, Teredo.
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '2002::/16',
  '2001::/32',
])
  add(FORBIDDEN, range)

export interface AddressGuard {
  /** Whether an IP address may be dialled. */
  allows(address: string): boolean
  /** Resolves names for `node:http`: the address that was checked is the one that is dialled (no DNS rebinding). */
  readonly lookup: LookupFunction
}

export class AddressRefused extends Error {
  override readonly name = 'AddressRefused'
}

/** Private, loopback, link-local and multicast addresses are refused unless `allow` lists them, singly or as `10.1.0.0/16`. */
export function addressGuard(allow: readonly string[]): AddressGuard {
  const allowed = new BlockList()
  for (const range of allow) add(allowed, range)
  const allows = (address: string): boolean => {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    return isIP(address) !== 0 && (allowed.check(address, family) || !FORBIDDEN.check(address, family))
  }
  return {
    allows,
    lookup(hostname, options, callback) {
      lookup(hostname, { ...options, all: true }, (error, addresses) => {
        if (error) return callback(error, [])
        const refused = addresses.find(({ address }) => !allows(address))
        const first: LookupAddress | undefined = addresses[0]
        if (refused)
          return callback(
            new AddressRefused(`${hostname} leads to ${refused.address}, which is not allowed`),
            [],
          )
        if (!first) return callback(new AddressRefused(`${hostname} leads nowhere`), [])
        if (options.all === true) callback(null, addresses)
        else callback(null, first.address, first.family)
      })
    },
  }
}

function add(list: BlockList, range: string): void {
  const [address = '', bits] = range.split('/')
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
  if (bits === undefined) list.addAddress(address, family)
  else list.addSubnet(address, Number(bits), family)
}
