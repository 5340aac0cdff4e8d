import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decodeMinifloat, encodeMinifloat, MINIFLOAT_MAX } from '../../src/wire/minifloat.ts'
import { uint16 } from './arbitraries.ts'
import { minifloatVectors } from './vectors.ts'

const value = fc.oneof(
  fc.integer({ min: 0, max: MINIFLOAT_MAX }),
  fc.integer({ min: 0, max: 20_000 }),
  fc.integer({ min: 0, max: 10 * MINIFLOAT_MAX }).map((tenths) => tenths / 10),
)

describe('minifloat', () => {
  it('encodes and decodes the vectors', () => {
    for (const { value, code, carried } of minifloatVectors.encode) {
      assert.equal(encodeMinifloat(value), Number.parseInt(code, 16), `${value}`)
      assert.equal(decodeMinifloat(Number.parseInt(code, 16)), carried, code)
    }
    for (const { code, value } of minifloatVectors.decode) {
      assert.equal(decodeMinifloat(Number.parseInt(code, 16)), value, code)
    }
    for (const { value, code } of minifloatVectors.beyond) {
      assert.equal(encodeMinifloat(value), Number.parseInt(code, 16), `${value}`)
    }
  })

  it('carries every integer up to 4,095 exactly', () => {
    for (let n = 0; n <= 4095; n++) assert.equal(encodeMinifloat(n), n)
    for (let n = 0; n <= 4095; n++) assert.equal(decodeMinifloat(n), n)
  })

  it('rounds up, by less than one and by less than one part in 2,048 beyond 4,095', () => {
    fc.assert(
      fc.property(value, (value) => {
        const carried = decodeMinifloat(encodeMinifloat(value))
        assert.ok(carried >= value)
        assert.ok(carried - value < (value > 4095 ? value / 2048 : 1))
      }),
      { numRuns: 5000 },
    )
  })

  it('never gives a larger value a smaller code', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        assert.ok(encodeMinifloat(Math.min(a, b)) <= encodeMinifloat(Math.max(a, b)))
      }),
      { numRuns: 5000 },
    )
  })

  it('finds for each code one of the same value with the least exponent', () => {
    fc.assert(
      fc.property(uint16, (code) => {
        const canonical = encodeMinifloat(decodeMinifloat(code))
        assert.equal(decodeMinifloat(canonical), decodeMinifloat(code))
        assert.ok(canonical >>> 12 <= code >>> 12)
        assert.ok(canonical >>> 12 === 0 || (canonical & 0x0fff) >= 2048)
      }),
      { numRuns: 5000 },
    )
  })

  it('takes what is below zero, or no number, for zero and what is beyond the largest for that', () => {
    assert.equal(encodeMinifloat(-1), 0)
    assert.equal(encodeMinifloat(Number.NaN), 0)
    assert.equal(encodeMinifloat(Number.POSITIVE_INFINITY), 0xffff)
    assert.equal(decodeMinifloat(0xffff), MINIFLOAT_MAX)
  })
})
