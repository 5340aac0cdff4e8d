/**
 * What a node shows of itself. The parts keep plain counters; the node copies them into these shapes when
 * somebody asks, and not before. Everything here survives `JSON.stringify`.
 */
import type { RadioFigures } from '../transport/radio-figures.ts'
import type { AddressReach } from '../transport/transport.ts'

/** Counts by reason, kind or operation: a short word in snake case. A word that never came up is absent. */
export type Counts = Readonly<Record<string, number>>

/** All figures of one moment. Counts run from the start of the node; they never go down. */
export interface MetricsSnapshot {
  readonly build: BuildSnapshot
  readonly uptimeSeconds: number
  readonly transports: readonly TransportSnapshot[]
  /** Empty on a node without radios. */
  readonly radios: readonly RadioFigures[]
  readonly routing: RoutingSnapshot
  readonly envelopes: readonly EnvelopeCount[]
  /** Absent on a node that keeps nothing for others. */
  readonly store?: StoreSnapshot
  readonly crypto: CryptoSnapshot
  /** Frames refused because they had been seen before. */
  readonly replays: number
  /** Refusals by what was limited: `frames`, `announces`, `bytes`. */
  readonly rateLimited: Counts
  readonly outbox: OutboxSnapshot
  readonly seen: SeenSnapshot
}

export interface BuildSnapshot {
  readonly version: string
  /** The name of the crypto provider that runs. */
  readonly crypto: string
}

export interface TransportSnapshot {
  readonly name: string
  /** Links that are up now. */
  readonly links: number
  readonly framesSent: number
  readonly framesReceived: number
  readonly bytesSent: number
  readonly bytesReceived: number
  readonly errors: Counts
  /** Bytes that all links together have accepted and not sent. */
  readonly queuedBytes: number
}

export interface RoutingSnapshot {
  /** Paths in the table, alternates included, and the most it may hold. */
  readonly paths: number
  readonly capacity: number
  readonly lookups: number
  readonly misses: number
  readonly announcesAccepted: number
  readonly announcesPropagated: number
  /** Announces that went to no neighbour who was known to have them. */
  readonly announcesSuppressed: number
  /** Paths that an alternate took over when their link was lost. */
  readonly alternatesUsed: number
  /** Destinations that lost their only path. */
  readonly pathsLost: number
  /** Path requests by what was done: `asked`, `answered`, `passed_on`, `limited`, `not_found`. */
  readonly requests: Counts
  /** Messages that the paths lost, by what was done: `spread`, `limited`, `pinned`. */
  readonly detours: Counts
  /** Ways between two nodes that receipts have shown to work, in use beside the path table. */
  readonly pinnedWays: number
}

export type EnvelopeAction = 'delivered' | 'forwarded' | 'stored' | 'dropped'

export interface EnvelopeCount {
  readonly action: EnvelopeAction
  /** Why; empty where the action says it all. */
  readonly reason: string
  readonly count: number
}

export interface StoreSnapshot {
  readonly messages: number
  /** Frame bytes, without what the medium adds. */
  readonly bytes: number
  readonly maxMessages: number
  readonly maxBytes: number
  readonly stored: number
  /** Handed over, so that custody ended. */
  readonly delivered: number
  readonly expired: number
}

export interface CryptoSnapshot {
  /** Calls by operation: `sign`, `verify` and so on. */
  readonly operations: Counts
  readonly failures: Counts
}

/** This node's own messages that wait for a path, a link or a receipt. */
export interface OutboxSnapshot {
  readonly waiting: number
  readonly capacity: number
}

/** The memory by which duplicates are known. */
export interface SeenSnapshot {
  readonly entries: number
  readonly capacity: number
}

/** What the status page and `hopwire status` show beyond the figures. Text of neighbours is untrusted. */
export interface StatusView {
  readonly name: string
  readonly address: string
  readonly listen: readonly string[]
  /** Whether others can reach this node there, as neighbours have tried; empty where nobody is asked. */
  readonly reach: readonly AddressReach[]
  readonly neighbours: readonly NeighbourView[]
  /** Where neighbours are known to be reached, linked or not; the best of each first. */
  readonly addresses: readonly KnownAddressView[]
  /** The best first; it may be cut short. */
  readonly paths: readonly PathView[]
  /** All paths there are, shown or not. */
  readonly pathCount: number
}

export interface NeighbourView {
  /** Absent where no handshake has told who is at the other end. */
  readonly address?: string | undefined
  readonly transport: string
  readonly remote: string
  readonly direction: 'inbound' | 'outbound'
  readonly latencyMs: number
  /** Share of packets that are lost and sent again, 0 to 1; absent on links that do not measure it. */
  readonly loss?: number | undefined
  readonly queuedBytes: number
}

/** Nodes that there is a link to, each once however many links there are to it. */
export function neighbourCount(links: readonly NeighbourView[]): number {
  return new Set(links.flatMap(({ address }) => address ?? [])).size
}

export interface KnownAddressView {
  readonly neighbour: string
  readonly transport: string
  readonly address: string
  /** Who says so: `configured`, `found`, `learnt` or `seen`. */
  readonly source: string
  /** How long ago a link came to be there; absent where none has. */
  readonly linkedSecondsAgo?: number | undefined
  /** Calls in vain since. */
  readonly failures: number
}

export interface PathView {
  readonly destination: string
  readonly nextHop: string
  readonly transport: string
  readonly hops: number
  /** Expected transit time of a 200-byte frame, losses counted. */
  readonly metricMs: number
  readonly ageSeconds: number
  readonly expiresInSeconds: number
  readonly capabilities: readonly string[]
  /** Why this path is the one in use. */
  readonly reason: string
  /** What would take over if it were lost, the best first. */
  readonly alternates: readonly AlternateView[]
}

export interface AlternateView {
  readonly nextHop: string
  readonly transport: string
  readonly hops: number
  readonly metricMs: number
}
