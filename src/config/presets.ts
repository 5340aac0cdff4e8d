import type { Config, PartialConfig } from './schema.ts'

/** What each preset makes of the defaults. */
export const PRESETS: Readonly<Record<Config['preset'], PartialConfig>> = {
  none: {},
  /** A small machine, or one behind a slow link: it takes part but carries little for others. */
  constrained: {
    node: { capabilities: ['constrained'] },
    transport: {
      tcp: { max_links: 16, queue_bytes: 262_144 },
      quic: { max_links: 16, queue_bytes: 262_144 },
      relay: { max_links: 16, queue_bytes: 262_144 },
    },
    announce: { interval_s: 1800, max_age_s: 5400 },
    routing: { max_paths: 1024, seen_messages: 8192 },
    store: { max_messages: 1000, max_bytes: 4_194_304, max_messages_per_source: 100 },
    rate_limit: { frames_per_s: 200, bytes_per_s: 262_144, announces_per_s: 200, garbage_per_s: 5 },
  },
  /** A server that carries traffic and keeps messages for many. */
  relay: {
    node: { capabilities: ['relay', 'store'] },
    transport: { tcp: { max_links: 4096 }, quic: { max_links: 4096 } },
    routing: { max_paths: 262_144, seen_messages: 1_000_000 },
    store: { max_messages: 1_000_000, max_bytes: 2_147_483_648, max_messages_per_source: 50_000 },
  },
  /** A node with a foot in a radio mesh and one on the internet. */
  gateway: {
    node: { capabilities: ['relay', 'store', 'gateway'] },
  },
}
