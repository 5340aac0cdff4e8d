import { Child } from './child.ts'
import type { CoreCommands, Step } from './fixtures/core.ts'
import { atLeast, type Bench, type Row, row } from './report.ts'
import { alternate, ratios } from './stats.ts'

/** A large mesh, and one that fills the path table of a default configuration. */
const DESTINATIONS = [10_000, 65_536]
const FULL = { frames: 200_000, rounds: 9 }
const QUICK = { frames: 40_000, rounds: 2 }

export const core: Bench = {
  name: 'core',
  title: 'Header parse, duplicate check and route lookup, no crypto',
  async run({ quick, profile }) {
    const amount = quick ? QUICK : FULL
    const rows: Row[] = []
    for (const destinations of DESTINATIONS) rows.push(...(await measure(destinations, amount, profile)))
    return {
      workload:
        `MeshRouter.inspect and accept on ${amount.frames.toLocaleString('en')} distinct signed envelopes of 314 bytes, ` +
        'made beforehand, between known destinations; one thread, no signature checked. 200,000 messages are remembered.',
      against:
        'the same work with an object for each header, strings as keys, a Map of paths and a Set of seen messages.',
      rows,
      notes: [
        'Rates are per second of CPU time of the thread, so that other programs on the machine do not count.',
        'Each 64 KiB of frames is copied into one receive buffer first, as decryption would write it there; this ' +
          'is in the time. Sources and destinations are drawn evenly from all, which no cache likes: real traffic has ' +
          'favourites.',
      ],
    }
  },
}

/** In a process of its own, so that no size works on the heap that another has left. */
async function measure(
  destinations: number,
  { frames, rounds }: typeof FULL,
  profile: string | undefined,
): Promise<Row[]> {
  await using child = new Child<CoreCommands>('core', { name: `core-${destinations}`, profile })
  await child.call('prepare', { destinations, frames })
  const wall: number[] = []
  const rate = async (step: Step): Promise<number> => {
    const { perSecond, perCpuSecond } = await child.call('measure', step)
    if (step === 'step') wall.push(perSecond)
    return perCpuSecond
  }
  for (const step of ['step', 'plain', 'inspect', 'find', 'dedup'] as const) await rate(step)
  wall.length = 0
  const rates = await alternate(rounds, {
    step: () => rate('step'),
    plain: () => rate('plain'),
    inspect: () => rate('inspect'),
    find: () => rate('find'),
    dedup: () => rate('dedup'),
  })
  const name = `${destinations.toLocaleString('en')} destinations`
  return [
    row(`${name}: inspect + accept`, 'frames/s', rates.step, atLeast(2_000_000)),
    row(`${name}: against Map and Set`, 'ratio', ratios(rates.step, rates.plain)),
    row(`${name}: inspect + accept by the wall clock`, 'frames/s', wall),
    row(`${name}: Map and Set`, 'frames/s', rates.plain),
    row(`${name}: inspect alone`, 'frames/s', rates.inspect),
    row(`${name}: AddressIndex.find`, 'lookups/s', rates.find),
    row(`${name}: Dedup has + add`, 'frames/s', rates.dedup),
  ]
}
