/** One busy relay, as the tests of this folder see it. */
import type { HealthReport } from '../../src/observability/health.ts'
import type { MetricsSnapshot, StatusView } from '../../src/observability/snapshot.ts'

export const SAMPLE_METRICS: MetricsSnapshot = {
  build: { version: '0.1.0', crypto: 'sodium' },
  uptimeSeconds: 93_784.5,
  transports: [
    {
      name: 'tcp',
      links: 3,
      framesSent: 1_204_331,
      framesReceived: 1_198_002,
      bytesSent: 391_407_575,
      bytesReceived: 389_350_650,
      errors: { dial_failed: 12, oversized: 1 },
      queuedBytes: 5_120,
    },
    {
      name: 'memory',
      links: 0,
      framesSent: 0,
      framesReceived: 0,
      bytesSent: 0,
      bytesReceived: 0,
      errors: {},
      queuedBytes: 0,
    },
  ],
  routing: {
    paths: 212,
    capacity: 100_000,
    lookups: 1_150_000,
    misses: 1_337,
    announcesAccepted: 20_415,
    announcesPropagated: 18_230,
    announcesSuppressed: 17_001,
    alternatesUsed: 12,
    pathsLost: 3,
    requests: { asked: 7, answered: 41, passed_on: 120, not_found: 1 },
    detours: { spread: 9, limited: 2, pinned: 4 },
    pinnedWays: 3,
  },
  envelopes: [
    { action: 'delivered', reason: '', count: 4_812 },
    { action: 'forwarded', reason: '', count: 1_148_663 },
    { action: 'stored', reason: 'no_path', count: 1_337 },
    { action: 'dropped', reason: 'duplicate', count: 33_104 },
    { action: 'dropped', reason: 'expired', count: 41 },
  ],
  store: {
    messages: 87,
    bytes: 28_536,
    maxMessages: 10_000,
    maxBytes: 64_000_000,
    stored: 1_337,
    delivered: 1_240,
    expired: 10,
  },
  crypto: { operations: { sign: 6_021, verify: 1_187_004 }, failures: { bad_signature: 4 } },
  replays: 33_104,
  rateLimited: { frames: 17 },
  outbox: { waiting: 2, capacity: 1_024 },
  seen: { entries: 131_072, capacity: 262_144 },
}

export const SAMPLE_HEALTH: HealthReport = {
  status: 'degraded',
  checks: {
    transport: { status: 'healthy', detail: '3 links up', links: 3 },
    routing: { status: 'healthy', detail: '212 paths known', paths: 212 },
    store: {
      status: 'degraded',
      detail: 'the last commit took 1.4 s; check the disk under /var/lib/hopwire',
      messages: 87,
    },
  },
  address: '6f1d0c5e9b7a42383c5d6e7f8091a2b3',
  version: '0.1.0',
  uptimeSeconds: 93_784.5,
}

export const SAMPLE_STATUS: StatusView = {
  name: 'relay',
  address: '6f1d0c5e9b7a42383c5d6e7f8091a2b3',
  listen: ['/ip4/127.0.0.1/tcp/7401/p2p/12D3KooWJvyP3VJYymTqG7eHaz6yCvaP8dTzuoJ3gVuWVD1wbX9o'],
  neighbours: [
    {
      address: 'a11ce00000000000a11ce00000000001',
      transport: 'tcp',
      remote: '/ip4/127.0.0.1/tcp/52344',
      direction: 'inbound',
      latencyMs: 0.283,
      queuedBytes: 0,
    },
    {
      address: 'b0b0000000000000b0b0000000000002',
      transport: 'tcp',
      remote: '/ip4/192.0.2.17/tcp/7401',
      direction: 'outbound',
      latencyMs: 14.2,
      queuedBytes: 5_120,
    },
    {
      transport: 'tcp',
      remote: '/ip6/2001:db8::7/tcp/7401',
      direction: 'outbound',
      latencyMs: 2_100,
      queuedBytes: 0,
    },
  ],
  paths: [
    {
      destination: 'a11ce00000000000a11ce00000000001',
      nextHop: 'a11ce00000000000a11ce00000000001',
      transport: 'tcp',
      hops: 1,
      metricMs: 0.3,
      ageSeconds: 42,
      expiresInSeconds: 1_758,
      capabilities: [],
      reason: 'only path',
      alternates: [],
    },
    {
      destination: 'cafe0000000000000000000000000003',
      nextHop: 'b0b0000000000000b0b0000000000002',
      transport: 'tcp',
      hops: 4,
      metricMs: 31.6,
      ageSeconds: 301,
      expiresInSeconds: 1_499,
      capabilities: ['RELAY', 'STORE'],
      reason: 'only path',
      alternates: [],
    },
  ],
  pathCount: 212,
}
