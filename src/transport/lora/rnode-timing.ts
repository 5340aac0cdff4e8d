/**
 * How RNode firmware (1.86) derives its timing from spreading factor and bandwidth. Radios that do not do it
 * alike cannot hear each other or do not share the air fairly.
 */
import { bitsPerSecond, type Modulation, symbolMs } from './airtime.ts'

/** Above this rate, bit/s, the preamble and the slot are shorter. */
const FAST_BITS_PER_S = 30_000
const MIN_PREAMBLE_SYMBOLS = 18
const PREAMBLE_MS = 24
const FAST_PREAMBLE_MS = 6
const SLOT_SYMBOLS = 12
const MIN_SLOT_MS = 24
const FAST_MIN_SLOT_MS = 6
const MAX_SLOT_MS = 100

/** A modulation with the preamble and the low data rate rule of an RNode. */
export function rnodeModulation(
  spreadingFactor: number,
  bandwidthHz: number,
  codingRate: number,
): Modulation {
  const plain = { spreadingFactor, bandwidthHz, codingRate, preambleSymbols: 0 }
  const preamble = bitsPerSecond(plain) > FAST_BITS_PER_S ? FAST_PREAMBLE_MS : PREAMBLE_MS
  return {
    ...plain,
    preambleSymbols: Math.max(MIN_PREAMBLE_SYMBOLS, Math.ceil(preamble / symbolMs(plain))),
    // In whole milliseconds, so that SF 11 at 125 kHz has it off where other firmware has it on.
    lowDataRate: Math.floor(2 ** spreadingFactor / Math.floor(bandwidthHz / 1000)) > 16,
  }
}

/** The unit in which a radio waits before it speaks, ms. */
export function slotMs(modulation: Modulation): number {
  const least = bitsPerSecond(modulation) > FAST_BITS_PER_S ? FAST_MIN_SLOT_MS : MIN_SLOT_MS
  return Math.min(Math.max(least, SLOT_SYMBOLS * symbolMs(modulation)), MAX_SLOT_MS)
}
