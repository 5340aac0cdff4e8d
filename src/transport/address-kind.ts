/** What an IP address says about who can reach it. */
import { BlockList, isIPv6 } from 'node:net'

export type AddressKind = 'loopback' | 'link-local' | 'private' | 'carrier NAT' | 'public'

/**
 * RFC 1918, RFC 4193 (private); RFC 6598 (carrier NAT); RFC 3927, RFC 4291 (link-local). Those for examples
 * and measurements (RFC 5737, RFC 3849, RFC 2544) are as private as the others.
 */
const RANGES: readonly (readonly [AddressKind, network: string, prefix: number])[] = [
  ['loopback', '127.0.0.0', 8],
  ['loopback', '::1', 128],
  ['link-local', '169.254.0.0', 16],
  ['link-local', 'fe80::', 10],
  ['private', '10.0.0.0', 8],
  ['private', '172.16.0.0', 12],
  ['private', '192.168.0.0', 16],
  ['private', 'fc00::', 7],
  ['private', '192.0.2.0', 24],
  ['private', '198.51.100.0', 24],
  ['private', '203.0.113.0', 24],
  ['private', '198.18.0.0', 15],
  ['private', '2001:db8::', 32],
  ['carrier NAT', '100.64.0.0', 10],
]

const LISTS = RANGES.map(([kind, network, prefix]) => {
  const list = new BlockList()
  list.addSubnet(network, prefix, familyOf(network))
  return { kind, list }
})

/** @param address IPv4 or IPv6, as the system writes it. */
export function addressKind(address: string): AddressKind {
  const found = LISTS.find(({ list }) => list.check(address, familyOf(address)))
  return found?.kind ?? 'public'
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4'
}
