/** What the router is made from, and what it answers. */
import type { Address } from '../identity/address.ts'
import type { AirLink } from './air.ts'
import type { AnnounceTimes } from './announce-schedule.ts'
import type { Blocklist } from './blocklist.ts'
import type { Refusal } from './refusal.ts'
import type { SuccessionNews } from './succession-table.ts'

export interface RouterOptions {
  readonly address: Address
  /** Whether this node forwards for others. */
  readonly relay: boolean
  readonly maxPaths: number
  /** Envelopes remembered to recognise duplicates. */
  readonly seenMessages: number
  readonly announce: AnnounceTimes & {
    /** The longest any announce is believed, ms, whatever its own lifetime. */
    readonly maxAgeMs: number
    /** Announces that have come this far are not passed on. */
    readonly maxHops: number
  }
  /** A fresh signed announce of this node. */
  readonly makeAnnounce: () => Uint8Array
  /** Whom it has nothing to do with. Default: nobody. */
  readonly blocklist?: Blocklist
  /** Addresses that this node had before and answers to still. Default: none. */
  readonly former?: {
    readonly addresses: readonly Address[]
    /** The successions that lead from them to the present one, as long as they are to be told. */
    readonly successions: () => readonly Uint8Array[]
    /** A fresh signed announce of each. */
    readonly makeAnnounces: () => readonly Uint8Array[]
  }
}

/** A link as the router sees it: one of the transport seam's, or a plain object in a test. */
export interface RoutedLink extends AirLink {
  /** Who is at the other end, where that is known. */
  readonly neighbour: Address | undefined
  /** Whether the neighbour has said that it is stopping. */
  readonly isLeaving?: boolean
  /** The link, of the same kind, whose transmissions reach this neighbour too. */
  readonly medium?: RoutedLink | undefined
}

/** By which link a neighbour is told what all in its reach may hear: its own, or the one it shares with them. */
export function speakerOf<L extends RoutedLink>(link: L): L {
  return (link.medium as L | undefined) ?? link
}

export type Verdict<L> =
  /** It is for this node. */
  | { readonly action: 'deliver' }
  /** Its hop is counted; send it over this link. */
  | { readonly action: 'forward'; readonly link: L }
  /** Its hop is counted; send a copy over each of these links. There may be none. */
  | { readonly action: 'spread'; readonly links: readonly L[] }
  /** Its hop is counted, but there is no way on at present: keep it, or say so to its source. */
  | { readonly action: 'hold' }
  /** An announce was taken in: this destination has a path. */
  | { readonly action: 'learned'; readonly origin: Address; readonly isNew: boolean }
  /** A succession was taken in, or refused and yet worth telling of. */
  | { readonly action: 'moved'; readonly news: SuccessionNews }
  /** A path request was taken in. */
  | { readonly action: 'asked' }
  | { readonly action: 'refuse'; readonly reason: Refusal }

/** A frame that the router wants sent. */
export interface Transmission<L> {
  readonly link: L
  readonly frame: Uint8Array
}
