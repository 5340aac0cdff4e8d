import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProcessProbe } from '../../src/observability/process-probe.ts'
import type { Clock } from '../../src/runtime/clock.ts'
import { VirtualClock } from '../../src/sim/clock.ts'

/** A clock on which the process can be held up: timers fire as set, and find that more time has passed. */
class StallingClock extends VirtualClock implements Clock {
  #stalled = 0

  stall(ms: number): void {
    this.#stalled += ms
  }

  override monotonic(): number {
    return super.monotonic() + this.#stalled
  }
}

function lagOf(probe: ProcessProbe): number | undefined {
  return probe.read().eventLoopLag
}

test('the event-loop lag is not known before the first timer, then 0 on an idle process', () => {
  const clock = new StallingClock()
  const probe = new ProcessProbe(clock)
  probe.start()
  clock.advance(999)
  assert.equal(lagOf(probe), undefined)
  clock.advance(1)
  assert.equal(lagOf(probe), 0)
})

test('a stall shows for a minute, and the longest one counts', () => {
  const clock = new StallingClock()
  const probe = new ProcessProbe(clock)
  probe.start()
  clock.stall(250)
  clock.advance(2000)
  clock.stall(100)
  clock.advance(58_000)
  assert.equal(lagOf(probe), 0.25)
  clock.advance(1000)
  assert.equal(lagOf(probe), 0.1)
})

test('a stopped probe leaves no timer behind', () => {
  const clock = new StallingClock()
  const probe = new ProcessProbe(clock)
  probe.start()
  clock.advance(1000)
  probe.stop()
  clock.stall(5000)
  clock.advance(10_000)
  assert.equal(lagOf(probe), 0)
})

test('the figures of the process are plausible', () => {
  const clock = new VirtualClock()
  const probe = new ProcessProbe(clock)
  const figures = probe.read()
  assert.ok(figures.cpuSeconds > 0 && figures.cpuSeconds < 3600)
  assert.ok(figures.heapUsedBytes > 1e6 && figures.heapUsedBytes <= figures.heapTotalBytes)
  assert.ok(figures.residentBytes > figures.heapUsedBytes)
  assert.ok(figures.startTime < clock.now() / 1000)
  if (process.platform === 'linux') assert.ok((figures.openFiles ?? 0) >= 3)
})

test('a step of the wall clock does not look like a restart', () => {
  const clock = new VirtualClock()
  const probe = new ProcessProbe(clock)
  const before = probe.read().startTime
  clock.stepWallClock(3_600_000)
  assert.equal(probe.read().startTime, before)
})
