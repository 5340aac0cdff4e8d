/** What a neighbour offers, what became of it, and what people are shown of a path. */
import type { Address } from '../identity/address.ts'
import type { AnnounceView } from '../wire/announce.ts'

export interface Offer<L> {
  /** The origin's address, 16 bytes. */
  readonly origin: Uint8Array
  /** As received, checked and verified: hops and metric are the neighbour's. The table keeps a copy. */
  readonly announce: AnnounceView
  readonly link: L
  /** Whether several neighbours are behind the link, so that nobody knows which of them this is. */
  readonly broadcast: boolean
  /** Of the link, 0.1 ms, at least 1. Taken over when the link is first seen; then by `costChanged`. */
  readonly cost: number
  /** Whether the link leads to the origin itself. */
  readonly direct: boolean
  /** Monotonic, ms. */
  readonly expiresAt: number
}

/** What became of an offer. */
export type Learned =
  /** The origin was not known. */
  | 'new'
  /** The sequence number is newer than the known one. */
  | 'fresher'
  /** The path in use goes over this link now, or is cheaper by enough to be told on. */
  | 'better'
  /** The path in use is dearer by enough to be told on, or has given way to an alternate. */
  | 'dearer'
  /** Noted beside the path in use, or as a small change of it: nothing to tell on. */
  | 'alternate'
  /** The path in use can no longer be trusted, and there is no other. */
  | 'lost'
  | Refused

/** The offer changed nothing that is in use. */
export type Refused =
  /** A newer sequence number is known, or the announce has run out. */
  | 'stale'
  /** No path that may be trusted, or none that is wanted, or the same again. */
  | 'worse'
  /** No destination can be given up for a new one, or no more links can be numbered. */
  | 'table_full'

/** Why the path in use is the one that it is. */
export type PathReason =
  | 'no path'
  | 'only path'
  | 'lowest metric'
  | 'no other is better by enough'
  | 'took over when another was lost'

export interface AlternateInfo<L> {
  readonly link: L
  readonly hops: number
  /** 0.1 ms. */
  readonly metric: number
}

/** A path as shown to people and programs. */
export interface PathInfo<L> {
  readonly destination: Address
  /** Undefined while there is no path: hops and metric are then the last ones. */
  readonly link: L | undefined
  readonly hops: number
  /** 0.1 ms. */
  readonly metric: number
  readonly sequence: number
  readonly capabilities: number
  /** When the path was last taken from an announce or changed by a measured cost. Monotonic, ms. */
  readonly learnedAt: number
  readonly expiresAt: number
  /** The best first. Each could take over at once. */
  readonly alternates: readonly AlternateInfo<L>[]
  readonly why: PathReason
}
