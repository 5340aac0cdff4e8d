/** The counters of this node's packets. They begin at the clock's, so that those of a node that forgets repeat none. */

/** What is remembered over restarts, for when the clock goes back. */
export interface CounterFloor {
  /** All counters up to this one may have been used; 0 where nothing is remembered. */
  readonly last: number
  /** Counters up to this one are going to be used. Durable on return, as far as that is possible. */
  reserve(upTo: number): void
}

/** One for each eighth of a second since the beginning of 2025: a radio sends fewer packets than that. */
const EPOCH_MS = 1_735_689_600_000
const TICK_MS = 125
/** Reserved at once: nine minutes of them, or an hour of what a radio may send. */
const RESERVE = 4096

export class PacketCounter {
  #last: number
  #reserved: number
  readonly #floor: CounterFloor | undefined

  constructor(wallMs: number, floor?: CounterFloor) {
    const byClock = Math.max(0, Math.floor((wallMs - EPOCH_MS) / TICK_MS))
    this.#last = Math.max(byClock, floor?.last ?? 0) >>> 0
    this.#reserved = this.#last
    this.#floor = floor
  }

  get last(): number {
    return this.#last
  }

  get next(): number {
    return (this.#last + 1) >>> 0
  }

  /** {@link next} is about to be used. */
  advance(): void {
    this.#last = this.next
    if (this.#floor === undefined || this.#last <= this.#reserved) return
    this.#reserved = this.#last + RESERVE
    this.#floor.reserve(this.#reserved)
  }
}
