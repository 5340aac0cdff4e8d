/** Time as one simulated node sees it: its clock may be wrong, and its process may stand still or be dead. */
import { type Clock, LONGEST_TIMER_MS, type Timer } from '../runtime/clock.ts'
import type { EventQueue, SimEvent } from './event-queue.ts'

/** The machine a node runs on. It outlives the process. */
export class Machine {
  readonly index: number
  readonly queue: EventQueue
  /** Until then nothing of its process runs, virtual ms. */
  pausedUntil = 0
  #offsetMs = 0
  #rate = 1
  /** Where the local time scale was bent last: virtual ms, and local ms. */
  #bentAt = 0
  #bentAtLocal = 0

  constructor(index: number, queue: EventQueue) {
    this.index = index
    this.queue = queue
  }

  get isPaused(): boolean {
    return this.pausedUntil > this.queue.now
  }

  /** Local ms for each virtual ms. */
  get rate(): number {
    return this.#rate
  }

  /** How far the wall clock is ahead of the true one, ms, beyond what the drift has added up to. */
  get offsetMs(): number {
    return this.#offsetMs
  }

  /** Monotonic, local ms. */
  get localMs(): number {
    return this.#bentAtLocal + (this.queue.now - this.#bentAt) * this.#rate
  }

  /** @param driftPpm parts per million that the clock is too fast; negative where it is too slow. */
  skew(offsetMs: number, driftPpm: number): void {
    this.#bentAtLocal = this.localMs
    this.#bentAt = this.queue.now
    this.#offsetMs = offsetMs
    this.#rate = 1 + driftPpm / 1e6
  }
}

/** The clock of one process on a machine. */
export class NodeClock implements Clock {
  readonly machine: Machine
  readonly #startMs: number
  #isDead = false

  /** @param startMs the true wall-clock time at virtual 0, ms since the Unix epoch. */
  constructor(machine: Machine, startMs: number) {
    this.machine = machine
    this.#startMs = startMs
  }

  get isDead(): boolean {
    return this.#isDead
  }

  /** The process is gone: none of its timers will fire. */
  kill(): void {
    this.#isDead = true
  }

  now(): number {
    return Math.floor(this.#startMs + this.machine.localMs + this.machine.offsetMs)
  }

  monotonic(): number {
    return this.machine.localMs
  }

  setTimer(delayMs: number, task: () => void): Timer {
    const { queue, rate } = this.machine
    const timer = new NodeTimer(this, task)
    const delay = Math.min(Math.max(0, delayMs), LONGEST_TIMER_MS) / rate
    if (!this.#isDead) queue.push(timer, queue.now + delay)
    return timer
  }

  defer(task: () => void): void {
    if (!this.#isDead) this.machine.queue.defer(new NodeTimer(this, task))
  }
}

class NodeTimer implements SimEvent, Timer {
  readonly #clock: NodeClock
  #task: (() => void) | undefined

  constructor(clock: NodeClock, task: () => void) {
    this.#clock = clock
    this.#task = task
  }

  get owner(): number {
    return this.#clock.machine.index
  }

  get isDead(): boolean {
    return this.#task === undefined || this.#clock.isDead
  }

  fire(): void {
    const { machine } = this.#clock
    if (machine.isPaused) {
      machine.queue.push(this, machine.pausedUntil)
      return
    }
    const task = this.#task
    this.#task = undefined
    task?.()
  }

  cancel(): void {
    if (this.#task === undefined) return
    this.#task = undefined
    this.#clock.machine.queue.noteDead()
  }
}
