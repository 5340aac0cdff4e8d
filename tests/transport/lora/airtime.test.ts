import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  airtimeMs,
  bitsPerSecond,
  hasLongSymbols,
  MAX_LORA_BYTES,
  type Modulation,
  preambleMs,
  symbolMs,
} from '../../../src/transport/lora/airtime.ts'
import { rnodeModulation, slotMs } from '../../../src/transport/lora/rnode-timing.ts'

function modulation(
  spreadingFactor: number,
  bandwidthKHz: number,
  codingRate = 5,
  rest: Partial<Modulation> = {},
): Modulation {
  return { spreadingFactor, bandwidthHz: bandwidthKHz * 1000, codingRate, preambleSymbols: 8, ...rest }
}

function assertMs(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-6, `${actual} ms, not ${expected}`)
}

describe('time on air', () => {
  // Found alike with Semtech's SX1261 calculator and the integer form of RadioLib.
  const table: readonly (readonly [sf: number, ms16: number, ms51: number, ms222: number])[] = [
    [7, 51.456, 102.656, 348.416],
    [8, 92.672, 184.832, 614.912],
    [9, 164.864, 328.704, 1106.944],
    [10, 329.728, 616.448, 2009.088],
    [11, 659.456, 1314.816, 4427.776],
    [12, 1318.912, 2465.792, 8036.352],
  ]
  for (const [sf, ms16, ms51, ms222] of table) {
    it(`is that of the published vectors at SF ${sf}, 125 kHz, 4/5`, () => {
      const plain = modulation(sf, 125)
      assertMs(airtimeMs(plain, 16), ms16)
      assertMs(airtimeMs(plain, 51), ms51)
      assertMs(airtimeMs(plain, 222), ms222)
    })
  }

  it('is that of the published vectors at other settings', () => {
    const sx126x = { chip: 'sx126x' } as const
    const vectors: readonly (readonly [Modulation, bytes: number, ms: number])[] = [
      [modulation(11, 250, 5, { preambleSymbols: 16 }), 50, 641.024],
      [modulation(8, 62.5, 8, { preambleSymbols: 16 }), 100, 967.68],
      [modulation(12, 125, 8, { preambleSymbols: 16 }), 50, 3547.136],
      [modulation(7, 500, 5, { preambleSymbols: 18 }), 255, 102.464],
      [modulation(7, 500), 255, 99.904],
      [modulation(10, 62.5), 51, 1396.736],
      [modulation(9, 31.25), 51, 1560.576],
      [modulation(9, 125), 12, 144.384],
      [modulation(12, 125), 64, 2793.472],
      [modulation(12, 125, 5, { lowDataRate: false }), 64, 2465.792],
      [modulation(5, 125, 5, { preambleSymbols: 12, ...sx126x }), 20, 18.24],
    ]
    for (const [settings, bytes, ms] of vectors) assertMs(airtimeMs(settings, bytes), ms)
  })

  it('is that of an RNode with its preamble and its low data rate rule', () => {
    const vectors: readonly (readonly [sf: number, ms17: number, ms255: number])[] = [
      [7, 67.84, 416],
      [8, 113.152, 727.552],
      [9, 205.824, 1291.264],
      [10, 411.648, 2377.728],
      [11, 823.296, 4345.856],
      [12, 1646.592, 9347.072],
    ]
    for (const [sf, ms17, ms255] of vectors) {
      const settings = rnodeModulation(sf, 125_000, 5)
      assertMs(airtimeMs(settings, 17), ms17)
      assertMs(airtimeMs(settings, 255), ms255)
    }
  })

  it('is the same at SF 5 on the older chip as the form of SF 7 gives', () => {
    const older = modulation(5, 125, 5, { chip: 'sx127x' })
    // 8 + 4.25 preamble, 8 + ceil((160 + 16 - 20 + 20 + 8) / 20) * 5 of payload, at 0.256 ms.
    assertMs(airtimeMs(older, 20), (12.25 + 8 + 50) * 0.256)
  })

  it('is shorter without header and checksum', () => {
    const full = modulation(7, 125)
    assertMs(airtimeMs({ ...full, implicitHeader: true, crc: false }, 10), (12.25 + 8 + 15) * 1.024)
    assertMs(airtimeMs(full, 10), (12.25 + 8 + 20) * 1.024)
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
