import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MeshError } from '../../src/runtime/errors.ts'
import { TokenBucket } from '../../src/runtime/token-bucket.ts'

describe('TokenBucket', () => {
  it('starts full, refuses what it lacks and refills at its rate up to its burst', () => {
    const bucket = new TokenBucket(10, 5, 1000)
    assert.equal(bucket.take(6, 1000), false)
    assert.equal(bucket.take(5, 1000), true)
    assert.equal(bucket.take(1, 1099), false)
    assert.equal(bucket.take(1, 1100), true)
    assert.equal(bucket.take(1, 1100), false)
    assert.equal(bucket.take(5, 9999), true)
    assert.equal(bucket.take(1, 9999), false)
  })

  it('takes all of an amount or nothing of it', () => {
    const bucket = new TokenBucket(1, 10, 0)
    assert.equal(bucket.take(11, 0), false)
    assert.equal(bucket.take(10, 0), true)
  })

  it('tells without taking', () => {
    const bucket = new TokenBucket(1, 2, 0)
    assert.equal(bucket.has(2, 0), true)
    assert.equal(bucket.has(3, 0), false)
    assert.equal(bucket.take(2, 0), true)
    assert.equal(bucket.has(1, 0), false)
  })

  it('gains nothing when time goes back and comes again', () => {
    const bucket = new TokenBucket(1, 10, 10_000)
    assert.equal(bucket.take(10, 10_000), true)
    assert.equal(bucket.take(1, 0), false)
    assert.equal(bucket.take(1, 10_999), false)
    assert.equal(bucket.take(1, 11_000), true)
    assert.equal(bucket.take(1, 5000), false)
    assert.equal(bucket.take(1, 11_999), false)
  })

  it('keeps what it has when time goes back', () => {
    const bucket = new TokenBucket(1, 10, 10_000)
    assert.equal(bucket.take(4, 0), true)
    assert.equal(bucket.take(6, 0), true)
    assert.equal(bucket.take(1, 10_999), false)
  })

  it('grows by steps too small to be seen in a fill level', () => {
    // A thousandth of a token per step: added to a level of 2^50, each would be rounded away.
    const bucket = new TokenBucket(1, 2 ** 50, 0)
    assert.equal(bucket.take(2 ** 50, 0), true)
    for (let ms = 1; ms < 1000; ms++) assert.equal(bucket.take(1, ms), false)
    assert.equal(bucket.take(1, 1000), true)
  })

  it('keeps its rate to the token over a million takes', () => {
    const bucket = new TokenBucket(3, 1, 0)
    let taken = 0
    for (let ms = 0; ms <= 100_000_000; ms += 100) if (bucket.take(1, ms)) taken += 1
    // It may take at every fourth step of 100 ms: at 333 ms the next token is there, at 400 the next step.
    assert.equal(taken, 250_001)
    const steady = new TokenBucket(0.1, 1, 0)
    for (let n = 0; n < 1_000_000; n++) {
      assert.equal(steady.take(1, n * 10_000), true)
      assert.equal(steady.take(1, n * 10_000 + 9999), false)
    }
  })

  it('refuses a rate or burst that is none', () => {
    for (const [rate, burst] of [
      [0, 1],
      [1, 0],
      [-1, 1],
      [Number.NaN, 1],
      [1, Number.POSITIVE_INFINITY],
    ] as const) {
      assert.throws(() => new TokenBucket(rate, burst, 0), MeshError)
    }
  })

  it('never yields more than burst + rate * t in any window, whatever the times and amounts', () => {
    const step = fc.record({
      dt: fc.oneof(
        fc.double({ min: 0, max: 50, noNaN: true }),
        fc.double({ min: -1000, max: 100_000, noNaN: true }),
      ),
      amount: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 2000 })),
    })
    const rate = fc.double({ min: 0.01, max: 1e6, noNaN: true })
    const burst = fc.integer({ min: 1, max: 100_000 })
    const start = fc.double({ min: 0, max: 1e10, noNaN: true })
    fc.assert(
      fc.property(
        rate,
        burst,
        start,
        fc.array(step, { maxLength: 60, size: 'max' }),
        (perS, most, startMs, steps) => {
          const bucket = new TokenBucket(perS, most, startMs)
          const takes: { at: number; amount: number }[] = []
          let now = startMs
          let latest = startMs
          for (const { dt, amount } of steps) {
            now += dt
            latest = Math.max(latest, now)
            if (bucket.take(amount, now)) takes.push({ at: latest, amount })
          }
          for (const [first, { at: from }] of takes.entries()) {
            let sum = 0
            for (const { at, amount } of takes.slice(first)) {
              sum += amount
              const allowed = most + ((at - from) / 1000) * perS
              // A double tells 1e10 ms apart to 2e-6 ms.
              assert.ok(sum <= allowed + 4e-9 * perS + 1e-6, `${sum} of ${allowed} in ${at - from} ms`)
            }
          }
        },
      ),
    )
  })

  it('may be forced into debt, which has to be paid before there is anything again', () => {
    const bucket = new TokenBucket(10, 20, 0)
    bucket.force(50, 0)
    assert.equal(bucket.has(0, 2999), false)
    assert.equal(bucket.has(0, 3000), true)
    assert.equal(bucket.take(1, 3000), false)
    assert.equal(bucket.take(1, 3100), true)
    bucket.force(5, 3100)
    assert.equal(bucket.msUntil(1, 3100), 600)
  })

  it('decides as exact integers do, over centuries', () => {
    const step = fc.record({
      dt: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 2 ** 40 })),
      amount: fc.integer({ min: 1, max: 1000 }),
    })
    const inputs = [
      fc.integer({ min: 1, max: 1000 }),
      fc.integer({ min: 1, max: 5000 }),
      fc.array(step, { maxLength: 100, size: 'max' }),
    ] as const
    fc.assert(
      fc.property(...inputs, (rate, burst, steps) => {
        const bucket = new TokenBucket(rate, burst, 0)
        // The model counts thousandths of tokens, of which each millisecond brings `rate`.
        let level = BigInt(burst) * 1000n
        let now = 0
        for (const { dt, amount } of steps) {
          now += dt
          level += BigInt(dt) * BigInt(rate)
          if (level > BigInt(burst) * 1000n) level = BigInt(burst) * 1000n
          const admitted = level >= BigInt(amount) * 1000n
          if (admitted) level -= BigInt(amount) * 1000n
          assert.equal(bucket.take(amount, now), admitted)
        }
      }),
    )
  })
})
