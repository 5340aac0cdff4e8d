/** What a link is made of, and what it tells the transport it belongs to. */
import type { Connection, Stream } from '@libp2p/interface'
import type { Address } from '../../identity/address.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { LinkProfile, TransportCounters } from '../transport.ts'
import type { FrameDecoder } from './frame-decoder.ts'
import type { StreamLink } from './stream-link.ts'

/** None of these is called from within a call into the link. */
export interface LinkOwner {
  readonly name: string
  readonly counters: TransportCounters
  frame(link: StreamLink, frame: Uint8Array): void
  drained(link: StreamLink): void
  down(link: StreamLink, reason: string, unsent: readonly Uint8Array[]): void
}

export interface StreamLinkOptions {
  readonly owner: LinkOwner
  readonly clock: Clock
  readonly connection: Connection
  readonly stream: Stream
  /** With what has arrived behind the handshake. */
  readonly decoder: FrameDecoder
  readonly neighbour: Address
  readonly profile: LinkProfile
  readonly latencyMs: number
  readonly queueBytes: number
  /** Of the {@link SendQueue}. */
  readonly queueSalt: number
}
