/**
 * LoRa time on air, exact: the formula of Semtech's SX1261/2 data sheet (section 6.1.4). Regulators count
 * time on air, so whoever keeps a duty cycle needs it to the microsecond.
 */
import { MeshError } from '../../runtime/errors.ts'

/** How a radio modulates. All radios of one network agree on it. */
export interface Modulation {
  /** 5 to 12: each symbol carries this many bits and lasts 2^SF / bandwidth. */
  readonly spreadingFactor: number
  readonly bandwidthHz: number
  /** The denominator of the code rate 4/5 to 4/8: 5 to 8. */
  readonly codingRate: number
  /** Without the 4.25 symbols of sync word that follow; 6.25 at SF 5 and 6. */
  readonly preambleSymbols: number
  /** Low data rate optimisation: two bits less in a symbol. Unless given, as {@link hasLongSymbols} says. */
  readonly lowDataRate?: boolean
  /** Leaves out the header that tells length and code rate. Default false. */
  readonly implicitHeader?: boolean
  /** Ends the frame with a checksum. Default true. */
  readonly crc?: boolean
  /** The SX126x has a longer sync word at SF 5 and 6 than the SX127x. Default `sx126x`. */
  readonly chip?: 'sx126x' | 'sx127x'
}

/** The longest frame of the modem, bytes. */
export const MAX_LORA_BYTES = 255

/**
 * How long a chip lasts at the bandwidths that go by a rounded name, microseconds: 41,700 Hz are in truth a
 * third of 125,000. By their names some symbols would come out shorter than they are.
 */
const CHIP_US: ReadonlyMap<number, number> = new Map([
  [7_800, 128],
  [10_400, 96],
  [15_600, 64],
  [20_800, 48],
  [41_700, 24],
])

/** How long one symbol lasts, ms. */
export function symbolMs({ spreadingFactor, bandwidthHz }: Modulation): number {
  const chipUs = CHIP_US.get(bandwidthHz)
  return chipUs === undefined
    ? (2 ** spreadingFactor * 1000) / bandwidthHz
    : (2 ** spreadingFactor * chipUs) / 1000
}

/** Whether symbols last 16 ms or more: Semtech's and RadioLib's rule for the low data rate optimisation. */
export function hasLongSymbols(modulation: Modulation): boolean {
  return symbolMs(modulation) >= 16
}

/** How long a frame of `bytes` (0 to 255) is on the air, ms. */
export function airtimeMs(modulation: Modulation, bytes: number): number {
  return preambleMs(modulation) + payloadSymbols(modulation, bytes) * symbolMs(modulation)
}

/**
 * How long a frame of `bytes` is on the air, whole microseconds. That is exact for every bandwidth of an
 * SX126x or SX127x; what is not whole at others is rounded up, since the law is strict.
 *
 * @param bytes 0 to 255
 * @throws MeshError ERR_USAGE for settings that no such radio has.
 */
export function airtimeUs(modulation: Modulation, bytes: number): number {
  check(modulation, bytes)
  const { spreadingFactor, bandwidthHz } = modulation
  const quarters = 4 * symbols(modulation, bytes)
  const chips = quarters * 2 ** spreadingFactor
  const chipUs = CHIP_US.get(bandwidthHz)
  // Whole numbers below 2^53 all the way.
  return chipUs === undefined ? ceilDivide(chips * 250_000, bandwidthHz) : ceilDivide(chips * chipUs, 4)
}

/** All of a frame of `bytes`, symbols; a quarter of one is the least there is. */
export function symbols(modulation: Modulation, bytes: number): number {
  return modulation.preambleSymbols + syncSymbols(modulation) + payloadSymbols(modulation, bytes)
}

/** The part of a frame in which receivers find it and fall into step, ms. */
export function preambleMs(modulation: Modulation): number {
  return (modulation.preambleSymbols + syncSymbols(modulation)) * symbolMs(modulation)
}

/** What is left for bits once symbols and code are accounted for, without preamble and header. */
export function bitsPerSecond(modulation: Modulation): number {
  const bitsPerSymbol = modulation.spreadingFactor * (4 / modulation.codingRate)
  return (bitsPerSymbol * 1000) / symbolMs(modulation)
}

function syncSymbols(modulation: Modulation): number {
  return isFastOnSx126x(modulation) ? 6.25 : 4.25
}

/** Header, payload and checksum, symbols. */
function payloadSymbols(modulation: Modulation, bytes: number): number {
  const { spreadingFactor: sf, codingRate, lowDataRate = hasLongSymbols(modulation) } = modulation
  const crcBits = modulation.crc === false ? 0 : 16
  const headerBits = modulation.implicitHeader === true ? 0 : 20
  // The first 8 symbols hold some of the payload too, except at SF 5 and 6 on the newer chip.
  const bits = 8 * bytes + crcBits - 4 * sf + headerBits + (isFastOnSx126x(modulation) ? 0 : 8)
  const bitsPerBlock = 4 * (lowDataRate ? sf - 2 : sf)
  return 8 + Math.max(0, Math.ceil(bits / bitsPerBlock)) * codingRate
}

function isFastOnSx126x({ spreadingFactor, chip = 'sx126x' }: Modulation): boolean {
  return spreadingFactor < 7 && chip === 'sx126x'
}

/** Exact for whole numbers up to 2^53, where a quotient could round to the whole number below. */
function ceilDivide(dividend: number, divisor: number): number {
  const rest = dividend % divisor
  return (dividend - rest) / divisor + (rest === 0 ? 0 : 1)
}

function check(modulation: Modulation, bytes: number): void {
  const { spreadingFactor, bandwidthHz, codingRate, preambleSymbols } = modulation
  const within = (value: number, least: number, most: number): boolean =>
    Number.isInteger(value) && value >= least && value <= most
  const isSound =
    within(spreadingFactor, 5, 12) &&
    within(bandwidthHz, 7_800, 1_625_000) &&
    within(codingRate, 5, 8) &&
    within(preambleSymbols, 0, 65_535) &&
    within(bytes, 0, MAX_LORA_BYTES)
  if (isSound) return
  const settings = `SF ${spreadingFactor}, ${bandwidthHz} Hz, 4/${codingRate}, preamble ${preambleSymbols}`
  throw new MeshError('ERR_USAGE', `no LoRa frame has ${bytes} bytes at ${settings}`)
}
