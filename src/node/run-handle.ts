import type { HealthReport } from '../observability/health.ts'
import type { MetricsSnapshot } from '../observability/snapshot.ts'
import type { MeshNode } from './mesh-node.ts'

export interface ShutdownOptions {
  /** How long the whole shutdown may take, ms. Default: `node.shutdown_s` of the configuration. */
  readonly deadlineMs?: number
}

export interface ShutdownReport {
  /** What did not stop in its time, for people. Empty after a clean shutdown. */
  readonly open: readonly string[]
}

/** A running node. `await using run = await node.run()` shuts it down at the end of the block. */
export interface RunHandle extends AsyncDisposable {
  readonly node: MeshNode
  /** Where others can reach it: multiaddrs with this node's peer id. */
  readonly listenAddresses: readonly string[]
  /** `host:port` of the HTTP server, or undefined where it is off. */
  readonly healthAddress: string | undefined
  health(): HealthReport
  metricsSnapshot(): MetricsSnapshot
  /**
   * Drains and stops: health says `draining`, nothing new is accepted, queues are flushed, what nobody has
   * taken custody of goes into the store, links close, services and store stop. Idempotent: later calls
   * wait for the first.
   */
  shutdown(options?: ShutdownOptions): Promise<ShutdownReport>
}
