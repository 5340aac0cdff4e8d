/** Radios on a line, for the tests of this folder. */
import { seededRandom } from '../../../src/runtime/random.ts'
import { VirtualClock } from '../../../src/sim/clock.ts'
import { type MediumOptions, RadioMedium } from '../../../src/sim/radio/medium.ts'
import type { PathLoss } from '../../../src/sim/radio/propagation.ts'
import type { Radio, RadioSettings, SignalReport } from '../../../src/sim/radio/radio.ts'
import { rnodeModulation } from '../../../src/transport/lora/rnode-timing.ts'

/** One dB for each metre over 100 dB: what reaches whom can be worked out in one's head. */
const DB_PER_METRE: PathLoss = (m) => 100 + m

export const SF8 = rnodeModulation(8, 125_000, 5)

/** With 14 dBm, read down to -127 dBm, so 41 m far; noticed 3 m further. */
export const RANGE_M = 41

export interface Heard {
  readonly at: number
  readonly frame: Uint8Array
  readonly signal: SignalReport
}

export interface Station {
  readonly radio: Radio
  readonly heard: Heard[]
}

export class RadioBench {
  readonly clock = new VirtualClock()
  readonly medium: RadioMedium

  constructor(options: Partial<MediumOptions> = {}) {
    this.medium = new RadioMedium({
      clock: this.clock,
      random: seededRandom('radio bench'),
      pathLoss: DB_PER_METRE,
      ...options,
    })
  }

  station(label: string, x: number, settings: Partial<RadioSettings> = {}): Station {
    const heard: Heard[] = []
    const radio = this.medium.attach(
      { label, position: { x, y: 0 }, modulation: SF8, ...settings },
      {
        received: (frame, signal) => heard.push({ at: this.clock.monotonic(), frame, signal }),
        transmitted: () => undefined,
      },
    )
    return { radio, heard }
  }
}

export function frameOf(length: number, first = 0): Uint8Array {
  const frame = new Uint8Array(length).fill(7)
  frame[0] = first
  return frame
}
