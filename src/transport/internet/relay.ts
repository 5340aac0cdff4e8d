/**
 * Links through a third node, for neighbours that cannot reach each other: libp2p's circuit relay, version 2.
 * A link of this transport gives way to one of any other internet transport as soon as there is one.
 */
import { peerIdFromString } from '@libp2p/peer-id'
import { CODE_P2P, type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { TransportFactory } from '../transport.ts'
import type { Carrier } from './carrier.ts'
import { linkFailure } from './failure.ts'
import { RELAYED_BITS_PER_SECOND } from './limits.ts'
import type { InternetOptions } from './options.ts'
import { leaveNames } from './resolve.ts'
import type { CarrierTransport } from './shared-node.ts'
import { InternetTransport } from './transport.ts'

/** The relays are those neighbours of the other transports that have `reach.relayServer`. */
export type RelayOptions = Omit<InternetOptions, 'listen'>

const RELAY: Carrier = {
  name: 'relay',
  form: {
    protocols: /^(ip4|ip6|dns|dns4|dns6)\/(tcp|udp\/quic-v1)\/p2p\/p2p-circuit$/,
    example: '/ip4/192.0.2.7/tcp/4001/p2p/RELAY/p2p-circuit/p2p/PEER',
    namesPeer: true,
  },
  load: circuitRelay,
  // Through the first neighbour that relays.
  listens: [multiaddr('/p2p-circuit')],
  resolve: leaveNames,
  bitsPerSecond: RELAYED_BITS_PER_SECOND,
  isRelayed: true,
}

/** Beside `tcp` or `quic`, over whose links it reaches the relays. */
export function relay(options: RelayOptions = {}): TransportFactory {
  return (components) => new InternetTransport(RELAY, options, components)
}

/** Left to itself libp2p would open a connection to the relay that is no link, and that the relay cuts off. */
async function circuitRelay(): Promise<CarrierTransport> {
  const { circuitRelayTransport } = await import('@libp2p/circuit-relay-v2')
  const create = circuitRelayTransport()
  return (components) => {
    const transport = create(components)
    const dial = transport.dial.bind(transport)
    transport.dial = async (address, options) => {
      const relay = relayOf(address)
      const isLinked = components.connectionManager
        .getConnections(peerIdFromString(relay.id))
        .some(({ status }) => status === 'open')
      if (isLinked) return await dial(address, options)
      throw linkFailure(
        'no_relay',
        `no link to the relay: is ${relay.address} among the peers of its transport, and up?`,
      )
    }
    return transport
  }
}

function relayOf(address: Multiaddr): { readonly id: string; readonly address: string } {
  const id = address.getComponents().find(({ code }) => code === CODE_P2P)?.value ?? ''
  const [first = ''] = address.toString().split('/p2p-circuit')
  return { id, address: first }
}
