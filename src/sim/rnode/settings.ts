/** What a host can set, and what the radio chip makes of it. */
import type { Modulation } from '../../transport/lora/airtime.ts'
import { rnodeModulation } from '../../transport/lora/rnode-timing.ts'
import type { Board, Chip } from './board.ts'

/** As last told. Nothing is in force before the radio is on. */
export interface Settings {
  /** 0 until set. */
  frequencyHz: number
  /** 0 until set. */
  bandwidthHz: number
  /** 0 until set. */
  spreadingFactor: number
  /** The denominator: 5 to 8. */
  codingRate: number
  /** 255 until set. */
  powerDbm: number
}

export const UNSET_POWER = 0xff

export function newSettings(): Settings {
  return { frequencyHz: 0, bandwidthHz: 0, spreadingFactor: 0, codingRate: 5, powerDbm: UNSET_POWER }
}

/** Something that the radio cannot do without is not set: it refuses to go on. */
export function isLocked({ frequencyHz, bandwidthHz, spreadingFactor, powerDbm }: Settings): boolean {
  return frequencyHz === 0 || bandwidthHz === 0 || spreadingFactor === 0 || powerDbm === UNSET_POWER
}

const BANDWIDTHS_HZ = [7800, 10_400, 15_600, 20_800, 31_250, 41_700, 62_500, 125_000, 250_000, 500_000]
const SX127X_STEP_HZ = 32e6 / 2 ** 19
const LEAST_SF = { sx126x: 5, sx127x: 6 } as const

/** The next bandwidth that the chip has. */
export function chipBandwidth(bandwidthHz: number): number {
  return BANDWIDTHS_HZ.find((known) => bandwidthHz <= known) ?? (BANDWIDTHS_HZ.at(-1) as number)
}

/** The frequency that the chip says it is tuned to. */
export function chipFrequency(chip: Chip, frequencyHz: number): number {
  if (chip === 'sx126x') return frequencyHz
  return Math.floor(Math.floor(frequencyHz / SX127X_STEP_HZ) * SX127X_STEP_HZ)
}

/** How the radio of this board modulates with these settings, of which nothing may be unset. */
export function modulationOf({ chip, hasTelemetry }: Board, settings: Settings): Modulation {
  const spreadingFactor = Math.max(settings.spreadingFactor, LEAST_SF[chip])
  const bandwidthHz = chipBandwidth(settings.bandwidthHz)
  const modulation = rnodeModulation(spreadingFactor, bandwidthHz, settings.codingRate)
  // The firmware of boards without telemetry does not adapt the preamble; an SX127x is told four symbols less.
  const preamble = hasTelemetry ? modulation.preambleSymbols : LEAST_PREAMBLE_SYMBOLS
  return { ...modulation, chip, preambleSymbols: chip === 'sx127x' ? preamble - 4 : preamble }
}

const LEAST_PREAMBLE_SYMBOLS = 18
const PREAMBLE_MS = 24
const FAST_PREAMBLE_MS = 6
const LEAST_SLOT_MS = 24
const FAST_SLOT_MS = 6
const MOST_SLOT_MS = 100
const SLOT_SYMBOLS = 12
const FAST_BITS_PER_S = 30_000
/** From here on only one packet is sent for each access to the channel. */
const GUARDED_BITS_PER_S = 14_000

/** Times as the firmware works them out, in the whole numbers that it keeps them in. */
export interface Timing {
  readonly symbolMs: number
  readonly preambleSymbols: number
  readonly preambleMs: number
  readonly slotMs: number
  readonly difsMs: number
  /** Whether the whole queue is sent at one access. */
  readonly sendsAll: boolean
}

export const AVR_TIMING: Timing = {
  symbolMs: 0,
  preambleSymbols: LEAST_PREAMBLE_SYMBOLS,
  preambleMs: 0,
  slotMs: LEAST_SLOT_MS,
  difsMs: 2 * LEAST_SLOT_MS,
  sendsAll: true,
}

export function timingOf(modulation: Modulation): Timing {
  const { spreadingFactor, codingRate } = modulation
  const symbol = nominalSymbolMs(modulation)
  const rate = Math.floor((spreadingFactor * (4 / codingRate) * 1000) / symbol)
  const isFast = rate > FAST_BITS_PER_S
  const wanted = (isFast ? FAST_PREAMBLE_MS : PREAMBLE_MS) / symbol
  const preambleSymbols = Math.max(LEAST_PREAMBLE_SYMBOLS, Math.ceil(wanted))
  const slot = Math.min(Math.floor(SLOT_SYMBOLS * symbol), MOST_SLOT_MS)
  const slotMs = slot < LEAST_SLOT_MS ? (isFast ? FAST_SLOT_MS : LEAST_SLOT_MS) : slot
  return {
    symbolMs: symbol,
    preambleSymbols,
    preambleMs: Math.ceil(preambleSymbols * symbol),
    slotMs,
    difsMs: 2 * slotMs,
    sendsAll: rate <= GUARDED_BITS_PER_S,
  }
}

/**
 * What the firmware charges itself for a LoRa frame, ms. It rounds no symbol up and leaves out most of the sync
 * word, so it is less than the frame takes.
 *
 * @param bytes with the header byte
 */
export function chargedMs(modulation: Modulation, { preambleSymbols }: Timing, bytes: number): number {
  const { spreadingFactor: sf, codingRate, lowDataRate = false, chip } = modulation
  const isFast = chip !== 'sx127x' && sf < 7
  const bits = 8 * bytes + 16 - 4 * sf + 20 + (isFast ? 0 : 8)
  const symbols = (bits / (4 * (sf - (lowDataRate && !isFast ? 2 : 0)))) * codingRate
  return (preambleSymbols + (isFast ? 2.25 : 0.25) + 8 + symbols) * nominalSymbolMs(modulation)
}

/** The firmware takes a bandwidth for what it is called. */
function nominalSymbolMs({ spreadingFactor, bandwidthHz }: Modulation): number {
  return (2 ** spreadingFactor * 1000) / bandwidthHz
}
