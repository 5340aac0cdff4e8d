/** Every metric there is, as data: the exporter, docs/metrics.md and the dashboard are all held to it. */
import { type MetricSpec, metric, type Sample } from './metric-spec.ts'
import type { ProcessFigures } from './process-probe.ts'
import { RADIO_METRICS } from './radio-metrics.ts'
import type { Counts, MetricsSnapshot, TransportSnapshot } from './snapshot.ts'

/** A metric without labels. */
function plain(
  type: MetricSpec['type'],
  name: string,
  help: string,
  value: (node: MetricsSnapshot) => number | undefined,
): MetricSpec {
  return metric(type, name, [], help, ({ node }) => [[value(node)]])
}

function perTransport(
  type: MetricSpec['type'],
  name: string,
  help: string,
  value: (transport: TransportSnapshot) => number,
): MetricSpec {
  return metric(type, name, ['transport'], help, ({ node }) => node.transports.map((t) => [value(t), t.name]))
}

function ofProcess(
  type: MetricSpec['type'],
  name: string,
  help: string,
  value: (figures: ProcessFigures) => number | undefined,
): MetricSpec {
  return metric(type, name, [], help, ({ process }) => [[value(process)]])
}

function byWord(counts: Counts): Sample[] {
  return Object.entries(counts).map(([word, count]) => [count, word])
}

/** What is bounded has its bound beside it, under the same name with `_capacity`. */
export const METRICS: readonly MetricSpec[] = [
  metric(
    'gauge',
    'hopwire_build_info',
    ['version', 'crypto'],
    'Always 1. Its labels say which release runs, on which crypto provider.',
    ({ node }) => [[1, node.build.version, node.build.crypto]],
  ),
  plain('gauge', 'hopwire_uptime_seconds', 'Time since the node started.', (n) => n.uptimeSeconds),

  perTransport('gauge', 'hopwire_links', 'Links that are up.', (t) => t.links),
  perTransport(
    'counter',
    'hopwire_transport_frames_sent_total',
    'Frames that left, announces and link control included.',
    (t) => t.framesSent,
  ),
  perTransport(
    'counter',
    'hopwire_transport_frames_received_total',
    'Whole frames that arrived, before any check.',
    (t) => t.framesReceived,
  ),
  perTransport(
    'counter',
    'hopwire_transport_bytes_sent_total',
    'Bytes of the frames that left.',
    (t) => t.bytesSent,
  ),
  perTransport(
    'counter',
    'hopwire_transport_bytes_received_total',
    'Bytes of the frames that arrived.',
    (t) => t.bytesReceived,
  ),
  metric(
    'counter',
    'hopwire_transport_errors_total',
    ['transport', 'reason'],
    'Failures of links and dials, and refusals.',
    ({ node }) =>
      node.transports.flatMap((t) =>
        Object.entries(t.errors).map(([reason, count]): Sample => [count, t.name, reason]),
      ),
  ),
  perTransport(
    'gauge',
    'hopwire_transport_queued_bytes',
    'Bytes accepted by the links of a transport that have not left.',
    (t) => t.queuedBytes,
  ),
  ...RADIO_METRICS,

  plain(
    'gauge',
    'hopwire_routes',
    'Destinations in the path table, with a path or without.',
    (n) => n.routing.paths,
  ),
  plain(
    'gauge',
    'hopwire_routes_capacity',
    'Destinations the path table may hold.',
    (n) => n.routing.capacity,
  ),
  plain('counter', 'hopwire_route_lookups_total', 'Searches for a path.', (n) => n.routing.lookups),
  plain('counter', 'hopwire_route_misses_total', 'Searches that found no path.', (n) => n.routing.misses),
  plain(
    'counter',
    'hopwire_announces_accepted_total',
    'Announces that were valid and newer than what was known.',
    (n) => n.routing.announcesAccepted,
  ),
  plain(
    'counter',
    'hopwire_announces_propagated_total',
    'Announces of others passed on to neighbours.',
    (n) => n.routing.announcesPropagated,
  ),
  plain(
    'counter',
    'hopwire_announces_suppressed_total',
    'Announces not passed on to a neighbour that had them already.',
    (n) => n.routing.announcesSuppressed,
  ),
  plain(
    'counter',
    'hopwire_alternates_used_total',
    'Paths that an alternate took over when their link was lost.',
    (n) => n.routing.alternatesUsed,
  ),
  plain(
    'counter',
    'hopwire_routes_lost_total',
    'Destinations that lost their only path.',
    (n) => n.routing.pathsLost,
  ),
  metric(
    'counter',
    'hopwire_path_requests_total',
    ['action'],
    'Path requests by what was done: asked, answered, passed on, limited, or found nothing.',
    ({ node }) => Object.entries(node.routing.requests).map(([action, count]) => [count, action]),
  ),
  metric(
    'counter',
    'hopwire_detours_total',
    ['action'],
    'Messages that the paths had lost: spread over all links, not spread for being too many, or their way pinned.',
    ({ node }) => Object.entries(node.routing.detours).map(([action, count]) => [count, action]),
  ),
  plain(
    'gauge',
    'hopwire_pinned_ways',
    'Ways between two nodes that are used beside the path table, since a receipt came by them.',
    (n) => n.routing.pinnedWays,
  ),

  metric(
    'counter',
    'hopwire_envelopes_total',
    ['action', 'reason'],
    'Envelopes by what became of them here: delivered, forwarded, stored or dropped, and why.',
    ({ node }) => node.envelopes.map((e) => [e.count, e.action, e.reason]),
  ),
  plain(
    'counter',
    'hopwire_replays_total',
    'Frames refused because they had been seen before.',
    (n) => n.replays,
  ),
  metric(
    'counter',
    'hopwire_rate_limited_total',
    ['kind'],
    'Refusals because a neighbour went over its limit.',
    ({ node }) => byWord(node.rateLimited),
  ),
  plain(
    'gauge',
    'hopwire_outbox_messages',
    'Own messages that wait for a path, a link or a receipt.',
    (n) => n.outbox.waiting,
  ),
  plain('gauge', 'hopwire_outbox_messages_capacity', 'Own messages that may wait.', (n) => n.outbox.capacity),
  plain(
    'gauge',
    'hopwire_seen_entries',
    'Fingerprints by which duplicates are known.',
    (n) => n.seen.entries,
  ),
  plain(
    'gauge',
    'hopwire_seen_entries_capacity',
    'Fingerprints that are kept at most.',
    (n) => n.seen.capacity,
  ),

  plain('gauge', 'hopwire_store_messages', 'Messages in custody.', (n) => n.store?.messages),
  plain(
    'gauge',
    'hopwire_store_messages_capacity',
    'Messages the store may hold.',
    (n) => n.store?.maxMessages,
  ),
  plain('gauge', 'hopwire_store_bytes', 'Frame bytes in custody.', (n) => n.store?.bytes),
  plain('gauge', 'hopwire_store_bytes_capacity', 'Frame bytes the store may hold.', (n) => n.store?.maxBytes),
  plain('counter', 'hopwire_store_stored_total', 'Messages taken into custody.', (n) => n.store?.stored),
  plain(
    'counter',
    'hopwire_store_delivered_total',
    'Messages handed over, so that custody ended.',
    (n) => n.store?.delivered,
  ),
  plain(
    'counter',
    'hopwire_store_expired_total',
    'Messages whose lifetime ended in custody.',
    (n) => n.store?.expired,
  ),

  metric(
    'counter',
    'hopwire_crypto_operations_total',
    ['operation'],
    'Calls of the crypto provider.',
    ({ node }) => byWord(node.crypto.operations),
  ),
  metric(
    'counter',
    'hopwire_crypto_failures_total',
    ['reason'],
    'Signatures and ciphertexts that did not check out.',
    ({ node }) => byWord(node.crypto.failures),
  ),

  ofProcess(
    'counter',
    'process_cpu_seconds_total',
    'Processor time of the process, user and system.',
    (p) => p.cpuSeconds,
  ),
  ofProcess('gauge', 'process_resident_memory_bytes', 'Resident memory.', (p) => p.residentBytes),
  ofProcess(
    'gauge',
    'process_start_time_seconds',
    'When the process started, since the Unix epoch.',
    (p) => p.startTime,
  ),
  ofProcess('gauge', 'process_open_fds', 'Open file descriptors; on Linux only.', (p) => p.openFiles),
  ofProcess('gauge', 'nodejs_heap_size_used_bytes', 'JavaScript heap in use.', (p) => p.heapUsedBytes),
  ofProcess(
    'gauge',
    'nodejs_heap_size_total_bytes',
    'JavaScript heap taken from the system.',
    (p) => p.heapTotalBytes,
  ),
  ofProcess(
    'gauge',
    'nodejs_eventloop_lag_seconds',
    'The longest delay of a timer within the past minute.',
    (p) => p.eventLoopLag,
  ),
]
