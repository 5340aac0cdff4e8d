/** Which modem it is: its platform, its board, and the radio chip, on which its time on air depends. */
import { airtimeMs, MAX_LORA_BYTES, type Modulation } from '../airtime.ts'
import type { ModemSettings } from '../modem.ts'
import { rnodeModulation } from '../rnode-timing.ts'

export const Platform = { esp32: 0x80, avr: 0x90, nrf52: 0x70 } as const

const PLATFORM_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(Platform).map(([name, platform]) => [platform, name]),
)

const MCU_NAMES: ReadonlyMap<number, string> = new Map([
  [0x91, 'ATmega1284P'],
  [0x92, 'ATmega2560'],
  [0x81, 'ESP32'],
  [0x71, 'nRF52'],
])

export type RadioChip = 'sx126x' | 'sx127x'

/** Boards with their chip, where all of that number have the same. */
const BOARDS: ReadonlyMap<number, readonly [name: string, chip?: RadioChip]> = new Map([
  [0x31, ['RNode', 'sx127x']],
  [0x32, ['home-made RNode', 'sx127x']],
  [0x33, ['LilyGO T-Beam']],
  [0x34, ['Adafruit Huzzah32']],
  [0x35, ['ESP32 board']],
  [0x36, ['LilyGO LoRa32 v2.0', 'sx127x']],
  [0x37, ['LilyGO LoRa32 v2.1', 'sx127x']],
  [0x38, ['Heltec LoRa32 v2', 'sx127x']],
  [0x39, ['LilyGO LoRa32 v1.0', 'sx127x']],
  [0x3a, ['Heltec LoRa32 v3', 'sx126x']],
  [0x3b, ['LilyGO T-Deck', 'sx126x']],
  [0x3c, ['Heltec T114', 'sx126x']],
  [0x3d, ['LilyGO T-Beam Supreme', 'sx126x']],
  [0x3e, ['Seeed XIAO ESP32S3', 'sx126x']],
  [0x3f, ['Heltec LoRa32 v4', 'sx126x']],
  [0x40, ['RNode v2.0', 'sx127x']],
  [0x41, ['RNode v2.1', 'sx127x']],
  [0x42, ['LilyGO T3S3']],
  [0x44, ['LilyGO T-Echo', 'sx126x']],
  [0x50, ['nRF52 board']],
  [0x51, ['RAK4631', 'sx126x']],
])

export function platformName(platform: number): string {
  return PLATFORM_NAMES.get(platform) ?? unknown('platform', platform)
}

export function mcuName(mcu: number): string {
  return MCU_NAMES.get(mcu) ?? unknown('MCU', mcu)
}

export function boardName(board: number): string {
  return BOARDS.get(board)?.[0] ?? unknown('board', board)
}

/** The SX127x can only be tuned to multiples of this, Hz. */
const SX127X_STEP_HZ = 32e6 / 2 ** 19

/** The radio chip of boards of this kind; undefined where there are both. */
export function usualChip(platform: number | undefined, board: number | undefined): RadioChip | undefined {
  if (platform === Platform.avr) return 'sx127x'
  if (platform === Platform.nrf52) return 'sx126x'
  return board === undefined ? undefined : BOARDS.get(board)?.[1]
}

/**
 * The radio chip, from what the modem says is in force when it was told to tune to `askedHz`; undefined where
 * that fits both and the board has either.
 */
export function radioChip(
  platform: number | undefined,
  board: number | undefined,
  askedHz: number,
  tunedHz: number,
): RadioChip | undefined {
  if (tunedHz !== askedHz) return 'sx127x'
  const usual = usualChip(platform, board)
  if (usual !== undefined) return usual
  // The older chip would have had to move to a multiple of its step, and would have said so.
  return Number.isInteger(askedHz / SX127X_STEP_HZ) ? undefined : 'sx126x'
}

/** How many symbols fewer of preamble the firmware asks of an SX127x than of an SX126x. */
const SX127X_PREAMBLE_CUT = 4
/** The firmware of AVR boards has one preamble for all settings. */
const AVR_PREAMBLE_SYMBOLS = 18

/** What a modem tells of its preamble beyond so many times the usual one is a mistake. */
const LONGEST_PREAMBLE = 16

/**
 * How an RNode with these settings really modulates; with an unknown chip the way that takes longer.
 *
 * @param toldPreamble what the modem says of its preamble, symbols. Another firmware may have a longer one, and
 *   airtime that is not charged breaks the law; a shorter one is not relied on.
 */
export function modulationOf(
  settings: ModemSettings,
  platform: number | undefined,
  chip: RadioChip | undefined,
  toldPreamble = 0,
): Modulation {
  const { spreadingFactor, bandwidthHz, codingRate } = settings
  const usual = rnodeModulation(spreadingFactor, bandwidthHz, codingRate)
  const preamble = platform === Platform.avr ? AVR_PREAMBLE_SYMBOLS : usual.preambleSymbols
  const isPlausible = toldPreamble <= LONGEST_PREAMBLE * preamble
  const newer: Modulation = {
    ...usual,
    preambleSymbols: isPlausible ? Math.max(preamble, toldPreamble) : preamble,
    chip: 'sx126x',
  }
  const older: Modulation = {
    ...newer,
    chip: 'sx127x',
    preambleSymbols: newer.preambleSymbols - SX127X_PREAMBLE_CUT,
  }
  if (chip !== undefined) return chip === 'sx126x' ? newer : older
  return airtimeMs(newer, MAX_LORA_BYTES) >= airtimeMs(older, MAX_LORA_BYTES) ? newer : older
}

function unknown(what: string, number: number): string {
  return `unknown ${what} ${number.toString(16).padStart(2, '0').toUpperCase()}`
}
