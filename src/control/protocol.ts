/** The language of the control socket, as both ends speak it (docs/specs/control.md). */
import type { DeliveryState } from '../node/delivery.ts'
import type { HealthReport, HealthStatus } from '../observability/health.ts'
import type {
  KnownAddressView,
  MetricsSnapshot,
  NeighbourView,
  PathView,
  StoreSnapshot,
} from '../observability/snapshot.ts'
import type { RadioFigures } from '../transport/radio-figures.ts'
import type { AddressReach } from '../transport/transport.ts'
import type { SendParams, TraceParams } from './params.ts'

export const CONTROL_VERSION = 1

/** The longest request, bytes: a payload of 64 KiB in base64 takes 87,384 of them. */
export const MAX_REQUEST_BYTES = 131_072

/** The longest line a client takes, bytes. */
export const MAX_ANSWER_BYTES = 16_777_216

/** Every method: what it takes, what it tells on the way, and what it ends with. */
export interface ControlMethods {
  status: { params: NoParams; event: never; result: NodeStatus }
  peers: { params: NoParams; event: never; result: PeersResult }
  routes: { params: NoParams; event: never; result: RoutesResult }
  store: { params: NoParams; event: never; result: StoreSnapshot }
  health: { params: NoParams; event: never; result: HealthReport }
  metrics: { params: NoParams; event: never; result: MetricsSnapshot }
  trace: { params: TraceParams; event: never; result: TraceResult }
  send: { params: SendParams; event: DeliveryEvent; result: DeliveryEvent }
  listen: { params: NoParams; event: MessageEvent; result: never }
}

export interface PeersResult {
  /** The links. */
  readonly peers: readonly NeighbourView[]
  readonly addresses: readonly KnownAddressView[]
}

export type MethodName = keyof ControlMethods
export type NoParams = Record<string, never>

export interface NodeStatus {
  readonly name: string
  readonly address: string
  readonly version: string
  readonly uptimeSeconds: number
  readonly health: HealthStatus
  readonly listen: readonly string[]
  /** Whether others can reach the node, as neighbours have tried; empty where nobody is asked. */
  readonly reach: readonly AddressReach[]
  /** `host:port`, or null where HTTP is off. */
  readonly http: string | null
  /** Nodes that there is a link to; there can be several to one. */
  readonly neighbours: number
  /** Links that are up, destinations known, messages kept for others, and own ones under way. */
  readonly links: number
  readonly paths: number
  readonly stored: number
  readonly outbox: number
  readonly radios: readonly RadioFigures[]
}

export interface RoutesResult {
  /** The best first; it may be cut short. */
  readonly routes: readonly PathView[]
  /** All there are. */
  readonly total: number
}

export interface TraceResult {
  readonly destination: string
  /** The path as this node sees it. */
  readonly path: PathView
  /** Up to the destination, or as far as the path was thought to go. */
  readonly hops: readonly {
    readonly hop: number
    /** Null where nobody answered in time. */
    readonly address: string | null
    /** There and back. */
    readonly roundTripMs: number | null
  }[]
}

export interface DeliveryEvent {
  readonly id: string
  readonly state: DeliveryState
  readonly reason?: string
  /** While it is queued on a slow link: in how long it is expected to have left. */
  readonly expectedMs?: number
  /** ISO 8601, by the node's clock. */
  readonly time: string
}

export interface MessageEvent {
  readonly id: string
  readonly from: string
  readonly service: number
  readonly hops: number
  readonly createdAt: string
  readonly receivedAt: string
  /** The payload where it is UTF-8 text that a terminal would not act on. */
  readonly text?: string
  /** Base64: what was sent, or the content of the file. */
  readonly payload: string
  readonly file?: { readonly name: string; readonly bytes: number }
}

/** A line from the client. */
export interface Request {
  readonly v: typeof CONTROL_VERSION
  readonly id: number
  readonly method: string
  readonly params: unknown
}

/** A line from the node. `id` is null where the request could not be read. */
export type Answer =
  | { readonly v: typeof CONTROL_VERSION; readonly id: number; readonly result: unknown }
  | { readonly v: typeof CONTROL_VERSION; readonly id: number; readonly event: unknown }
  | { readonly v: typeof CONTROL_VERSION; readonly id: number | null; readonly error: AnswerError }

export interface AnswerError {
  /** A code of runtime/errors.ts. */
  readonly code: string
  readonly message: string
}

export function encodeLine(line: Request | Answer): string {
  return `${JSON.stringify(line)}\n`
}
