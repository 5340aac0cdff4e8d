/** A multiaddr of the configuration, taken apart. */
import { type Component, multiaddr } from '@multiformats/multiaddr'

export interface Target {
  /** A name or an IP address. */
  readonly host: string
  /** For names: the IP version that is asked for, 0 for either. */
  readonly family: 0 | 4 | 6
  readonly port: number
  readonly carrier: 'tcp' | 'quic'
  /** Who has to answer there. */
  readonly peerId: string | undefined
  /** Whom the one there leads on to, for an address through a relay. */
  readonly behind: string | undefined
}

const FORM = /^(ip4|ip6|dns|dns4|dns6)\/(tcp|udp\/quic-v1)(\/p2p)?(\/p2p-circuit(\/p2p)?)?$/
const FAMILIES: Readonly<Record<string, 0 | 4 | 6>> = { ip4: 4, dns4: 4, ip6: 6, dns6: 6 }

/** Undefined for what is no address of an internet transport. */
export function parseTarget(text: string): Target | undefined {
  const parts = componentsOf(text)
  if (!FORM.test(parts.map(({ name }) => name).join('/'))) return undefined
  const [host, port] = parts
  const circuit = parts.findIndex(({ name }) => name === 'p2p-circuit')
  const near = circuit === -1 ? parts : parts.slice(0, circuit)
  const idIn = (some: readonly Component[]) => some.find(({ name }) => name === 'p2p')?.value
  return {
    host: host?.value ?? '',
    family: FAMILIES[host?.name ?? ''] ?? 0,
    port: Number(port?.value),
    carrier: port?.name === 'tcp' ? 'tcp' : 'quic',
    peerId: idIn(near),
    behind: circuit === -1 ? undefined : (idIn(parts.slice(circuit)) ?? ''),
  }
}

function componentsOf(text: string): readonly Component[] {
  try {
    return multiaddr(text).getComponents()
  } catch {
    return []
  }
}
