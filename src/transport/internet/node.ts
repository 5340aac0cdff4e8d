/** The libp2p node under the internet transports: a connection layer and nothing else of libp2p's services. */
import { noise } from '@chainsafe/libp2p-noise'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { FaultTolerance, type Libp2p, type PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import { Address } from '../../identity/address.ts'
import { DEFAULT_HANDSHAKES } from '../admission.ts'
import type { TransportComponents } from '../transport.ts'
import { boundedYamux } from './bounded-yamux.ts'
import { linkFailure } from './failure.ts'
import { DIAL_TIMEOUT_MS, HANDSHAKE_TIMEOUT_MS, MAX_INBOUND_PER_HOST, SPARE_CONNECTIONS } from './limits.ts'
import { noiseCrypto } from './noise-crypto.ts'
import type { ServiceFactories } from './reach.ts'

export interface NodeOptions {
  readonly transports: NonNullable<Libp2pOptions['transports']>
  readonly listen: readonly Multiaddr[]
  /** Links the node may have; libp2p's own limit stands above it, so that it never chooses which to close. */
  readonly maxLinks: number
  /** Asked for each new inbound connection by its remote address, before it costs anything. */
  readonly accepts: (remote: Multiaddr) => boolean
  readonly services?: ServiceFactories
}

/** A node that has not started: start() listens, and rejects with libp2p's own error. */
export async function createNode(
  { identity, crypto, random, admission }: TransportComponents,
  { transports, listen, maxLinks, accepts, services = {} }: NodeOptions,
): Promise<Libp2p> {
  const handshakes = admission?.handshakes ?? DEFAULT_HANDSHAKES
  const node = await createLibp2p({
    start: false,
    privateKey: await generateKeyPairFromSeed('Ed25519', identity.exportSeed()),
    addresses: { listen: listen.map(String) },
    transports,
    services: { ...services, ownAddresses },
    // What identify tells others; without it libp2p names itself, its version and that of Node.
    nodeInfo: { name: 'hopwire', version: '1', userAgent: 'hopwire' },
    connectionEncrypters: [noise({ crypto: noiseCrypto(crypto, random) })],
    streamMuxers: [boundedYamux()],
    transportManager: { faultTolerance: FaultTolerance.FATAL_ALL },
    connectionGater: { denyInboundConnection: ({ remoteAddr }) => !accepts(remoteAddr) },
    connectionManager: {
      maxConnections: maxLinks + Math.max(SPARE_CONNECTIONS, handshakes),
      maxIncomingPendingConnections: handshakes,
      inboundConnectionThreshold: MAX_INBOUND_PER_HOST,
      inboundUpgradeTimeout: HANDSHAKE_TIMEOUT_MS,
      dialTimeout: DIAL_TIMEOUT_MS,
      addressDialTimeout: DIAL_TIMEOUT_MS,
      reconnectRetries: 0,
    },
    // A link notices by itself that its neighbour is gone; libp2p's probe would cut a slow line that is merely busy.
    connectionMonitor: { enabled: false },
  })
  // libp2p remembers every peer it ever met; strangers would fill the memory with names.
  node.addEventListener('peer:disconnect', ({ detail }) => {
    node.peerStore.delete(detail).catch(() => undefined)
  })
  return node
}

/**
 * libp2p keeps a public address to itself until AutoNAT has confirmed it. Here it is told to others, and shown,
 * from the start: somebody has configured it.
 */
const ownAddresses: ServiceFactories[string] = (components) => {
  const { events, addressManager } = components as unknown as AddressComponents
  events.addEventListener('transport:listening', ({ detail }) => {
    for (const address of detail.getAddrs())
      addressManager.confirmObservedAddr(address, { type: 'transport' })
  })
  return {}
}

interface AddressComponents {
  readonly events: Pick<Libp2p, 'addEventListener'>
  readonly addressManager: {
    confirmObservedAddr(address: Multiaddr, about: { readonly type: 'transport' }): void
  }
}

/** The mesh address of whoever a handshake has authenticated. @throws MeshError unless the key is Ed25519. */
export function addressOf(peer: PeerId): Address {
  if (peer.type === 'Ed25519') return Address.ofPublicKey(peer.publicKey.raw)
  throw linkFailure(
    'unsupported_key',
    `peer ${peer.toString()} has a ${peer.type} key: nodes have Ed25519 keys`,
  )
}
