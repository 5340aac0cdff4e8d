/**
 * LoRa time on air, exact: the formula of Semtech's SX1261/2 data sheet (section 6.1.4). Regulators count
 * time on air, so whoever keeps a duty cycle needs it to the symbol.
 */

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

/** How long one symbol lasts, ms. */
export function symbolMs({ spreadingFactor, bandwidthHz }: Modulation): number {
  return (2 ** spreadingFactor * 1000) / bandwidthHz
}

/** Whether symbols last 16 ms or more: Semtech's and RadioLib's rule for the low data rate optimisation. */
export function hasLongSymbols(modulation: Modulation): boolean {
  return symbolMs(modulation) >= 16
}

/** How long a frame of `bytes` (0 to 255) is on the air, ms. */
export function airtimeMs(modulation: Modulation, bytes: number): number {
  return preambleMs(modulation) + payloadSymbols(modulation, bytes) * symbolMs(modulation)
}

/** The part of a frame in which receivers find it and fall into step, ms. */
export function preambleMs(modulation: Modulation): number {
  const sync = isFastOnSx126x(modulation) ? 6.25 : 4.25
  return (modulation.preambleSymbols + sync) * symbolMs(modulation)
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

/** What is left for bits once symbols and code are accounted for, without preamble and header. */
export function bitsPerSecond(modulation: Modulation): number {
  const bitsPerSymbol = modulation.spreadingFactor * (4 / modulation.codingRate)
  return (bitsPerSymbol * 1000) / symbolMs(modulation)
}
