import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  airtimeMs,
  airtimeUs,
  bitsPerSecond,
  hasLongSymbols,
  MAX_LORA_BYTES,
  type Modulation,
  preambleMs,
  symbolMs,
} from '../../../src/transport/lora/airtime.ts'
import {
  longestPacketWithin,
  MAX_PACKET_BYTES,
  packetAirtimeUs,
  packetFrames,
  rnodeModulation,
  slotMs,
} from '../../../src/transport/lora/rnode-timing.ts'

function modulation(
  spreadingFactor: number,
  bandwidthKHz: number,
  codingRate = 5,
  rest: Partial<Modulation> = {},
): Modulation {
  return { spreadingFactor, bandwidthHz: bandwidthKHz * 1000, codingRate, preambleSymbols: 8, ...rest }
}

interface Vectors {
  readonly frames: readonly (Modulation & { readonly bytes: number; readonly us: number })[]
  readonly packets: readonly {
    readonly spreadingFactor: number
    readonly bandwidthHz: number
    readonly codingRate: number
    readonly bytes: number
    readonly frames: readonly number[]
    readonly us: number
  }[]
}

const vectors = JSON.parse(
  readFileSync(new URL('../../../docs/specs/vectors/airtime.json', import.meta.url), 'utf8'),
) as Vectors

/** The same by fractions of big integers, written from the data sheet. */
function exactUs(settings: Modulation, bytes: number): bigint {
  const { spreadingFactor: sf, bandwidthHz, codingRate, preambleSymbols, lowDataRate } = settings
  const isFast = sf < 7 && settings.chip !== 'sx127x'
  const de = lowDataRate ?? (1n << BigInt(sf)) * 1000n >= 16n * BigInt(bandwidthHz)
  const bits = 8 * bytes + 16 - 4 * sf + 20 + (isFast ? 0 : 8)
  const perBlock = 4 * (sf - (de ? 2 : 0))
  let blocks = 0
  while (blocks * perBlock < bits) blocks += 1
  const quarters = BigInt(4 * preambleSymbols + (isFast ? 25 : 17) + 32 + 4 * blocks * codingRate)
  const dividend = quarters * (1n << BigInt(sf)) * 1_000_000n
  const divisor = 4n * BigInt(bandwidthHz)
  return (dividend + divisor - 1n) / divisor
}

const anyModulation = fc.record({
  spreadingFactor: fc.integer({ min: 5, max: 12 }),
  bandwidthHz: fc.oneof(
    fc.constantFrom(31_250, 62_500, 125_000, 250_000, 500_000, 203_125, 812_500, 1_625_000),
    fc.integer({ min: 45_000, max: 1_625_000 }),
  ),
  codingRate: fc.integer({ min: 5, max: 8 }),
  preambleSymbols: fc.integer({ min: 0, max: 65_535 }),
  chip: fc.constantFrom('sx126x' as const, 'sx127x' as const),
})

describe('time on air', () => {
  it('is that of the published vectors to the microsecond', () => {
    assert.ok(vectors.frames.length >= 68)
    for (const { bytes, us, ...settings } of vectors.frames) {
      assert.equal(airtimeUs(settings, bytes), us, JSON.stringify({ ...settings, bytes }))
    }
  })

  it('is exact, and rounded up where it is not whole', () => {
    fc.assert(
      fc.property(anyModulation, fc.integer({ min: 0, max: MAX_LORA_BYTES }), (any, bytes) => {
        assert.equal(BigInt(airtimeUs(any, bytes)), exactUs(any, bytes))
      }),
    )
  })

  it('is the same in milliseconds', () => {
    for (const { bytes, us, ...settings } of vectors.frames) {
      assert.ok(Math.abs(airtimeMs(settings, bytes) - us / 1000) < 1.001e-3)
    }
  })

  it('goes by what the chip does where the bandwidth has a rounded name', () => {
    // A third of 125 kHz makes symbols of three times the length; the rounded name would make them shorter.
    assert.equal(airtimeUs(modulation(7, 41.7), 51), 3 * 102_656)
    assert.equal(airtimeUs(modulation(7, 20.8), 16), 6 * 51_456)
    assert.equal(airtimeUs(modulation(7, 10.4, 5, { lowDataRate: false }), 16), 12 * 51_456)
    assert.equal(airtimeUs(modulation(7, 15.6), 16), 8 * 51_456)
    assert.equal(airtimeUs(modulation(7, 7.8, 5, { lowDataRate: false }), 16), 16 * 51_456)
    assert.equal(symbolMs(modulation(7, 41.7)), 3.072)
  })

  it('is refused for what no radio can be set to', () => {
    const good = modulation(7, 125)
    const bad: readonly (readonly [Modulation, number])[] = [
      [{ ...good, spreadingFactor: 4 }, 1],
      [{ ...good, spreadingFactor: 7.5 }, 1],
      [{ ...good, bandwidthHz: 0 }, 1],
      [{ ...good, codingRate: 9 }, 1],
      [{ ...good, preambleSymbols: -1 }, 1],
      [{ ...good, preambleSymbols: Number.NaN }, 1],
      [good, 256],
      [good, -1],
    ]
    for (const [settings, bytes] of bad) {
      assert.throws(() => airtimeUs(settings, bytes), { code: 'ERR_USAGE', message: /no LoRa frame has/ })
    }
  })

  it('never falls when a frame grows, and has the preamble in it', () => {
    const settings = fc.record({
      spreadingFactor: fc.integer({ min: 5, max: 12 }),
      bandwidthHz: fc.constantFrom(31_250, 62_500, 125_000, 250_000, 500_000),
      codingRate: fc.integer({ min: 5, max: 8 }),
      preambleSymbols: fc.integer({ min: 6, max: 1000 }),
    })
    fc.assert(
      fc.property(settings, fc.integer({ min: 0, max: MAX_LORA_BYTES - 1 }), (any, bytes) => {
        const ms = airtimeMs(any, bytes)
        assert.ok(ms <= airtimeMs(any, bytes + 1))
        assert.ok(ms >= preambleMs(any) + 8 * symbolMs(any))
      }),
    )
  })
})

describe('the timing of an RNode', () => {
  it('is that of its firmware', () => {
    const table: readonly (readonly [
      sf: number,
      kHz: number,
      bits: number,
      slot: number,
      preamble: number,
    ])[] = [
      [7, 125, 5469, 24, 24],
      [8, 125, 3125, 24, 18],
      [9, 125, 1758, 49, 18],
      [10, 125, 977, 98, 18],
      [11, 125, 537, 100, 18],
      [12, 125, 293, 100, 18],
      [7, 250, 10938, 24, 47],
      [7, 500, 21875, 24, 94],
    ]
    for (const [sf, kHz, bits, slot, preamble] of table) {
      const settings = rnodeModulation(sf, kHz * 1000, 5)
      assert.equal(Math.trunc(slotMs(settings)), slot, `slot at SF ${sf}, ${kHz} kHz`)
      assert.equal(Math.round(bitsPerSecond(settings)), bits)
      assert.equal(settings.preambleSymbols, preamble)
    }
  })

  it('leaves the low data rate off at 16.4 ms a symbol, where others have it on', () => {
    const rnode = rnodeModulation(11, 125_000, 5)
    assert.equal(rnode.lowDataRate, false)
    assert.ok(hasLongSymbols(rnode))
    assert.equal(rnodeModulation(12, 125_000, 5).lowDataRate, true)
  })
})

describe('a packet of an RNode', () => {
  it('takes as long as its frames with their header bytes, by the vectors', () => {
    for (const { spreadingFactor, bandwidthHz, codingRate, bytes, frames, us } of vectors.packets) {
      const settings = rnodeModulation(spreadingFactor, bandwidthHz, codingRate)
      assert.deepEqual(packetFrames(bytes), frames)
      assert.equal(packetAirtimeUs(settings, bytes), us, `${bytes} bytes at SF ${spreadingFactor}`)
    }
  })

  it('has 1 to 508 bytes', () => {
    for (const bytes of [0, 509, 1.5, Number.NaN]) {
      assert.throws(() => packetFrames(bytes), { code: 'ERR_USAGE', message: /packets of 1 to 508 bytes/ })
    }
  })

  it('is as long as a limit for one transmission allows', () => {
    for (const [sf, kHz] of [
      [7, 125],
      [9, 125],
      [10, 125],
      [12, 125],
      [7, 500],
      [8, 500],
    ] as const) {
      const settings = rnodeModulation(sf, kHz * 1000, 5)
      const bytes = longestPacketWithin(settings, 400_000)
      if (bytes > 0) assert.ok(packetAirtimeUs(settings, bytes) <= 400_000)
      if (bytes < MAX_PACKET_BYTES) assert.ok(packetAirtimeUs(settings, bytes + 1) > 400_000)
    }
    assert.equal(longestPacketWithin(rnodeModulation(11, 125_000, 5), 400_000), 0)
    assert.equal(longestPacketWithin(rnodeModulation(7, 500_000, 5), 400_000), MAX_PACKET_BYTES)
  })
})
