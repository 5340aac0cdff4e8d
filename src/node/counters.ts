/** What a node counts. Plain numbers, bumped on the data path and read when somebody asks. */
import type { Refusal } from '../routing/refusal.ts'

/** Why this node dropped what it should have passed on or delivered, beyond the router's refusals. */
export type DropReason =
  | Refusal
  | 'no_path'
  | 'congested'
  | 'too_large'
  | 'store_full'
  | 'store_failed'
  | 'no_service'
  | 'service_failed'
  | 'malformed_report'

export class NodeCounters {
  delivered = 0
  forwarded = 0
  stored = 0
  replays = 0
  signatures = 0
  verifications = 0
  expiredInStore = 0
  handedOver = 0
  readonly dropped = new Map<DropReason, number>()
  readonly rateLimited = new Map<string, number>()

  drop(reason: DropReason): void {
    this.dropped.set(reason, (this.dropped.get(reason) ?? 0) + 1)
  }

  limit(kind: string): void {
    this.rateLimited.set(kind, (this.rateLimited.get(kind) ?? 0) + 1)
  }
}
