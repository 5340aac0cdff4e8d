import { Child } from './child.ts'
import { isOffline, peerVersion } from './fixtures/peer-packages.ts'
import { MESSAGE_BYTES, type PeerCommands } from './fixtures/peer-stream.ts'
import { atLeast, atMost, type Bench, type Row, row } from './report.ts'
import { alternate, quantile, ratios } from './stats.ts'

/** As many as fit into one Noise message, which is what a saturated link writes. */
const PER_WRITE = Math.floor((65_519 - 12) / MESSAGE_BYTES)

interface Peer {
  readonly name: string
  readonly fixture: string
  /** What it needs beyond the dependencies of this package. */
  readonly packages: readonly string[]
  /** About a second's worth each: written in batches, and one by one. */
  readonly batched: number
  readonly single: number
}

const HOPWIRE: Peer = {
  name: 'hopwire',
  fixture: 'peer-hopwire',
  packages: [],
  batched: 800_000,
  single: 800_000,
}
const OTHERS: readonly Peer[] = [
  { name: 'libp2p', fixture: 'peer-libp2p', packages: [], batched: 800_000, single: 40_000 },
  { name: 'iroh', fixture: 'peer-iroh', packages: ['@number0/iroh'], batched: 40_000, single: 10_000 },
  {
    name: 'hyperswarm',
    fixture: 'peer-hyperswarm',
    packages: ['hyperswarm', 'hyperdht'],
    batched: 100_000,
    single: 100_000,
  },
]
const QUICK_SHARE = 1 / 20

interface Figures {
  readonly batched: number[]
  readonly single: number[]
  readonly p50: number[]
  readonly p99: number[]
  readonly connect: number[]
}

export const peers: Bench = {
  name: 'peers',
  title: 'The same work on libp2p, iroh and hyperswarm',
  async run({ quick, profile }) {
    const others = OTHERS.filter(canRun)
    const absent = OTHERS.filter((peer) => !canRun(peer))
    const figures = await measureAll([HOPWIRE, ...others], quick, profile)
    const own = figures.get(HOPWIRE) as Figures
    const versions = others.flatMap(({ packages }) => packages.map((name) => `${name} ${peerVersion(name)}`))
    return {
      workload:
        'Messages of 300 bytes over one long-lived, encrypted stream between two processes: as fast as it goes, then ' +
        'there and back one at a time. Connect is from making a new endpoint, in a process that has done so before, ' +
        'to the first message there and back. hopwire is its TCP transport, without routing and signatures.',
      against: 'the same work on the libraries themselves, all of it on the loopback interface.',
      rows: [
        ...others.flatMap((peer) => compared(own, peer, figures.get(peer) as Figures)),
        ...[HOPWIRE, ...others].flatMap((peer) => absolute(peer, figures.get(peer) as Figures)),
      ],
      notes: [
        `Each message takes ${MESSAGE_BYTES} bytes with its length; the others only count bytes at the other end, hopwire ` +
          `cuts frames. Batched, ${PER_WRITE} messages are one write, prepared beforehand. hopwire batches by itself. The ratio ` +
          'is to the faster of the two ways.',
        'libp2p: TCP, Noise on libsodium, yamux. iroh: QUIC, its arrays of numbers prepared beforehand as well, no relays, ' +
          'no discovery. hyperswarm: joinPeer() on a DHT of four nodes, told that it can be reached from outside.',
        ...(versions.length > 0 ? [`Versions: ${versions.join(', ')}.`] : []),
        ...(absent.length > 0 ? [absence(absent)] : []),
      ],
    }
  },
}

function canRun({ packages }: Peer): boolean {
  return packages.every((name) => peerVersion(name) !== undefined && isOffline())
}

function absence(absent: readonly Peer[]): string {
  const names = absent.map(({ name }) => name).join(' and ')
  const packages = absent.flatMap((peer) => peer.packages)
  const reason = packages.every((name) => peerVersion(name) !== undefined)
    ? 'they run only where there is no network but loopback'
    : `HOPWIRE_PEERS names no folder with ${packages.join(', ')}`
  return `Left out: ${names}, because ${reason}. docs/benchmarks.md tells how to have them in.`
}

async function measureAll(
  measured: readonly Peer[],
  quick: boolean,
  profile: string | undefined,
): Promise<Map<Peer, Figures>> {
  await using pairs = new AsyncDisposableStack()
  const figures = new Map<Peer, Figures>()
  const rounds: Record<string, () => Promise<number>> = {}
  for (const peer of measured) {
    const pair = pairs.use(await Pair.start(peer, profile))
    const all: Figures = { batched: [], single: [], p50: [], p99: [], connect: [] }
    figures.set(peer, all)
    rounds[peer.name] = () => pair.measure(quick ? QUICK_SHARE : 1, all)
    await pair.measure(QUICK_SHARE, { batched: [], single: [], p50: [], p99: [], connect: [] })
  }
  await alternate(quick ? 2 : 7, rounds)
  return figures
}

/** Two processes of one library. */
class Pair implements AsyncDisposable {
  readonly #peer: Peer
  readonly #from: Child<PeerCommands>
  readonly #to: Child<PeerCommands>
  #address = ''

  static async start(peer: Peer, profile: string | undefined): Promise<Pair> {
    const pair = new Pair(peer, profile)
    pair.#address = await pair.#to.call('listen')
    return pair
  }

  private constructor(peer: Peer, profile: string | undefined) {
    this.#peer = peer
    this.#from = new Child(peer.fixture, { name: `${peer.name}-from`, profile })
    this.#to = new Child(peer.fixture, { name: `${peer.name}-to`, profile })
  }

  /** One round. @returns messages a second. */
  async measure(share: number, into: Figures): Promise<number> {
    const { batched, single } = this.#peer
    into.connect.push(await this.#from.call('connect', this.#address))
    const times = await this.#from.call('ping', Math.ceil(2000 * share))
    into.p50.push(quantile(times, 0.5))
    into.p99.push(quantile(times, 0.99))
    into.single.push(await this.#carry(Math.ceil(single * share), 1))
    const rate = await this.#carry(Math.ceil((batched * share) / PER_WRITE) * PER_WRITE, PER_WRITE)
    into.batched.push(rate)
    return rate
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#from[Symbol.asyncDispose](), this.#to[Symbol.asyncDispose]()])
  }

  async #carry(messages: number, perWrite: number): Promise<number> {
    await this.#to.call('expect', messages)
    await this.#from.call('send', { messages, perWrite })
    return await this.#to.call('received')
  }
}

function compared(own: Figures, { name }: Peer, theirs: Figures): Row[] {
  const isRival = name !== 'libp2p'
  const best = theirs.batched.map((rate, round) => Math.max(rate, theirs.single[round] as number))
  const ahead = isRival ? atLeast(1) : undefined
  const below = isRival ? atMost(1) : undefined
  return [
    row(`hopwire against ${name}: message rate`, 'ratio', ratios(own.batched, best), ahead),
    row(`hopwire against ${name}: round trip, p50`, 'ratio', ratios(own.p50, theirs.p50), below),
    row(`hopwire against ${name}: round trip, p99`, 'ratio', ratios(own.p99, theirs.p99), below),
    row(`hopwire against ${name}: connect`, 'ratio', ratios(own.connect, theirs.connect)),
  ]
}

function absolute({ name }: Peer, { batched, single, p50, p99, connect }: Figures): Row[] {
  return [
    row(`${name}: batched`, 'messages/s', batched),
    row(`${name}: one in a write`, 'messages/s', single),
    row(`${name}: round trip, p50`, 'ms', p50),
    row(`${name}: round trip, p99`, 'ms', p99),
    row(`${name}: connect`, 'ms', connect),
  ]
}
