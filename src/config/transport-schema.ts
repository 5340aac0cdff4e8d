/** The part of the schema that says how a node reaches others. */
import { flag, list, table, whole } from './kinds.ts'
import { LORA } from './lora-schema.ts'
import { type Carrier, canDial, canListen, EXAMPLES } from './multiaddrs.ts'

const PEERS = 'Nodes to stay connected to. One that ends in /p2p/PEER_ID is accepted with that identity only.'

function listenOn(carrier: 'tcp' | 'quic', addresses: readonly string[], protocol: string) {
  return list(
    { one: EXAMPLES[carrier], many: 'multiaddrs', fits: (text) => canListen(carrier, text) },
    {
      default: addresses,
      max: 32,
      doc: `Where to accept links. ${protocol} port 0 takes any free port; an empty list accepts none.`,
    },
  )
}

function peers(carrier: Carrier, doc: string) {
  return list(
    { one: EXAMPLES[carrier], many: 'multiaddrs', fits: (text) => canDial(carrier, text) },
    { default: [], max: 1024, doc },
  )
}

function maxLinks(links: number) {
  return whole({
    default: links,
    min: 1,
    max: 65_536,
    unit: 'links',
    doc: 'How many links may be open at once, both directions together.',
  })
}

const QUEUE_BYTES = whole({
  default: 4_194_304,
  min: 131_072, // the largest frame, 65,680 bytes, and one more behind it
  max: 1_073_741_824,
  unit: 'bytes',
  doc: 'How much may wait on one link that cannot send as fast as it is given.',
})

const nodes = {
  one: 'an address of 32 hexadecimal digits or a public key of 64',
  many: 'addresses and public keys',
  fits: (text: string) => /^([0-9a-f]{32}){1,2}$/i.test(text),
}

function nodeList(doc: string) {
  return list(nodes, { default: [], max: 4096, doc, reload: true })
}

export const TRANSPORT = table('How the node reaches others.', {
  tcp: table('Links over TCP.', {
    enabled: flag({ default: true, doc: 'Whether the node uses TCP at all.' }),
    listen: listenOn('tcp', ['/ip4/0.0.0.0/tcp/4330', '/ip6/::/tcp/4330'], 'TCP'),
    peers: peers('tcp', PEERS),
    max_links: maxLinks(1024),
    queue_bytes: QUEUE_BYTES,
  }),

  quic: table('Links over QUIC, beside TCP or instead of it.', {
    enabled: flag({
      default: false,
      doc:
        'Whether the node uses QUIC at all. It needs native code: where that is missing the node goes on with its ' +
        'other transports, and its health says so.',
    }),
    listen: listenOn('quic', ['/ip4/0.0.0.0/udp/4330/quic-v1', '/ip6/::/udp/4330/quic-v1'], 'UDP'),
    peers: peers('quic', PEERS),
    max_links: maxLinks(1024),
    queue_bytes: QUEUE_BYTES,
  }),

  relay: table('Links through a third node, for nodes that cannot reach each other.', {
    enabled: flag({
      default: false,
      doc:
        'Whether the node may be called through a neighbour that relays (discovery.relay_server there), and calls ' +
        'others so. A direct link takes the place of such a one as soon as there is one.',
    }),
    peers: peers(
      'relay',
      'Nodes to stay connected to through a relay, which has to be a peer of tcp or quic as well: ' +
        '/ip4/192.0.2.1/tcp/4330/p2p/RELAY_ID/p2p-circuit/p2p/PEER_ID.',
    ),
    max_links: maxLinks(128),
    queue_bytes: QUEUE_BYTES,
  }),

  lora: LORA,

  admission: table('Who may have a link, and how many may ask for one at once.', {
    allow: nodeList(
      'The nodes that may have a link, by address or public key: all others may not. An empty list allows everybody.',
    ),
    deny: nodeList(
      'Nodes that may have no link, whatever allow says. Their messages still come over others: see blocklist.',
    ),
    connections_per_network: whole({
      default: 256,
      min: 1,
      max: 65_536,
      unit: 'connections',
      doc:
        'How many connections may come from one network, a /24 of IPv4 or a /64 of IPv6, at once. This machine ' +
        'itself is not limited unless the number is another than the default; so for the next two.',
      reload: true,
    }),
    connects_per_s: whole({
      default: 50,
      min: 1,
      max: 10_000,
      unit: 'connections per second',
      doc: 'How many new connections may come from one network in the long run; four times as many at once.',
      reload: true,
    }),
    handshakes: whole({
      default: 128,
      min: 4,
      max: 65_536,
      unit: 'connections',
      doc:
        'How many connections of one transport may be in their handshake at once, a quarter of them from one ' +
        'network. Each may hold 2 MiB of memory at worst.',
    }),
  }),

  discovery: table('How the node finds and reaches others beyond its peers. Everything is off unless set.', {
    mdns: flag({
      default: false,
      doc: 'Whether to find other nodes on the local network, and be found there, by multicast DNS (UDP port 5353).',
    }),
    relay: flag({
      default: false,
      doc: 'The same as transport.relay.enabled: true in one of them is enough.',
    }),
    relay_server: flag({
      default: false,
      doc:
        'Whether neighbours that cannot reach each other may connect through this node: up to 128 of them, and up ' +
        'to 64 MiB and 30 minutes for each connection.',
    }),
    hole_punching: flag({
      default: false,
      doc:
        'Whether to try for a direct connection where there is a relayed one (DCUtR). The two ends tell each other ' +
        'their addresses.',
    }),
    nat_detection: flag({
      default: false,
      doc:
        'Whether neighbours are asked to try if this node can be reached from outside (AutoNAT), and helped to find ' +
        'out the same.',
    }),
    upnp: flag({
      default: false,
      doc: 'Whether to ask the router of the local network to pass calls from outside on to this node (UPnP).',
    }),
  }),
})
