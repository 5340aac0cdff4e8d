/**
 * When a radio may speak: as an RNode does it. The channel has to be quiet for two slots and then for a
 * number of slots drawn from a window, which lies further off the more the radio has sent of late. When
 * somebody else speaks meanwhile, the two slots begin anew; what was waited of the others counts.
 */
import type { Clock, Timer } from '../../runtime/clock.ts'
import type { Random } from '../../runtime/random.ts'
import { slotMs } from '../../transport/lora/rnode-timing.ts'
import type { AirtimeLedger } from './airtime-ledger.ts'
import type { Radio } from './radio.ts'

/** Where the frames come from. */
export interface FrameSource {
  /** The length of the frame that goes next, bytes, or undefined. */
  nextBytes(): number | undefined
  /** Takes it. */
  take(): Uint8Array
}

const QUIET_SLOTS = 2
const WINDOW_SLOTS = 15
const BANDS = 4
/** What counts as of late, ms. */
const RECENT_MS = 15_000
/** A radio that sends less than the first share of the time is in the lowest band, one with more than the second in the highest. */
const LOWEST_BAND_SHARE = 0.07
const HIGHEST_BAND_SHARE = 0.85

export class ChannelAccess {
  readonly slotMs: number
  readonly #radio: Radio
  readonly #ledger: AirtimeLedger
  readonly #source: FrameSource
  readonly #clock: Clock
  readonly #random: Random
  #timer: Timer | undefined
  /** Whether the timer runs for the duty cycle alone: a shorter frame may go earlier. */
  #waitsForDuty = false
  #quiet = 0
  /** Slots still to be waited; undefined when none have been drawn. */
  #backoff: number | undefined

  constructor(radio: Radio, ledger: AirtimeLedger, source: FrameSource, clock: Clock, random: Random) {
    this.slotMs = slotMs(radio.modulation)
    this.#radio = radio
    this.#ledger = ledger
    this.#source = source
    this.#clock = clock
    this.#random = random
  }

  /** How long a radio waits on a quiet channel on average, ms. */
  get meanWaitMs(): number {
    return (QUIET_SLOTS + (WINDOW_SLOTS - 1) / 2) * this.slotMs
  }

  /** There may be something to send: to be called when a frame is queued and when one has left. */
  wake(): void {
    if (this.#radio.isSending || (this.#timer !== undefined && !this.#waitsForDuty)) return
    this.stop()
    const wait = this.#dutyWaitMs()
    if (wait !== undefined) this.#listenIn(wait, wait > 0)
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** Until the duty cycle lets the next frame go, whole ms; undefined where there is none. */
  #dutyWaitMs(): number | undefined {
    const bytes = this.#source.nextBytes()
    if (bytes === undefined) return undefined
    const now = this.#clock.monotonic()
    return Math.ceil(this.#ledger.earliest(now, this.#radio.airtimeMs(bytes)) - now)
  }

  #listenIn(delayMs: number, waitsForDuty = false): void {
    this.#waitsForDuty = waitsForDuty
    this.#timer = this.#clock.setTimer(delayMs, () => {
      this.#timer = undefined
      this.#listen()
    })
  }

  #listen(): void {
    const wait = this.#dutyWaitMs()
    if (wait === undefined) return
    if (wait > 0) {
      this.#listenIn(wait, true)
      return
    }
    if (this.#radio.isBusy) {
      this.#quiet = 0
    } else {
      this.#backoff ??= this.#drawBackoff()
      if (this.#quiet < QUIET_SLOTS) this.#quiet += 1
      else if (this.#backoff > 0) this.#backoff -= 1
      else {
        this.#transmit()
        return
      }
    }
    this.#listenIn(this.slotMs)
  }

  #transmit(): void {
    const frame = this.#source.take()
    this.#quiet = 0
    this.#backoff = undefined
    this.#ledger.add(this.#clock.monotonic(), this.#radio.airtimeMs(frame.length))
    this.#radio.transmit(frame)
  }

  #drawBackoff(): number {
    const share = this.#ledger.since(this.#clock.monotonic() - RECENT_MS) / RECENT_MS
    const above = (share - LOWEST_BAND_SHARE) / (HIGHEST_BAND_SHARE - LOWEST_BAND_SHARE)
    const band = Math.min(BANDS - 1, Math.floor(Math.max(0, above) * (BANDS - 1)))
    return band * WINDOW_SLOTS + this.#random.below(WINDOW_SLOTS)
  }
}
