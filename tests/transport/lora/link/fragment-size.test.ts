import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom } from '../../../../src/runtime/random.ts'
import { airtimeMs } from '../../../../src/transport/lora/airtime.ts'
import { FragmentSize, SIZE_DIVISORS, sizeOf } from '../../../../src/transport/lora/link/fragment-size.ts'
import { rnodeModulation } from '../../../../src/transport/lora/rnode-timing.ts'
import { LinkBench } from './bench.ts'

const LONGEST = 238
const OVERHEAD = 16
const modulation = rnodeModulation(9, 125_000, 5)
const airtime = (bytes: number): number => airtimeMs(modulation, bytes + OVERHEAD)

/** What is chosen in the end where packets get lost like this, after each choice has been tried a while. */
function settled(lossOf: (bytes: number) => number, seed: string): number[] {
  const random = seededRandom(seed)
  const sizes = new FragmentSize()
  return Array.from({ length: 400 }, (_, now) => {
    const step = sizes.choose(LONGEST, airtime, now)
    sizes.observe(step, random.float() < lossOf(sizeOf(LONGEST, step) + OVERHEAD), now)
    return step
  }).slice(200)
}

const share = (steps: readonly number[], step: number): number =>
  steps.filter((one) => one === step).length / steps.length

describe('the size of fragments', () => {
  it('is the longest where nothing is known, and where nothing gets lost', () => {
    assert.equal(new FragmentSize().choose(LONGEST, airtime, 0), 0)
    assert.deepEqual(new Set(settled(() => 0, 'quiet')), new Set([0]))
  })

  it('stays the longest where packets collide, whatever their length', () => {
    assert.ok(
      share(
        settled(() => 0.3, 'collisions'),
        0,
      ) > 0.6,
    )
  })

  it('shrinks where every byte may be the one that spoils a packet', () => {
    const noisy = settled((bytes) => 1 - 0.992 ** bytes, 'noise')
    assert.ok(share(noisy, 0) < 0.2, `the longest ${share(noisy, 0)} of the time`)
  })

  it('grows again when the noise has gone, and when nothing is known any more', () => {
    const sizes = new FragmentSize()
    for (let n = 0; n < 40; n++) {
      sizes.observe(0, true, n)
      sizes.observe(2, n % 3 === 0, n)
    }
    assert.notEqual(sizes.choose(LONGEST, airtime, 3_600_000), 0)
    assert.equal(sizes.choose(LONGEST, airtime, 3_600_040), 0)
    for (let n = 40; n < 80; n++) sizes.observe(2, false, n)
    assert.equal(sizes.choose(LONGEST, airtime, 80), 0)
  })

  for (const [name, lossOf, shrinks] of [
    ['noise', (bytes: number) => 1 - 0.992 ** bytes, true],
    ['silence', () => 0, false],
  ] as const) {
    it(`follows what the link sees, with ${name}`, () => {
      const bench = new LinkBench(`sizes in ${name}`)
      const [a, b] = bench.nodes(['alice', 'bob'])
      assert.ok(a !== undefined && b !== undefined)
      const random = seededRandom('losses')
      bench.air.isLost = (_from, _to, packet) => random.float() < lossOf(packet.length)
      for (let n = 0; n < 12; n++) {
        a.send(b, bench.frame(a, b, 1500))
        bench.clock.advance(300_000)
      }
      assert.equal(b.host.frames.filter((frame) => frame.length > 1500).length, 12)
      const lengths = bench.air.log.slice(-100).map(({ packet }) => packet.length)
      const long = lengths.filter((length) => length > LONGEST * 0.7).length
      const short = lengths.filter((length) => length > 40 && length <= LONGEST * 0.7).length
      assert.equal(short > 2 * long, shrinks, `${long} long packets, ${short} short ones`)
    })
  }

  it('keeps to what 64 fragments can hold', () => {
    const bench = new LinkBench('long')
    const [a, b] = bench.nodes(['alice', 'bob'])
    assert.ok(a !== undefined && b !== undefined)
    for (const neighbour of a.transport.station.roster.all) {
      for (let n = 0; n < 40; n++) {
        neighbour.fragmentSize.observe(0, true, 0)
        neighbour.fragmentSize.observe(2, false, 0)
      }
    }
    const { mtu = 0 } = a.to(b)?.profile ?? {}
    assert.ok(a.send(b, bench.frame(a, b, mtu - 200)))
    bench.clock.advance(300_000)
    assert.ok(b.host.frames.some((frame) => frame.length > mtu - 200))
    assert.ok(sizeOf(LONGEST, SIZE_DIVISORS.length - 1) * 64 < mtu)
  })
})
