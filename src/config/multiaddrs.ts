/** The forms of addresses that the transports of the internet take, told without loading one of them. */
import { isIPv4, isIPv6 } from 'node:net'

export type Carrier = 'tcp' | 'quic' | 'relay'

const LONGEST = 512
// Base58 of an Ed25519 or secp256k1 key (1…), or of the hash of another one (Qm…).
const PEER_ID = /^[1Q][1-9A-HJ-NP-Za-km-z]{40,58}$/

const HOSTS: Readonly<Record<string, (host: string) => boolean>> = {
  ip4: isIPv4,
  ip6: (host) => isIPv6(host) && !host.includes('%'),
  dns: isName,
  dns4: isName,
  dns6: isName,
}

/** What an address of the carrier is called, with an example, for `expected …`. */
export const EXAMPLES: Readonly<Record<Carrier, string>> = {
  tcp: 'a TCP multiaddr such as /ip4/192.0.2.1/tcp/4330',
  quic: 'a QUIC multiaddr such as /ip4/192.0.2.1/udp/4330/quic-v1',
  relay: 'a multiaddr such as /ip4/192.0.2.1/tcp/4330/p2p/RELAY_ID/p2p-circuit/p2p/PEER_ID',
}

/** Whether a node can listen there: like a peer's address, and its port may be 0. */
export function canListen(carrier: Carrier, text: string): boolean {
  return carrier === carrierOf(text)
}

/** Whether a node can be called there. */
export function canDial(carrier: Carrier, text: string): boolean {
  return carrier === carrierOf(text) && text.split('/')[4] !== '0'
}

/** Undefined for what is no address of these transports. */
function carrierOf(text: string): Carrier | undefined {
  if (text.length > LONGEST) return undefined
  const [start, kind = '', host = '', protocol, port = '', ...rest] = text.split('/')
  if (start !== '' || !Object.hasOwn(HOSTS, kind) || HOSTS[kind]?.(host) !== true) return undefined
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) return undefined
  if (protocol === 'udp' ? rest.shift() !== 'quic-v1' : protocol !== 'tcp') return undefined
  if (isNode(rest)) return protocol === 'udp' ? 'quic' : 'tcp'
  const isRelayed = rest.length === 5 && rest[2] === 'p2p-circuit'
  return isRelayed && isNode(rest.slice(0, 2)) && isNode(rest.slice(3)) ? 'relay' : undefined
}

/** `p2p`, PEER_ID, or nothing at all. */
function isNode(parts: readonly string[]): boolean {
  return parts.length === 0 || (parts.length === 2 && parts[0] === 'p2p' && PEER_ID.test(parts[1] ?? ''))
}

function isName(host: string): boolean {
  return /^[a-z0-9_]([a-z0-9._-]{0,251}[a-z0-9_])?\.?$/i.test(host)
}
