import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { sleep, systemClock, withinDeadline } from '../../src/runtime/clock.ts'
import { VirtualClock } from '../../src/sim/clock.ts'
import { clockCompliance } from '../../src/testing/clock-random-compliance.ts'

clockCompliance('system', () => ({
  clock: systemClock,
  // Set after the timers of a test and for at least as long, so that it comes after them.
  advance: (ms) => new Promise((resolve) => setTimeout(resolve, Math.ceil(ms) + 1)),
}))

test('the system’s wall clock is the one of the operating system', () => {
  const before = Date.now()
  const now = systemClock.now()
  assert.ok(now >= before && now <= Date.now())
})

test('a pending timer does not keep the process alive', () => {
  const module = new URL('../../src/runtime/clock.ts', import.meta.url).href
  const script = `import { systemClock } from '${module}'; systemClock.setTimer(3_600_000, () => {})`
  const { status, error } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    timeout: 60_000,
  })
  assert.equal(error, undefined)
  assert.equal(status, 0)
})

test('sleep resolves when its time has come', async () => {
  const clock = new VirtualClock()
  let awake = false
  const sleeping = sleep(clock, 100).then(() => {
    awake = true
  })
  await clock.advanceAsync(99)
  assert.equal(awake, false)
  await clock.advanceAsync(1)
  assert.equal(awake, true)
  await sleeping
})

test('sleep rejects with the reason of its signal, at once, and its timer is gone', async () => {
  const clock = new CountingClock()
  const abort = new AbortController()
  const sleeping = sleep(clock, 100, abort.signal)
  const reason = new Error('shutting down')
  abort.abort(reason)
  await assert.rejects(sleeping, (error) => error === reason)
  assert.equal(clock.pending, 0)
})

test('sleep does not begin when its signal has fired already', async () => {
  const clock = new CountingClock()
  const reason = new Error('too late')
  await assert.rejects(sleep(clock, 100, AbortSignal.abort(reason)), (error) => error === reason)
  assert.equal(clock.pending, 0)
})

test('a sleep that is over leaves no listener on its signal', async () => {
  const clock = new VirtualClock()
  const { signal } = new AbortController()
  const added: string[] = []
  const removed: string[] = []
  signal.addEventListener = (type: string) => added.push(type)
  signal.removeEventListener = (type: string) => removed.push(type)
  const sleeping = sleep(clock, 1, signal)
  await clock.advanceAsync(1)
  await sleeping
  assert.deepEqual(added, ['abort'])
  assert.deepEqual(removed, ['abort'])
})

test('withinDeadline tells that work finished in time, and leaves no timer behind', async () => {
  const clock = new CountingClock()
  assert.equal(await withinDeadline(clock, 100, Promise.resolve('done')), true)
  assert.equal(clock.pending, 0)
})

test('withinDeadline tells that work did not finish in time, whatever becomes of it later', async () => {
  const clock = new VirtualClock()
  const work = Promise.withResolvers<void>()
  const finished = withinDeadline(clock, 100, work.promise)
  await clock.advanceAsync(100)
  assert.equal(await finished, false)
  work.reject(new Error('late failure')) // must not end the process as an unhandled rejection
  await clock.advanceAsync(1)
})

test('withinDeadline passes on a failure within the deadline', async () => {
  const clock = new CountingClock()
  const failure = new Error('no room')
  await assert.rejects(withinDeadline(clock, 100, Promise.reject(failure)), (error) => error === failure)
  assert.equal(clock.pending, 0)
})

/** Counts the timers that have neither fired nor been cancelled. */
class CountingClock extends VirtualClock {
  pending = 0

  override setTimer(delayMs: number, task: () => void): { cancel(): void } {
    this.pending += 1
    const timer = super.setTimer(delayMs, () => {
      this.pending -= 1
      task()
    })
    return {
      cancel: () => {
        this.pending -= 1
        timer.cancel()
      },
    }
  }
}
