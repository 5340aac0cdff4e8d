/**
 * When this node may begin a run of packets, and how long it may be. The modem listens before it speaks, which is
 * enough where little is sent. Where much is, modems that have waited alike speak in the same slot and destroy
 * each other's whole run, and what people wait for stands behind bulk: so nodes with more to send take turns,
 * begin off the beat, and keep their runs short where people talk.
 */
import type { Random } from '../../../runtime/random.ts'
import { AirUse } from './air-use.ts'
import type { PacketHead } from './packet.ts'
import { Turns } from './turns.ts'

/**
 * A modem that sends much waits for about a second before each run, so a long run carries more; but those that
 * wait share the time, and a minute after anything urgent in reach one packet at a time is enough.
 */
const ROUND_MS = 24_000
const LONG_RUN_MS = 8000
const SHORT_RUN_MS = 1500
const URGENT_MS = 60_000
/** From this share of the time on the channel counts as crowded. */
const CROWDED_SHARE = 0.2

export class Pace {
  readonly #turns: Turns
  readonly #use = new AirUse()
  readonly #random: Random
  readonly #slotMs: () => number
  #urgentAt = Number.NEGATIVE_INFINITY
  /** Where in its slot the next run begins. */
  #offBeatAt: number | undefined

  /**
   * @param ownId this node's id.
   * @param accessMs the longest that a modem waits before it speaks on a quiet channel, ms.
   */
  constructor(ownId: () => number, accessMs: () => number, slotMs: () => number, random: Random) {
    this.#turns = new Turns(ownId, accessMs)
    this.#slotMs = slotMs
    this.#random = random
  }

  /** Somebody has sent a packet of so many ms. */
  heard({ sender, more, urgent }: PacketHead, airtimeMs: number, now: number): void {
    this.#turns.heard(sender, more, now)
    this.#note(airtimeMs, urgent, now)
  }

  /** This node sends one. */
  sent(airtimeMs: number, urgent: boolean, now: number): void {
    this.#offBeatAt = undefined
    this.#note(airtimeMs, urgent, now)
  }

  /** All that this node had handed over has left. */
  ended(now: number): void {
    this.#turns.ended(now)
  }

  /** Whether modems are likely to hold back for longer than usual. */
  isCrowded(now: number): boolean {
    return this.#use.share(now) > CROWDED_SHARE
  }

  /** From when on a run of what is not urgent may begin, monotonic ms. */
  mayStart(now: number): number {
    const turn = this.#turns.mayStart(now)
    if (turn > now || !this.isCrowded(now)) return turn
    this.#offBeatAt ??= now + this.#random.float() * this.#slotMs()
    return this.#offBeatAt
  }

  /** How long the run may be, ms. */
  runMs(now: number): number {
    if (now - this.#urgentAt < URGENT_MS) return SHORT_RUN_MS
    return Math.min(LONG_RUN_MS, Math.max(SHORT_RUN_MS, ROUND_MS / (1 + this.#turns.waiting)))
  }

  #note(airtimeMs: number, urgent: boolean, now: number): void {
    this.#use.add(now, airtimeMs)
    if (urgent) this.#urgentAt = now
  }
}
