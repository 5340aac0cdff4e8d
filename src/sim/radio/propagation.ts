/** How much of a signal is left at a distance, and how little of one a LoRa receiver can still read. */
import type { Modulation } from '../../transport/lora/airtime.ts'

/** Metres on a plane. */
export interface Position {
  readonly x: number
  readonly y: number
}

/** Loss in dB over a distance in metres. */
export type PathLoss = (distanceM: number) => number

/** Nearer than this no model holds. */
const NEAREST_M = 1

export function distanceM(a: Position, b: Position): number {
  return Math.hypot(a.x - b.x, a.y - b.y)
}

/**
 * Loss that grows by `10 * exponent` dB with each decade of distance. The defaults are those measured for
 * LoRa in a built-up area by Bor, Roedig, Voigt and Alonso (2016).
 */
export function logDistance({ exponent = 2.08, referenceM = 40, referenceDb = 127.41 } = {}): PathLoss {
  return (m) => referenceDb + 10 * exponent * Math.log10(Math.max(m, NEAREST_M) / referenceM)
}

export interface MacroCell {
  readonly frequencyHz: number
  /** Height of both antennas, m. */
  readonly antennaM: number
  /** 0 in suburbs, 3 in a metropolis. */
  readonly extraDb?: number
}

/** The macro-cell model of 3GPP TR 25.996 with both antennas near the ground, as Meshtasticator has it. */
export function macroCell({ frequencyHz, antennaM, extraDb = 0 }: MacroCell): PathLoss {
  const height = Math.log10(antennaM)
  const fixed =
    45.5 +
    (35.46 - 1.1 * antennaM) * Math.log10(frequencyHz / 1e6) -
    13.82 * height +
    0.7 * antennaM +
    extraDb
  const perDecade = 44.9 - 6.55 * height
  return (m) => fixed + perDecade * Math.log10(Math.max(m, NEAREST_M) / 1000)
}

/** The distance at which a signal has lost `budgetDb`, m. */
export function rangeM(pathLoss: PathLoss, budgetDb: number): number {
  let [near, far] = [NEAREST_M, 1e7]
  while (far - near > 0.01) {
    const middle = (near + far) / 2
    if (pathLoss(middle) <= budgetDb) near = middle
    else far = middle
  }
  return near
}

const NOISE_FIGURE_DB = 6
/** Signal over noise that a receiver needs, from SF 5 to 12, dB (Semtech AN1200.22). */
const REQUIRED_SNR_DB = [-2.5, -5, -7.5, -10, -12.5, -15, -17.5, -20] as const

/** What a receiver hears where nobody sends, dBm. */
export function noiseFloorDbm({ bandwidthHz }: Modulation): number {
  return -174 + 10 * Math.log10(bandwidthHz) + NOISE_FIGURE_DB
}

/** The weakest signal that can be read, dBm. */
export function sensitivityDbm(modulation: Modulation): number {
  return noiseFloorDbm(modulation) + (REQUIRED_SNR_DB[modulation.spreadingFactor - 5] as number)
}
