/** What every Clock and every Random must do. Call the functions in a test file of node:test. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Clock } from '../runtime/clock.ts'
import type { Random } from '../runtime/random.ts'

export interface ClockUnderTest {
  clock: Clock
  /** Lets at least `ms` milliseconds pass on the clock and everything run that falls due in them. */
  advance(ms: number): Promise<void>
}

/** @param create makes a clock on which nothing is set yet */
export function clockCompliance(name: string, create: () => ClockUnderTest): void {
  describe(`clock ${name}`, () => {
    test('tells the wall time in whole milliseconds, also between two of them', async () => {
      const { clock, advance } = create()
      await advance(1.5)
      assert.ok(Number.isSafeInteger(clock.now()))
      assert.ok(clock.now() > Date.UTC(2020, 0, 1))
    })

    test('has a monotonic time that grows with the time that passes', async () => {
      const { clock, advance } = create()
      let last = clock.monotonic()
      for (let i = 0; i < 100; i++) {
        const next = clock.monotonic()
        assert.ok(next >= last)
        last = next
      }
      await advance(5)
      // A system's timers may be early by the millisecond in which they are counted.
      assert.ok(clock.monotonic() - last >= 4)
    })

    test('runs a timer once, later, and not before its time', async () => {
      const { clock, advance } = create()
      const log = new Log()
      clock.setTimer(0, log.task('now'))
      clock.setTimer(60_000, log.task('in a minute'))
      assert.deepEqual(log.entries, [], 'not while it is being set')
      await advance(5)
      await advance(5)
      assert.deepEqual(log.entries, ['now'])
    })

    test('runs timers by due time, and those due together in the order they were set', async () => {
      const { clock, advance } = create()
      const log = new Log()
      clock.setTimer(12, log.task('c'))
      clock.setTimer(3, log.task('a'))
      clock.setTimer(7, log.task('b1'))
      clock.setTimer(7, log.task('b2'))
      await advance(20)
      assert.deepEqual(log.entries, ['a', 'b1', 'b2', 'c'])
    })

    test('takes negative and fractional delays', async () => {
      const { clock, advance } = create()
      const log = new Log()
      clock.setTimer(-1000, log.task('negative'))
      clock.setTimer(2.75, log.task('fractional'))
      await advance(5)
      assert.deepEqual(log.entries, ['negative', 'fractional'])
    })

    test('takes a delay beyond what a timer can hold for a long one', async () => {
      const { clock, advance } = create()
      const log = new Log()
      const timers = [2 ** 31, 2 ** 40, Number.MAX_VALUE].map((delay) =>
        clock.setTimer(delay, log.task('early')),
      )
      await advance(5)
      assert.deepEqual(log.entries, [])
      for (const timer of timers) timer.cancel()
    })

    test('does not run a timer that was cancelled, also by a task that falls due with it', async () => {
      const { clock, advance } = create()
      const log = new Log()
      const first = clock.setTimer(3, log.task('cancelled before'))
      clock.setTimer(5, () => second.cancel())
      const second = clock.setTimer(5, log.task('cancelled in time'))
      clock.setTimer(5, log.task('kept'))
      first.cancel()
      first.cancel()
      await advance(10)
      assert.deepEqual(log.entries, ['kept'])
      second.cancel()
    })

    test('lets a task set and cancel further timers', async () => {
      const { clock, advance } = create()
      const log = new Log()
      const outer = clock.setTimer(2, () => {
        outer.cancel()
        clock.setTimer(2, log.task('inner'))
        log.entries.push('outer')
      })
      await advance(10)
      await advance(10)
      assert.deepEqual(log.entries, ['outer', 'inner'])
    })

    test('defers a task to the end of the tick, in order', async () => {
      const { clock, advance } = create()
      const log = new Log()
      clock.defer(log.task('first'))
      clock.defer(log.task('second'))
      Promise.resolve().then(log.task('promise'))
      assert.deepEqual(log.entries, [])
      await advance(1)
      assert.deepEqual(log.entries, ['promise', 'first', 'second'])
    })
  })
}

class Log {
  readonly entries: string[] = []

  task(entry: string): () => void {
    return () => this.entries.push(entry)
  }
}

/**
 * The statistical limits are six standard deviations wide: a sound generator misses one in 5 * 10^8 times.
 *
 * @param create makes a generator; a seeded one may always begin with the same seed
 */
export function randomCompliance(name: string, create: () => Random): void {
  describe(`random ${name}`, () => {
    test('gives as many bytes as asked for, fresh each time', () => {
      const random = create()
      for (const length of [0, 1, 3, 4, 5, 32, 1023, 5000]) {
        const bytes = random.bytes(length)
        assert.equal(bytes.length, length)
        assert.equal(Object.getPrototypeOf(bytes), Uint8Array.prototype)
        assert.equal(bytes.buffer.byteLength, length)
      }
      assert.notDeepEqual(random.bytes(16), random.bytes(16))
    })

    test('gives 32-bit words and fractions in their ranges', () => {
      const random = create()
      for (let i = 0; i < 10_000; i++) {
        const word = random.uint32()
        assert.ok(Number.isInteger(word) && word >= 0 && word < 2 ** 32)
        const fraction = random.float()
        assert.ok(fraction >= 0 && fraction < 1)
      }
    })

    test('sets every bit of a word, and of each byte, half of the time', () => {
      const random = create()
      const rounds = 4096
      const words = new Array<number>(32).fill(0)
      const bytes = new Array<number>(40).fill(0)
      for (let i = 0; i < rounds; i++) {
        const word = random.uint32()
        for (let bit = 0; bit < 32; bit++) words[bit] = (words[bit] ?? 0) + ((word >>> bit) & 1)
        const five = random.bytes(5)
        for (let bit = 0; bit < 40; bit++) {
          bytes[bit] = (bytes[bit] ?? 0) + (((five[bit >> 3] ?? 0) >>> (bit & 7)) & 1)
        }
      }
      for (const count of [...words, ...bytes]) assertNear(count, rounds / 2, Math.sqrt(rounds) / 2)
    })

    test('gives every number below a limit equally often, and no other', () => {
      const random = create()
      for (const limit of [1, 2, 3, 10, 100]) {
        const draws = 1000 * limit
        const counts = new Array<number>(limit).fill(0)
        for (let i = 0; i < draws; i++) {
          const number = random.below(limit)
          assert.ok(Number.isInteger(number) && number >= 0 && number < limit)
          counts[number] = (counts[number] ?? 0) + 1
        }
        for (const count of counts) assertNear(count, 1000, Math.sqrt(1000 * (1 - 1 / limit)))
      }
    })

    test('is unbiased below a limit that does not divide 2^32, and takes 2^32', () => {
      const random = create()
      // With a plain remainder, numbers in the lower half would come up twice as often.
      const limit = 3 * 2 ** 30
      const draws = 4096
      let low = 0
      for (let i = 0; i < draws; i++) if (random.below(limit) < 2 ** 30) low += 1
      assertNear(low, draws / 3, Math.sqrt((draws * 2) / 9))
      assert.ok(random.below(2 ** 32) < 2 ** 32)
    })

    test('forks into generators that can be used apart', () => {
      const random = create()
      const [left, right] = [random.fork('left'), random.fork('right')]
      assert.notDeepEqual(left.bytes(16), right.bytes(16))
      assert.notDeepEqual(left.fork('again').bytes(16), random.bytes(16))
    })
  })
}

function assertNear(count: number, expected: number, deviation: number): void {
  assert.ok(Math.abs(count - expected) <= 6 * deviation, `${count}, expected about ${expected}`)
}
