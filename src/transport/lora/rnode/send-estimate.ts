/** How long an RNode may take to send a packet, from how it looks for a quiet moment. */
import type { Modulation } from '../airtime.ts'
import { slotMs } from '../rnode-timing.ts'

/** Slots of quiet before it begins to count down. */
const QUIET_SLOTS = 2
const SLOTS_PER_BAND = 15
const BANDS = 4
/** In the lowest band below the first share of own airtime, in the highest from the second one on. */
const LOWEST_BAND_SHARE = 0.07
const HIGHEST_BAND_SHARE = 0.85
/** A longest packet on the serial line, and what the modem does besides. */
const HANDLING_MS = 150
/** A channel in use for more of the time than this is taken for one that is used so much. */
const MOST_LOAD = 0.9
const WINDOW_MS = 15_000

/**
 * The time within which a packet leaves as good as always, ms. On a channel in use the time stretches, as the
 * modem waits while others speak.
 *
 * @param packetMs the time of the packet on the air.
 * @param ownShare of the last 15 s, in which the modem itself sent.
 * @param othersShare of the last 15 s, in which others did.
 */
export function sendEstimateMs(
  modulation: Modulation,
  packetMs: number,
  ownShare: number,
  othersShare: number,
): number {
  const band = bandOf(ownShare + packetMs / WINDOW_MS)
  const waitMs = (QUIET_SLOTS + band * SLOTS_PER_BAND - 1) * slotMs(modulation)
  return HANDLING_MS + (waitMs + packetMs) / (1 - Math.min(othersShare, MOST_LOAD))
}

function bandOf(ownShare: number): number {
  const above = (ownShare - LOWEST_BAND_SHARE) / (HIGHEST_BAND_SHARE - LOWEST_BAND_SHARE)
  return Math.min(BANDS, 1 + Math.max(0, Math.ceil(above * (BANDS - 1))))
}

/** A share of the recent past for modems that do not tell it: what is older counts less and less. */
export class RecentShare {
  #sumMs = 0
  #atMs = 0

  add(airtimeMs: number, nowMs: number): void {
    this.#sumMs = this.#sumAt(nowMs) + airtimeMs
    this.#atMs = nowMs
  }

  /** 0 to 1. */
  at(nowMs: number): number {
    return Math.min(1, this.#sumAt(nowMs) / WINDOW_MS)
  }

  #sumAt(nowMs: number): number {
    return this.#sumMs * Math.exp((this.#atMs - nowMs) / WINDOW_MS)
  }
}
