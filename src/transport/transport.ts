/**
 * The Transport/Link seam. A transport finds neighbours and makes links; a link carries whole frames to one
 * neighbour (or, on a radio, to whoever is in reach). Neither looks into a frame. Every implementation
 * passes `transportCompliance` of `hopwire/testing`.
 */
import type { CryptoProvider } from '../crypto/provider/provider.ts'
import type { Address } from '../identity/address.ts'
import type { Identity } from '../identity/identity.ts'
import type { Coverage } from '../routing/rebroadcast.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Random } from '../runtime/random.ts'
import type { Priority } from '../wire/frame.ts'
import type { AddressBook } from './address-book.ts'
import type { AdmissionControl } from './admission.ts'
import type { RadioFigures } from './radio-figures.ts'

/** What a transport is made from; the node hands it over. */
export interface TransportComponents {
  readonly identity: Identity
  readonly crypto: CryptoProvider
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Who may have a link, and how many may ask. Default: everybody, within limits for each network. */
  readonly admission?: AdmissionControl
  /** Where neighbours can be reached, and how that went. Default: a book of the transport's own. */
  readonly addresses?: AddressBook
}

/** `transports: [tcp({ listen: [...] }), memory({ network })]`: options in, a factory out. */
export type TransportFactory = (components: TransportComponents) => Transport

export interface Transport {
  /** A short lower-case name, unique within a node: the `transport` label of its metrics. */
  readonly name: string
  /** Where this node can be reached, once started. Multiaddrs for internet transports. */
  readonly listenAddresses: readonly string[]
  readonly counters: TransportCounters
  /** What this transport tries to reach and how that goes; empty where there is nothing to dial. */
  readonly targets: readonly DialTarget[]
  /** Whether others can reach this node, as neighbours have tried; absent or empty where nobody is asked. */
  readonly reach?: readonly AddressReach[]
  /** Why it does not run though it was started, in one line; absent where all is well. */
  readonly problem?: string | undefined
  /** Of a radio: how it is, and what the law leaves it. Made when somebody asks. */
  readonly radio?: RadioFigures | undefined
  /**
   * Resolves when the transport is listening; it dials in the background. Rejects with ERR_LISTEN or
   * ERR_TRANSPORT and leaves nothing behind.
   *
   * @param host receives the links. It is called only between start and stop.
   */
  start(host: LinkHost): Promise<void>
  /**
   * Stops accepting and dialling, flushes what is queued for as long as `signal` allows, closes all links.
   * Idempotent; it never rejects.
   *
   * @param flushMs when the signal will abort, for a transport that lets its neighbours go one after another.
   */
  stop(signal: AbortSignal, flushMs?: number): Promise<void>
}

/** Whether others can reach this node at an address: nobody may have tried yet. */
export interface AddressReach {
  readonly address: string
  readonly reach: 'reachable' | 'unreachable' | 'unknown'
}

/** One address a transport keeps trying to stay connected to. */
export interface DialTarget {
  readonly address: string
  readonly state: 'connected' | 'connecting' | 'waiting' | 'refused'
  /** Why the last attempt failed. */
  readonly lastError?: string
}

/** Plain numbers, read when metrics are scraped. They never go down. */
export interface TransportCounters {
  framesSent: number
  framesReceived: number
  bytesSent: number
  bytesReceived: number
  /** By reason: a short word in snake case such as `oversized`. */
  readonly errors: Map<string, number>
}

/** The node's end of the seam. Its calls come one after another, never from inside a call into the link. */
export interface LinkHost {
  /** A link is up and may carry frames both ways. */
  linkUp(link: Link): void
  /**
   * A whole frame has arrived. `frame` is the receiver's to change, but it may share memory with other
   * frames: copy what outlives the call.
   */
  frame(link: Link, frame: Uint8Array): void
  /** A link that was congested, or had refused a frame, has less than a quarter of its queue left to send. */
  drained(link: Link): void
  /**
   * The link is gone. `unsent` are the accepted frames that the neighbour may not have: those that never left,
   * and before them, where the link knows, those that left and were not acknowledged. Oldest first.
   */
  linkDown(link: Link, reason: string, unsent: readonly Uint8Array[]): void
}

/** What a link can carry; routing and, later, the choice of crypto go by it. */
export interface LinkProfile {
  /** The largest frame, bytes. */
  readonly mtu: number
  /** The rate one can expect in the long run. */
  readonly bitsPerSecond: number
  /** True where one transmission reaches several neighbours, as on a radio. */
  readonly broadcast: boolean
}

export interface Link {
  /** The name of its transport. */
  readonly transport: string
  /** The neighbour at the other end, where the handshake has authenticated one. */
  readonly neighbour: Address | undefined
  /** For people: the multiaddr, port or name of the other end. */
  readonly remote: string
  /**
   * The link whose transmissions reach this neighbour too, as on a radio: what everybody should hear, such as
   * announces, goes out there once.
   */
  readonly medium?: Link | undefined
  /** Share of frames that are lost and have to be repeated, 0 to 1, where the link measures it. */
  readonly loss?: number
  /** Who opened it. */
  readonly direction: 'inbound' | 'outbound'
  readonly profile: LinkProfile
  /** Time one way for a small frame, measured or estimated, ms. It may change while the link lives. */
  readonly latencyMs: number
  /** Bytes that were accepted and have not left. */
  readonly queuedBytes: number
  /** Whether the neighbour has said that it is stopping: what can go another way should. */
  readonly isLeaving?: boolean
  /** True from when the send queue is half full until `drained` is called. */
  readonly congested: boolean
  /**
   * Queues a frame. All frames queued in one tick leave in one write, higher priority first where the
   * queue has to wait. The link keeps `frame` until the neighbour has it: do not change it afterwards.
   *
   * @returns false when the queue is full or the link is closing: the frame was not taken. So it is for a
   *   frame that is empty, longer than `profile.mtu` or one of the link's own, which is counted as
   *   `unsendable`.
   */
  send(frame: Uint8Array, priority: Priority): boolean
  /**
   * Of a link to all in reach: how far transmissions of these reach, by what the neighbours have said of whom
   * they hear; undefined while none has.
   */
  coverageOf?(senders: readonly Address[]): Coverage | undefined
  /**
   * Of a link to all in reach: how often a frame is to be sent for the losses there are; undefined where a neighbour
   * may be heard passing it on, or nothing is known.
   */
  readonly sendsToAll?: number | undefined
  /**
   * Whether a copy of this envelope, of whatever attempt, still waits here to leave or to be acknowledged. Only
   * links on which that can take long say so; sending it again meanwhile would be in vain.
   */
  holds?(envelope: Uint8Array): boolean
  /**
   * How long until a frame of this priority that is queued last has left, ms, as far as can be told. Only links
   * that may have to wait long say so, and they have {@link holds} too.
   */
  waitMs?(priority: Priority): number
  /** Stops delivering frames, so that the sender feels back-pressure where the medium has any. */
  pause(): void
  resume(): void
  /** Closes at once. `linkDown` follows, with this reason. Idempotent. */
  close(reason: string): void
}

export function newTransportCounters(): TransportCounters {
  return { framesSent: 0, framesReceived: 0, bytesSent: 0, bytesReceived: 0, errors: new Map() }
}

/** Counts one error of a transport by its reason. */
export function countTransportError(counters: TransportCounters, reason: string): void {
  counters.errors.set(reason, (counters.errors.get(reason) ?? 0) + 1)
}
