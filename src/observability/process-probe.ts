/**
 * Figures of the process a node runs in. prom-client's own set is left aside: its garbage-collection
 * observer and its delay histogram cannot be turned off again, so each node started and stopped in one
 * process would leave both behind.
 */
import { readdirSync } from 'node:fs'
import type { Clock, Timer } from '../runtime/clock.ts'

/** Undefined is what this system does not tell, or what is not known yet. */
export interface ProcessFigures {
  readonly cpuSeconds: number
  readonly residentBytes: number
  readonly heapUsedBytes: number
  readonly heapTotalBytes: number
  /** Seconds since the Unix epoch. */
  readonly startTime: number
  readonly openFiles: number | undefined
  /** By how much the latest timers were late at most, seconds. */
  readonly eventLoopLag: number | undefined
}

const LAG_INTERVAL_MS = 1000
/** A minute, so that a scraper which comes every 15 or 30 s misses no stall. */
const LAG_SAMPLES = 60

export class ProcessProbe {
  readonly #clock: Clock
  readonly #startTime: number
  readonly #lags: number[] = []
  #timer: Timer | undefined

  constructor(clock: Clock) {
    this.#clock = clock
    // Once, since a step of the wall clock must not look like a restart.
    this.#startTime = clock.now() / 1000 - process.uptime()
  }

  /** Begins to watch the event loop. */
  start(): void {
    const due = this.#clock.monotonic() + LAG_INTERVAL_MS
    this.#timer = this.#clock.setTimer(LAG_INTERVAL_MS, () => {
      this.#lags.push(Math.max(0, this.#clock.monotonic() - due) / 1000)
      if (this.#lags.length > LAG_SAMPLES) this.#lags.shift()
      this.start()
    })
  }

  stop(): void {
    this.#timer?.cancel()
  }

  read(): ProcessFigures {
    const { user, system } = process.cpuUsage()
    const memory = process.memoryUsage()
    return {
      cpuSeconds: (user + system) / 1e6,
      residentBytes: memory.rss,
      heapUsedBytes: memory.heapUsed,
      heapTotalBytes: memory.heapTotal,
      startTime: this.#startTime,
      openFiles: countOpenFiles(),
      eventLoopLag: this.#lags.length === 0 ? undefined : Math.max(...this.#lags),
    }
  }
}

function countOpenFiles(): number | undefined {
  try {
    // One of them is the listing itself.
    return readdirSync('/proc/self/fd').length - 1
  } catch {
    return undefined // only Linux tells
  }
}
