/**
 * How much airtime each neighbour has made this node spend: a frame that came from it and goes out again over the
 * same radio is charged to it. Whoever has used up its share is heard, but what it brings for others is not taken
 * until there is some again: nobody may use up what the law leaves this node by itself.
 */
import type { Address } from '../../../identity/address.ts'
import { TokenBucket } from '../../../runtime/token-bucket.ts'
import { DESTINATION_AT, IDENTITY_AT, IDENTITY_BYTES, isEnvelope } from '../../../wire/envelope.ts'
import { MAX_LORA_BYTES } from '../airtime.ts'
import type { Jobs } from './jobs.ts'
import { MAX_NEIGHBOURS } from './roster.ts'

/**
 * Of the airtime that the law leaves this node in an hour, so much may go into the frames of one neighbour. In a
 * line of relays one neighbour brings nearly all there is; what is left for others is enough for a hundred texts.
 */
const SHARE = 0.8
const HOUR_S = 3600
/** Frames of which it is remembered who brought them: more than a radio sends in the time it takes to relay one. */
const REMEMBERED = 512

export class RelayShare {
  readonly #own: Address
  readonly #shareUs: number
  readonly #waiting: Jobs
  readonly #airtimeUs: (bytes: number) => number
  /** By address: a neighbour that comes back has what it had left. */
  readonly #left = new Map<string, TokenBucket>()
  readonly #broughtBy = new Map<string, Address>()

  /**
   * @param budgetUs all there is in an hour, µs; undefined for no limit.
   * @param waiting what is to be sent.
   * @param airtimeUs of a packet of so many bytes.
   */
  constructor(
    own: Address,
    budgetUs: number | undefined,
    waiting: Jobs,
    airtimeUs: (bytes: number) => number,
  ) {
    this.#own = own
    this.#shareUs = budgetUs === undefined ? Number.POSITIVE_INFINITY : budgetUs * SHARE
    this.#waiting = waiting
    this.#airtimeUs = airtimeUs
  }

  /** Whether this frame may be taken from this neighbour, after what it has brought that still waits. */
  allows(frame: Uint8Array, from: Address, now: number): boolean {
    if (this.#shareUs === Number.POSITIVE_INFINITY || !this.#isForOthers(frame)) return true
    let us = 0
    for (const { frame } of this.#waiting.all) {
      if (!this.#bringerOf(frame)?.equals(from)) continue
      us += this.#airtimeUs(Math.min(frame.length, MAX_LORA_BYTES)) * Math.ceil(frame.length / MAX_LORA_BYTES)
    }
    return this.#left.get(from.toString())?.has(us, now) ?? us <= this.#shareUs
  }

  /** It was taken. */
  took(frame: Uint8Array, from: Address): void {
    if (this.#shareUs === Number.POSITIVE_INFINITY || !this.#isForOthers(frame)) return
    remember(this.#broughtBy, nameOf(frame), from, REMEMBERED)
  }

  /** Airtime went into this frame. Repetitions are charged as well, so that a share may be overdrawn. */
  spent(frame: Uint8Array, us: number, now: number): void {
    const by = this.#bringerOf(frame)?.toString()
    if (by === undefined) return
    const bucket = this.#left.get(by) ?? new TokenBucket(this.#shareUs / HOUR_S, this.#shareUs, now)
    bucket.force(us, now)
    remember(this.#left, by, bucket, 2 * MAX_NEIGHBOURS)
  }

  #bringerOf(frame: Uint8Array): Address | undefined {
    return isEnvelope(frame) ? this.#broughtBy.get(nameOf(frame)) : undefined
  }

  #isForOthers(frame: Uint8Array): boolean {
    return isEnvelope(frame) && !this.#own.isAt(frame, DESTINATION_AT)
  }
}

/** What was noted longest ago gives way. */
function remember<T>(map: Map<string, T>, key: string, value: T, most: number): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > most) map.delete(map.keys().next().value as string)
}

function nameOf(envelope: Uint8Array): string {
  return String.fromCharCode(...envelope.subarray(IDENTITY_AT, IDENTITY_AT + IDENTITY_BYTES))
}
