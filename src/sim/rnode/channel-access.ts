/**
 * When an RNode speaks: after the channel was quiet for two slots and then for a number of slots that is drawn
 * from a window. When somebody else speaks meanwhile, the two slots begin anew; what was waited of the others
 * counts. The window lies further off the more the modem has sent of late.
 */
import type { Clock, Timer } from '../../runtime/clock.ts'
import type { Random } from '../../runtime/random.ts'
import type { Timing } from './settings.ts'

const BANDS = 4
const SLOTS_PER_BAND = 15
/** Up to this per cent of short-term airtime a modem is in the first band. */
const FIRST_BAND_PERCENT = 7
const LAST_BAND_PERCENT = 85

export interface Band {
  readonly band: number
  readonly least: number
  readonly most: number
}

export interface AccessListener {
  /** Whether the channel is free, as far as this modem can tell. */
  isFree(): boolean
  /** Now is the moment. */
  access(): void
}

export class ChannelAccess {
  readonly #clock: Clock
  readonly #random: Random
  readonly #listener: AccessListener
  readonly #scale: number
  /** The first window is one slot wider than it is once the band has changed and changed back. */
  #band: Band = { band: 1, least: 0, most: SLOTS_PER_BAND }
  #timing: Timing
  #timer: Timer | undefined
  /** How long to wait after the quiet slots, ms; drawn once for each access. */
  #target: number | undefined
  #waited = 0
  /** Since when the slots of the window are being counted. */
  #countingSince: number | undefined

  /** @param scale all waiting is this many times as long. */
  constructor(clock: Clock, random: Random, timing: Timing, listener: AccessListener, scale: number) {
    this.#clock = clock
    this.#random = random
    this.#timing = timing
    this.#listener = listener
    this.#scale = scale
  }

  get band(): Band {
    return this.#band
  }

  setTiming(timing: Timing): void {
    this.#timing = timing
  }

  /** @returns whether the band has changed. */
  setAirtime(share: number): boolean {
    const percent = Math.floor(share * 100)
    const above = Math.floor((percent * (BANDS - 2)) / (LAST_BAND_PERCENT - FIRST_BAND_PERCENT))
    const band = percent <= FIRST_BAND_PERCENT ? 1 : Math.min(BANDS, 2 + above)
    if (band === this.#band.band) return false
    this.#band = { band, least: (band - 1) * SLOTS_PER_BAND, most: band * SLOTS_PER_BAND - 1 }
    return true
  }

  /** There is something to send, and nothing but the channel keeps it: to be called when that begins. */
  want(): void {
    if (this.#timer !== undefined) return
    if (this.#target === undefined) {
      const { least, most } = this.#band
      this.#target = (least + this.#random.below(most - least)) * this.#timing.slotMs * this.#scale
    }
    if (!this.#listener.isFree()) return
    this.#timer = this.#clock.setTimer(this.#timing.difsMs * this.#scale, () => this.#countSlots())
  }

  /** The channel has become busy. */
  interrupt(): void {
    if (this.#countingSince !== undefined) this.#waited += this.#clock.monotonic() - this.#countingSince
    this.pause()
  }

  /** Nothing is to be sent for now. What was drawn and what was waited stays. */
  pause(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#countingSince = undefined
  }

  #countSlots(): void {
    this.#countingSince = this.#clock.monotonic()
    const left = Math.max(0, (this.#target ?? 0) - this.#waited)
    this.#timer = this.#clock.setTimer(left, () => {
      this.pause()
      this.#target = undefined
      this.#waited = 0
      this.#listener.access()
    })
  }
}
