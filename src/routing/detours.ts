/**
 * What becomes of messages that the paths lose again and again (docs/specs/routing.md, "Attempts"): a relay
 * that lies or has gone silent can stand on every path there is. Such a message goes over all links, once
 * through each node, so it arrives if any honest way leads there. The receipt of its recipient comes back
 * along the way that was fastest. It is signed, so it proves that this way works, and each node on it sends
 * what follows between the two by it: a pinned way.
 *
 * Pinned ways do not loop: those of one receipt lie on one way through the spreading, which visits no node
 * twice, and wherever a frame meets the trail of a later receipt it follows that one to the end.
 */
import { ADDRESS_BYTES } from '../identity/address.ts'
import { TokenBucket } from '../runtime/token-bucket.ts'
import { textKey } from '../wire/bytes.ts'
import { attemptIn, DESTINATION_AT, EnvelopeView, hopsIn, messageId, SOURCE_AT } from '../wire/envelope.ts'
import { FrameKind, kindOf } from '../wire/frame.ts'
import { decodeReport, ReportType } from '../wire/report.ts'

/** The first attempt that goes over all links. */
export const SPREAD_FROM_ATTEMPT = 2
/** What one link, or this node itself, may have spread: messages a second, and at once. */
const SPREADS_PER_S = 10
const SPREADS_BURST = 50
/**
 * A message is not spread again within this time, ms, and twice as long each time: attempts of its source are
 * further apart.
 */
const FIRST_REPEAT_MS = 1500
/** Spread messages whose way is remembered, and for how long, ms: a receipt comes within that. */
export const MAX_SPREAD = 1024
const SPREAD_MS = 30_000
/** Pinned ways, and how long one is used before the paths get another chance, ms. */
export const MAX_PINS = 1024
const PIN_MS = 300_000

interface Spread<L> {
  /** Destination and source of the message. */
  readonly pair: string
  /** The link it came by first; undefined at its source. */
  readonly from: L | undefined
  readonly at: number
  readonly repeatMs: number
  readonly attempt: number
  /** Links it had crossed. */
  readonly hops: number
}

interface Pin<L> {
  readonly link: L
  readonly until: number
}

export class Detours<L> {
  /** Plain numbers; they never go down. */
  readonly counters = { spread: 0, limited: 0, pinned: 0 }
  /** By message, oldest first. */
  readonly #spread = new Map<string, Spread<L>>()
  /** By destination and source, oldest first. */
  readonly #pins = new Map<string, Pin<L>>()
  readonly #buckets = new Map<L | undefined, TokenBucket>()

  /** Pairs of nodes with a way of their own. */
  get pins(): number {
    return this.#pins.size
  }

  /**
   * Whether an envelope is to go over all links; if so, notes where it came from.
   *
   * @param from undefined at its source.
   * @returns `limited` where it would have to, but too many have done so; undefined where it need not.
   */
  takes(frame: Uint8Array, from: L | undefined, now: number): 'spread' | 'limited' | undefined {
    if (attemptIn(frame) < SPREAD_FROM_ATTEMPT || kindOf(frame) !== FrameKind.message) return undefined
    // Of one that asks for no receipt nobody keeps a copy once it has left: it must not be refused for a limit.
    if (!new EnvelopeView(frame).wantsReceipt) return undefined
    const message = nameOf(frame)
    const known = this.#spread.get(message)
    const isTooSoon = known !== undefined && now < known.at + known.repeatMs && !isNearer(frame, known)
    if (isTooSoon || !this.#affords(from, now)) {
      this.counters.limited += 1
      return 'limited'
    }
    this.counters.spread += 1
    const repeatMs = known === undefined ? FIRST_REPEAT_MS : 2 * known.repeatMs
    const [attempt, hops] = [attemptIn(frame), hopsIn(frame)]
    const spread = { pair: pairIn(frame), from, at: now, repeatMs, attempt, hops }
    putLast(this.#spread, message, spread, MAX_SPREAD)
    return 'spread'
  }

  /**
   * Whether a copy that has been seen before is worth another look: attempt and hops are not signed, so
   * somebody may have sent this attempt ahead of its source, with so many hops that it died before it arrived.
   * It is where it has crossed less than half as many links, and so at most seven times.
   */
  isNearer(frame: Uint8Array): boolean {
    if (this.#spread.size === 0 || attemptIn(frame) < SPREAD_FROM_ATTEMPT) return false
    const known = this.#spread.get(nameOf(frame))
    return known !== undefined && isNearer(frame, known, 1)
  }

  #affords(from: L | undefined, now: number): boolean {
    let bucket = this.#buckets.get(from)
    if (bucket === undefined) {
      bucket = new TokenBucket(SPREADS_PER_S, SPREADS_BURST, now)
      this.#buckets.set(from, bucket)
    }
    return bucket.take(1, now)
  }

  /**
   * Looks at a report, passing or about to leave. One by which the recipient of a spread message answers for it
   * pins the way between the two.
   *
   * @param from undefined where the report is made.
   * @returns the link by which the message came, and so the report goes on.
   */
  answers(frame: Uint8Array, from: L | undefined, now: number): L | undefined {
    if (this.#spread.size === 0 || kindOf(frame) !== FrameKind.report) return undefined
    const report = decodeReport(new EnvelopeView(frame).body)
    if (report?.type !== ReportType.delivered && report?.type !== ReportType.failed) return undefined
    const sender = destinationIn(frame)
    const spread = this.#spread.get(sender + messageId(report.created, report.sequence))
    if (spread === undefined || now >= spread.at + SPREAD_MS) return undefined
    if (spread.pair !== sourceIn(frame) + sender) return undefined
    if (from !== undefined) this.#pin(spread.pair, from, now)
    if (spread.from !== undefined) this.#pin(pairIn(frame), spread.from, now)
    return spread.from
  }

  /** The link that a receipt has shown to lead to the destination of this envelope, for its source. */
  pinned(frame: Uint8Array, now: number): L | undefined {
    if (this.#pins.size === 0 || attemptIn(frame) !== 0) return undefined
    const pair = pairIn(frame)
    const pin = this.#pins.get(pair)
    if (pin === undefined || now < pin.until) return pin?.link
    this.#pins.delete(pair)
    return undefined
  }

  linkDown(link: L): void {
    this.#buckets.delete(link)
    for (const [key, pin] of this.#pins) if (pin.link === link) this.#pins.delete(key)
    for (const [key, { from }] of this.#spread) if (from === link) this.#spread.delete(key)
  }

  #pin(pair: string, link: L, now: number): void {
    this.counters.pinned += 1
    putLast(this.#pins, pair, { link, until: now + PIN_MS }, MAX_PINS)
  }
}

/** The newest entry comes last, and the oldest goes where there are too many. */
function putLast<V>(map: Map<string, V>, key: string, value: V, most: number): void {
  map.delete(key)
  for (const oldest of map.keys()) {
    if (map.size < most) break
    map.delete(oldest)
  }
  map.set(key, value)
}

/** @param ahead hops that are still to be counted. */
function isNearer(frame: Uint8Array, known: Spread<unknown>, ahead = 0): boolean {
  return attemptIn(frame) === known.attempt && 2 * (hopsIn(frame) + ahead) < known.hops
}

/** What all copies of a message have in common. */
function nameOf(frame: Uint8Array): string {
  return sourceIn(frame) + new EnvelopeView(frame).id
}

function destinationIn(frame: Uint8Array): string {
  return textKey(frame, DESTINATION_AT, ADDRESS_BYTES)
}

function sourceIn(frame: Uint8Array): string {
  return textKey(frame, SOURCE_AT, ADDRESS_BYTES)
}

/** Destination and source, which stand side by side. */
function pairIn(frame: Uint8Array): string {
  return textKey(frame, DESTINATION_AT, 2 * ADDRESS_BYTES)
}
