/**
 * A clock for simulated things that have to keep to real time. Real timers are late, by a millisecond or by the
 * time that the process was busy with something else; here everything happens in order and at the time for which
 * it was set, as on a virtual clock, only that it may be looked at a little later. So radios do not collide
 * because a machine was slow.
 */
import { type Clock, LONGEST_TIMER_MS, type Timer } from '../../runtime/clock.ts'
import { VirtualClock } from '../clock.ts'

export class FollowingClock implements Clock {
  readonly #base: Clock
  readonly #startedAt: number
  readonly #inner: VirtualClock
  #isRunning = false
  /** When the real timer that runs is due, in this clock's time. */
  #wakeAt = Number.POSITIVE_INFINITY
  #wake: Timer | undefined

  constructor(base: Clock) {
    this.#base = base
    this.#startedAt = base.monotonic()
    this.#inner = new VirtualClock(base.now())
  }

  now(): number {
    return this.#base.now()
  }

  /** The time for which the running task was set; outside of one, the real time. */
  monotonic(): number {
    return this.#isRunning ? this.#inner.monotonic() : this.#elapsed
  }

  setTimer(delayMs: number, task: () => void): Timer {
    const delay = Math.min(Math.max(0, delayMs), LONGEST_TIMER_MS)
    const at = this.monotonic() + delay
    const timer = this.#inner.setTimer(at - this.#inner.monotonic(), task)
    if (!this.#isRunning) this.#wakeFor(at)
    return timer
  }

  defer(task: () => void): void {
    this.setTimer(0, task)
  }

  get #elapsed(): number {
    // What has been run already has been: it does not go back.
    return Math.max(this.#base.monotonic() - this.#startedAt, this.#inner.monotonic())
  }

  #wakeFor(at: number): void {
    if (at >= this.#wakeAt) return
    this.#wake?.cancel()
    this.#wakeAt = at
    const delay = at - this.#elapsed
    if (delay > 0) {
      this.#wake = this.#base.setTimer(delay, () => this.#run())
      return
    }
    let isCancelled = false
    this.#wake = {
      cancel: () => {
        isCancelled = true
      },
    }
    this.#base.defer(() => {
      if (!isCancelled) this.#run()
    })
  }

  #run(): void {
    this.#wakeAt = Number.POSITIVE_INFINITY
    this.#wake = undefined
    this.#isRunning = true
    try {
      this.#inner.advance(Math.max(0, this.#elapsed - this.#inner.monotonic()))
    } finally {
      this.#isRunning = false
    }
    const next = this.#inner.nextAt
    if (next !== undefined) this.#wakeFor(next)
  }
}
