/**
 * How the firmware measures its own airtime and how busy the channel is: in 480 bins of 7.5 s that know nothing
 * of the time before the radio went on. A frame counts in the bin in which it ends.
 */

export const BIN_MS = 7500
const BINS = 480
const HOUR_MS = BIN_MS * BINS

export interface Shares {
  /** Of this bin and the one before it, 0 to 1. */
  airtimeShort: number
  /** Of all bins, 0 to 1. */
  airtimeLong: number
  channelShort: number
  channelLong: number
}

export class AirtimeBins {
  readonly shares: Shares = { airtimeShort: 0, airtimeLong: 0, channelShort: 0, channelLong: 0 }
  /** Whole ms, as 16-bit numbers. */
  readonly #airtime = new Uint16Array(BINS)
  readonly #channel = new Float64Array(BINS)

  /** @param now ms since the modem booted, as all times here. */
  charge(now: number, ms: number): void {
    const bin = binAt(now)
    this.#airtime[bin] = (this.#airtime[bin] as number) + ms
    this.#airtime[(bin + 1) % BINS] = 0
  }

  /** @param heardShare how much of the last 7.5 s others were on the air, 0 to 1. */
  noteChannel(now: number, heardShare: number): void {
    const bin = binAt(now)
    this.shares.channelShort = Math.min(1, heardShare + this.shares.airtimeShort)
    this.#channel[bin] = Math.max(this.#channel[bin] as number, this.shares.channelShort)
    this.#channel[(bin + 1) % BINS] = 0
  }

  /** Works the shares out anew; between two calls they stay as they are. */
  update(now: number): void {
    const bin = binAt(now)
    this.#airtime[(bin + 1) % BINS] = 0
    const latest = (this.#airtime[bin] as number) + (this.#airtime[(bin + BINS - 1) % BINS] as number)
    this.shares.airtimeShort = latest / (2 * BIN_MS)
    this.shares.airtimeLong = sumOf(this.#airtime) / HOUR_MS
    this.shares.channelLong = sumOf(this.#channel) / BINS
  }

  clear(): void {
    this.#airtime.fill(0)
    this.#channel.fill(0)
    Object.assign(this.shares, { airtimeShort: 0, airtimeLong: 0, channelShort: 0, channelLong: 0 })
  }
}

function binAt(now: number): number {
  return Math.floor((now % HOUR_MS) / BIN_MS)
}

/** A plain loop: this is done once a second for each modem. */
function sumOf(numbers: Uint16Array | Float64Array): number {
  let sum = 0
  for (let i = 0; i < numbers.length; i++) sum += numbers[i] as number
  return sum
}
