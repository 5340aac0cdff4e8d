/** What a store holds, held against its limits. */
import type { StoreLimits } from './store.ts'

/** @typeParam Source what tells sources apart: a plain value, such as a hash or text of the address. */
export class Capacity<Source> {
  readonly #limits: StoreLimits
  readonly #bySource = new Map<Source, number>()
  #messages = 0
  #bytes = 0

  constructor(limits: StoreLimits) {
    this.#limits = limits
  }

  get messages(): number {
    return this.#messages
  }

  /** Of frames. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether one more message, with a frame of `bytes`, would keep within every limit. */
  admits(source: Source, bytes: number): boolean {
    return (
      this.#messages < this.#limits.maxMessages &&
      this.#bytes + bytes <= this.#limits.maxBytes &&
      (this.#bySource.get(source) ?? 0) < this.#limits.maxMessagesPerSource
    )
  }

  add(source: Source, bytes: number): void {
    this.#messages += 1
    this.#bytes += bytes
    this.#bySource.set(source, (this.#bySource.get(source) ?? 0) + 1)
  }

  /** Takes one message back out. */
  subtract(source: Source, bytes: number): void {
    this.#messages -= 1
    this.#bytes -= bytes
    const left = (this.#bySource.get(source) ?? 0) - 1
    if (left > 0) this.#bySource.set(source, left)
    else this.#bySource.delete(source)
  }
}
