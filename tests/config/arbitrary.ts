import fc from 'fast-check'
import type { Config, LoraConfig } from '../../src/config/config.ts'

const printable = (maxLength: number, minLength = 0): fc.Arbitrary<string> =>
  fc
    .string({
      unit: fc.oneof(fc.string({ minLength: 1, maxLength: 1 }), fc.constantFrom('é', '"', '\\', '😀')),
      minLength,
      maxLength,
    })
    .filter((text) => text.length <= maxLength)
const word = fc.stringMatching(/^[a-z0-9:.]{1,12}$/)
const PEER_ID = '12D3KooWRBYgny2rBn6pHymjR9NexgHNWMUzJGvTMnXi4muEzLR7'
const host = fc.oneof(
  fc.ipV4().map((ip) => `/ip4/${ip}`),
  fc.ipV6().map((ip) => `/ip6/${ip}`),
  fc.domain().map((name) => `/dns4/${name}`),
)
const portNumber = fc.integer({ min: 1, max: 65_535 })
const named = fc.constantFrom('', `/p2p/${PEER_ID}`)
const tcpAddress = fc.tuple(host, portNumber, named).map(([at, tcp, peer]) => `${at}/tcp/${tcp}${peer}`)
const quicAddress = fc
  .tuple(host, portNumber, named)
  .map(([at, udp, peer]) => `${at}/udp/${udp}/quic-v1${peer}`)
const relayedAddress = fc
  .tuple(host, portNumber)
  .map(([at, tcp]) => `${at}/tcp/${tcp}/p2p/${PEER_ID}/p2p-circuit/p2p/${PEER_ID}`)
const some = (address: fc.Arbitrary<string>): fc.Arbitrary<string[]> => fc.array(address, { maxLength: 4 })
const nodes = fc.array(fc.stringMatching(/^([0-9a-fA-F]{32}){1,2}$/), { maxLength: 4 })
const whole = (min: number, max: number): fc.Arbitrary<number> =>
  fc.oneof(
    fc.integer({ min, max: Math.min(max, min + 3) }),
    fc.maxSafeInteger().map((n) => min + (Math.abs(n) % (max - min + 1))),
  )

const internet = {
  enabled: fc.boolean(),
  max_links: whole(1, 65_536),
  queue_bytes: whole(131_072, 2 ** 30),
}

/** Channels that are legal with up to 7 dBm into a dipole. */
const channel: fc.Arbitrary<Pick<LoraConfig, 'region' | 'frequency_hz' | 'bandwidth_hz'>> = fc.oneof(
  fc.record({
    region: fc.constant('EU868' as const),
    frequency_hz: fc.oneof(whole(868_062_500, 868_537_500), whole(869_762_500, 869_937_500)),
    bandwidth_hz: fc.constantFrom(7_800, 41_700, 62_500, 125_000),
  }),
  fc.record({
    region: fc.constant('EU433' as const),
    frequency_hz: whole(433_300_000, 434_540_000),
    bandwidth_hz: fc.constantFrom(125_000, 250_000, 500_000),
  }),
  fc.record({
    region: fc.constant('US915' as const),
    frequency_hz: whole(902_250_000, 927_750_000),
    bandwidth_hz: fc.constantFrom(125_000, 250_000, 500_000),
  }),
)

const port = fc.oneof(
  fc.stringMatching(/^\/dev\/[!-~]{1,20}$/),
  fc.integer({ min: 1, max: 99 }).map((n) => `COM${n}`),
  fc.integer({ min: 1, max: 65_535 }).map((n) => `tcp://127.0.0.1:${n}`),
)

const radio: fc.Arbitrary<LoraConfig> = fc
  .tuple(
    channel,
    fc.record({
      port,
      enabled: fc.boolean(),
      driver: fc.constant('rnode' as const),
      spreading_factor: whole(5, 12),
      coding_rate: whole(5, 8),
      tx_power_dbm: whole(0, 7),
      antenna_gain_dbi: fc.double({ min: -20, max: 2.15, noNaN: true }).map((gain) => gain + 0),
      duty_cycle: fc.constantFrom('legal' as const, 'lifted' as const),
      network_key_file: printable(40),
      network_key: fc.constant(''), // it is not printed
    }),
  )
  .map(([channel, rest]) => ({ ...rest, ...channel }))

/** Any configuration that is valid, written apart from the schema so that neither can excuse the other. */
export const validConfig: fc.Arbitrary<Config> = fc
  .record({
    preset: fc.constantFrom('none', 'constrained', 'relay', 'gateway'),
    node: fc.record({
      name: printable(64),
      data_dir: printable(40, 1),
      capabilities: fc.shuffledSubarray(['relay', 'store', 'gateway', 'constrained'] as const),
      shutdown_s: whole(1, 3600),
    }),
    identity: fc.record({ key_file: printable(200, 1), succession_days: whole(1, 3650) }),
    transport: fc.record({
      tcp: fc.record({ ...internet, listen: some(tcpAddress), peers: some(tcpAddress) }),
      quic: fc.record({ ...internet, listen: some(quicAddress), peers: some(quicAddress) }),
      relay: fc.record({ ...internet, peers: some(relayedAddress) }),
      lora: fc.uniqueArray(radio, { maxLength: 3, selector: ({ port }) => port }),
      admission: fc.record({
        allow: nodes,
        deny: nodes,
        connections_per_network: whole(1, 65_536),
        connects_per_s: whole(1, 10_000),
        handshakes: whole(4, 65_536),
      }),
      discovery: fc.record({
        mdns: fc.boolean(),
        relay: fc.constant(false), // it sets another key
        relay_server: fc.boolean(),
        hole_punching: fc.boolean(),
        nat_detection: fc.boolean(),
        upnp: fc.boolean(),
      }),
    }),
    announce: fc.record({
      interval_s: whole(1, 86_400),
      max_age_s: whole(2, 604_800),
      max_hops: whole(1, 128),
    }),
    routing: fc.record({ max_paths: whole(16, 2 ** 24), seen_messages: whole(1024, 2 ** 24) }),
    store: fc.record({
      kind: fc.constantFrom('sqlite', 'memory'),
      path: printable(200, 1),
      max_messages: whole(1, 100_000_000),
      max_bytes: whole(131_072, 2 ** 40),
      max_messages_per_source: whole(1, 100_000_000),
      max_ttl_s: whole(1, 31_536_000),
    }),
    crypto: fc.record({ provider: fc.constantFrom('auto', 'sodium', 'noble') }),
    rate_limit: fc.record({
      frames_per_s: whole(1, 10_000_000),
      bytes_per_s: whole(131_072, 2 ** 34),
      announces_per_s: whole(1, 1_000_000),
      garbage_per_s: whole(1, 1_000_000),
      burst_s: whole(1, 60),
    }),
    blocklist: fc.record({ file: printable(200) }),
    http: fc.record({
      enabled: fc.boolean(),
      listen: fc
        .tuple(
          fc.constantFrom('127.0.0.1', '[::1]', 'localhost', '[fe80::1:2]', 'a-b.example'),
          whole(0, 65_535),
        )
        .map(([host, port]) => `${host}:${port}`),
    }),
    control: fc.record({ socket: word }),
    logging: fc.record({
      level: fc.constantFrom('trace', 'debug', 'info', 'warn', 'error', 'silent'),
      format: fc.constantFrom('text', 'json'),
    }),
  })
  .filter(({ announce }) => announce.max_age_s >= 2 * announce.interval_s)
  .filter(({ transport: { tcp, quic, relay } }) => !relay.enabled || tcp.enabled || quic.enabled)
  .filter(({ transport: { relay, discovery } }) => !discovery.hole_punching || relay.enabled)
  .map((config) => structuredClone(config)) // some records come without a prototype
