import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LONGEST_TIMER_MS, sleep, type Timer } from '../../src/runtime/clock.ts'
import { VirtualClock } from '../../src/sim/clock.ts'
import { clockCompliance } from '../../src/testing/clock-random-compliance.ts'

clockCompliance('virtual', () => {
  const clock = new VirtualClock()
  return { clock, advance: (ms) => clock.advanceAsync(ms) }
})

test('stands still until it is told to go on', () => {
  const clock = new VirtualClock(Date.UTC(2030, 0, 1))
  assert.equal(clock.now(), Date.UTC(2030, 0, 1))
  assert.equal(clock.monotonic(), 0)
  clock.advance(1500.25)
  assert.equal(clock.now(), Date.UTC(2030, 0, 1) + 1500)
  assert.equal(clock.monotonic(), 1500.25)
})

test('shows each task the time at which it was due', () => {
  const clock = new VirtualClock()
  const seen: number[] = []
  const look = (): number => seen.push(clock.monotonic())
  clock.setTimer(10, look)
  clock.setTimer(2.5, () => {
    look()
    clock.setTimer(3, look)
    clock.defer(look)
  })
  clock.advance(100)
  assert.deepEqual(seen, [2.5, 2.5, 5.5, 10])
  assert.equal(clock.monotonic(), 100)
})

test('runs what is due at the very end of an advance, and nothing after it', () => {
  const clock = new VirtualClock()
  let ran = 0
  clock.setTimer(10, () => {
    ran += 1
  })
  clock.advance(9.999)
  assert.equal(ran, 0)
  clock.advance(0.001)
  assert.equal(ran, 1)
})

test('a step of the wall clock moves neither timers nor the monotonic time', () => {
  const clock = new VirtualClock()
  const start = clock.now()
  let ran = false
  clock.setTimer(10, () => {
    ran = true
  })
  clock.stepWallClock(-86_400_000)
  assert.equal(clock.now(), start - 86_400_000)
  assert.equal(clock.monotonic(), 0)
  clock.advance(9)
  assert.equal(ran, false)
  clock.advance(1)
  assert.equal(ran, true)
})

test('cuts the longest delays as the system’s clock does', () => {
  const clock = new VirtualClock()
  const seen: number[] = []
  clock.setTimer(10 * LONGEST_TIMER_MS, () => seen.push(clock.monotonic()))
  clock.advance(10 * LONGEST_TIMER_MS)
  assert.deepEqual(seen, [LONGEST_TIMER_MS])
})

test('an asynchronous advance lets awaiting code go on between two timers', async () => {
  const clock = new VirtualClock()
  const seen: number[] = []
  const worker = (async () => {
    for (let i = 0; i < 3; i++) {
      await sleep(clock, 10)
      seen.push(clock.monotonic())
    }
  })()
  await clock.advanceAsync(30)
  await worker
  assert.deepEqual(seen, [10, 20, 30])
})

test('any set of timers, some cancelled, runs in the order of due time and setting', () => {
  const delay = fc.oneof(fc.integer({ min: -5, max: 30 }), fc.double({ min: 0, max: 30, noNaN: true }))
  fc.assert(
    fc.property(
      fc.array(fc.record({ delay, cancelled: fc.boolean() }), { maxLength: 200 }),
      fc.array(fc.integer({ min: 0, max: 15 }), { maxLength: 5 }),
      (specs, advances) => {
        const clock = new VirtualClock()
        const ran: number[] = []
        const timers: Timer[] = specs.map((spec, id) => clock.setTimer(spec.delay, () => ran.push(id)))
        specs.forEach((spec, id) => {
          if (spec.cancelled) timers[id]?.cancel()
        })
        for (const ms of advances) clock.advance(ms)
        const until = advances.reduce((sum, ms) => sum + ms, 0)
        const expected = specs
          .map((spec, id) => ({ ...spec, id, at: Math.max(0, spec.delay) }))
          .filter(({ cancelled, at }) => !cancelled && at <= until)
          .toSorted((a, b) => a.at - b.at || a.id - b.id)
        // Nothing runs before the first advance, not even what is due at once.
        assert.deepEqual(ran, advances.length === 0 ? [] : expected.map(({ id }) => id))
      },
    ),
  )
})
