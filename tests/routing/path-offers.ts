/** Offers for tests of the path table: announces without a real signature, which the table never looks at. */
import type { Offer } from '../../src/routing/path.ts'
import type { PathTable } from '../../src/routing/path-table.ts'
import { AnnounceView, encodeAnnounce, relayedAnnounce } from '../../src/wire/announce.ts'

/** The address of a made-up origin. */
export function originOf(number: number): Uint8Array {
  const origin = new Uint8Array(16).fill(0xa0)
  new DataView(origin.buffer).setUint32(12, number)
  return origin
}

/** The public key that announces of a made-up origin carry. */
export function keyOf(number: number): Uint8Array {
  const key = new Uint8Array(32).fill(0xb0)
  new DataView(key.buffer).setUint32(28, number)
  return key
}

export interface Told {
  /** The number of the origin. */
  readonly origin?: number
  readonly sequence?: number
  /** The neighbour's metric and hops. */
  readonly told?: number
  readonly hops?: number
  /** Bytes of application data. */
  readonly data?: number
}

export function announce({ origin = 1, sequence = 1, told = 10, hops = 0, data }: Told = {}): AnnounceView {
  const fields = { capabilities: 3, sequence, created: 0, lifetime: 1800, publicKey: keyOf(origin) }
  const frame = encodeAnnounce(
    data === undefined ? fields : { ...fields, data: new Uint8Array(data).fill(sequence) },
    () => new Uint8Array(64).fill(origin),
  )
  return new AnnounceView(relayedAnnounce(frame, hops, told))
}

export interface OfferOptions extends Told {
  readonly cost?: number
  readonly direct?: boolean
  readonly broadcast?: boolean
  readonly expiresAt?: number
}

/** An offer over `link`, whose cost is 10 unless said otherwise. */
export function offer<L>(link: L, options: OfferOptions = {}): Offer<L> {
  const { origin = 1, cost = 10, direct = false, broadcast = false, expiresAt = 1e9 } = options
  return {
    origin: originOf(origin),
    announce: announce(options),
    link,
    broadcast,
    cost,
    direct,
    expiresAt,
  }
}

/** The row of an origin, or -1. */
export function rowOf(table: PathTable<unknown>, origin = 1): number {
  return table.find(originOf(origin), 0)
}
