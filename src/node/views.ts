/** What a node shows of itself: copies of its counters and tables, made when somebody asks. */
import type { Address } from '../identity/address.ts'
import { type HealthCheck, type HealthReport, overallStatus } from '../observability/health.ts'
import type {
  EnvelopeCount,
  KnownAddressView,
  MetricsSnapshot,
  PathView,
  StatusView,
} from '../observability/snapshot.ts'
import { metricToMs } from '../routing/metric.ts'
import type { PathRequestCounters } from '../routing/path-requests.ts'
import type { PathInfo } from '../routing/path-table.ts'
import type { RadioFigures } from '../transport/radio-figures.ts'
import type { Link, Transport } from '../transport/transport.ts'
import { capabilityNames } from '../wire/announce.ts'
import type { NodeCore } from './node-core.ts'
import { OUTBOX_MESSAGES } from './outbox.ts'
import { VERSION } from './version.ts'

/** Paths listed on the status page and by default elsewhere. */
const SHOWN_PATHS = 1000
/** A store this full will soon refuse. */
const NEARLY_FULL = 0.9

export function health(core: NodeCore): HealthReport {
  const checks = { transport: transportCheck(core), routing: routingCheck(core), store: storeCheck(core) }
  return {
    status: overallStatus(checks, core.draining),
    checks,
    address: core.parts.identity.address.toString(),
    version: VERSION,
    uptimeSeconds: uptimeSeconds(core),
  }
}

function transportCheck(core: NodeCore): HealthCheck {
  const links = neighbourLinks(core).length
  const targets = core.transports.transports.flatMap((transport) => transport.targets)
  const missing = targets.filter(({ state }) => state !== 'connected')
  const figures = { links, peers: targets.length, peersConnected: targets.length - missing.length }
  const problems = core.transports.transports.flatMap(({ problem }) => problem ?? [])
  if (problems.length > 0) return { status: 'degraded', detail: problems.join('; '), ...figures }
  if (core.transports.transports.length === 0) {
    return { status: 'degraded', detail: 'no transport is enabled', ...figures }
  }
  const first = missing[0]
  if (first === undefined) return { status: 'healthy', detail: `${count(links, 'link')} up`, ...figures }
  const why = first.lastError === undefined ? first.state : `${first.state}: ${first.lastError}`
  const others = missing.length > 1 ? ` and ${missing.length - 1} more` : ''
  return { status: 'degraded', detail: `not connected to ${first.address}${others} (${why})`, ...figures }
}

function routingCheck(core: NodeCore): HealthCheck {
  const { size, capacity } = core.router.paths
  const figures = { paths: size, capacity }
  if (size >= capacity) return { status: 'degraded', detail: 'the path table is full', ...figures }
  return { status: 'healthy', detail: `${count(size, 'destination')} known`, ...figures }
}

function storeCheck(core: NodeCore): HealthCheck {
  const { max_messages, max_bytes } = core.parts.config.store
  const { messages, bytes } = core.parts.store.stats()
  const figures = { messages, bytes }
  const failed = core.counters.dropped.get('store_failed') ?? 0
  if (failed > 0) {
    return { status: 'degraded', detail: `${count(failed, 'message')} could not be written`, ...figures }
  }
  if (messages >= max_messages * NEARLY_FULL || bytes >= max_bytes * NEARLY_FULL) {
    return { status: 'degraded', detail: 'the store is nearly full', ...figures }
  }
  return { status: 'healthy', detail: `${count(messages, 'message')} kept`, ...figures }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

export function metricsSnapshot(core: NodeCore): MetricsSnapshot {
  const { counters, router, parts } = core
  const { store, config } = parts
  const stats = store.stats()
  const dropped = [...counters.dropped].map(
    ([reason, total]): EnvelopeCount => ({ action: 'dropped', reason, count: total }),
  )
  return {
    build: { version: VERSION, crypto: parts.crypto.name },
    uptimeSeconds: uptimeSeconds(core),
    transports: core.transports.transports.map((transport) => transportSnapshot(core, transport)),
    radios: radios(core),
    routing: {
      paths: router.paths.size,
      capacity: router.paths.capacity,
      ...router.counters,
      ...router.forwarding.counters,
      detours: { ...router.forwarding.detours.counters },
      pinnedWays: router.forwarding.detours.pins,
      requests: requestCounts(router.requests.counters),
    },
    envelopes: [
      { action: 'delivered', reason: '', count: counters.delivered },
      { action: 'forwarded', reason: '', count: counters.forwarded },
      { action: 'stored', reason: '', count: counters.stored },
      ...dropped,
    ],
    store: {
      messages: stats.messages,
      bytes: stats.bytes,
      maxMessages: config.store.max_messages,
      maxBytes: config.store.max_bytes,
      stored: stats.stored,
      delivered: stats.removed,
      expired: stats.expired,
    },
    crypto: {
      operations: { sign: counters.signatures, verify: counters.verifications },
      failures: onlySeen({ bad_signature: counters.dropped.get('bad_signature') }),
    },
    replays: counters.replays,
    rateLimited: Object.fromEntries(counters.rateLimited),
    outbox: { waiting: core.outbox.size, capacity: OUTBOX_MESSAGES },
    seen: { entries: router.seen.size, capacity: router.seen.capacity },
  }
}

/** Only what has happened: a metric is left out until it is known. */
function requestCounts({ asked, answered, passedOn, limited, notFound }: PathRequestCounters) {
  const counts = { asked, answered, passed_on: passedOn, limited, not_found: notFound }
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
}

function onlySeen(counts: Record<string, number | undefined>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(counts).filter((entry): entry is [string, number] => entry[1] !== undefined),
  )
}

function transportSnapshot(core: NodeCore, transport: Transport): MetricsSnapshot['transports'][number] {
  const links = [...core.transports.links].filter((link) => link.transport === transport.name)
  const { framesSent, framesReceived, bytesSent, bytesReceived, errors } = transport.counters
  return {
    name: transport.name,
    links: links.filter(leadsToOne).length,
    framesSent,
    framesReceived,
    bytesSent,
    bytesReceived,
    errors: Object.fromEntries(errors),
    queuedBytes: links.reduce((sum, link) => sum + link.queuedBytes, 0),
  }
}

export function statusView(core: NodeCore): StatusView {
  return {
    name: core.parts.config.node.name,
    address: core.parts.identity.address.toString(),
    listen: core.transports.listenAddresses,
    reach: core.transports.reach,
    neighbours: neighbourLinks(core).map((link) => ({
      address: link.neighbour?.toString(),
      transport: link.transport,
      remote: link.remote,
      direction: link.direction,
      latencyMs: link.latencyMs,
      loss: link.loss,
      queuedBytes: link.queuedBytes,
    })),
    addresses: knownAddresses(core),
    paths: pathViews(core, SHOWN_PATHS),
    pathCount: core.router.paths.size,
  }
}

/** Without those by which a radio speaks to everybody: they are up with nobody in reach. */
function neighbourLinks({ transports }: NodeCore): Link[] {
  return [...transports.links].filter(leadsToOne)
}

function leadsToOne({ profile }: Link): boolean {
  return !profile.broadcast
}

function radios({ transports }: NodeCore): RadioFigures[] {
  return transports.transports.flatMap(({ radio }) => radio ?? [])
}

function knownAddresses({ parts: { addresses, clock } }: NodeCore): KnownAddressView[] {
  const now = clock.now()
  return addresses.all.map(({ linkedAt, ...known }) => ({
    ...known,
    linkedSecondsAgo: linkedAt === undefined ? undefined : Math.max(0, Math.round((now - linkedAt) / 1000)),
  }))
}

/** The best paths first, at most `limit`. */
function pathViews(core: NodeCore, limit: number): PathView[] {
  const rows = [...core.router.paths.rows()].map((row) => core.router.paths.info(row))
  rows.sort((a, b) => a.metric - b.metric)
  return rows.slice(0, limit).map((info) => pathView(core, info))
}

function pathView(core: NodeCore, info: PathInfo<Link>): PathView {
  const now = core.parts.clock.monotonic()
  return {
    destination: info.destination.toString(),
    nextHop: info.link === undefined ? 'unreachable' : nameOf(info.link),
    transport: info.link?.transport ?? '',
    hops: info.hops,
    metricMs: metricToMs(info.metric),
    ageSeconds: Math.round((now - info.learnedAt) / 1000),
    expiresInSeconds: Math.round((info.expiresAt - now) / 1000),
    capabilities: capabilityNames(info.capabilities),
    reason: info.why,
    alternates: info.alternates.map(({ link, hops, metric }) => ({
      nextHop: nameOf(link),
      transport: link.transport,
      hops,
      metricMs: metricToMs(metric),
    })),
  }
}

function nameOf(link: Link): string {
  return link.neighbour?.toString() ?? link.remote
}

/** The path to one destination, for people; undefined where it is not known. */
export function pathViewOf(core: NodeCore, destination: Address): PathView | undefined {
  const info = core.router.pathTo(destination)
  return info === undefined ? undefined : pathView(core, info)
}

function uptimeSeconds(core: NodeCore): number {
  return core.startedAt === undefined ? 0 : (core.parts.clock.monotonic() - core.startedAt) / 1000
}
