/**
 * Which packets of one neighbour have been received: refuses a packet that comes twice or comes late, and says
 * which ones were of use. Counters are 32 bits; the air carries the low 16.
 */
import { ACK_WINDOW } from './packet.ts'

const HALF = 0x8000

export class CounterWindow {
  #newest = -1
  #first = -1
  /** Bit i is `newest - i`. */
  #seen = 0n
  #used = 0n

  /** The 32-bit counter that these 16 bits are short for: the one nearest to `expected`. */
  static expand(low: number, expected: number): number {
    const distance = ((low - expected + HALF) & 0xffff) - HALF
    return Math.max(0, expected + distance)
  }

  get newest(): number | undefined {
    return this.#newest < 0 ? undefined : this.#newest
  }

  /** Share of the latest packets that have not been received, since the first that was. */
  get loss(): number {
    if (this.#newest < 0) return 0
    const span = Math.min(ACK_WINDOW, this.#newest - this.#first + 1)
    let received = 0
    for (let seen = BigInt.asUintN(span, this.#seen); seen > 0n; seen &= seen - 1n) received += 1
    return 1 - received / span
  }

  /** Whether this packet has not been here and is not too old to tell. Changes nothing. */
  isFresh(counter: number): boolean {
    const behind = this.#newest - counter
    if (this.#newest < 0 || behind < 0) return true
    return behind < ACK_WINDOW && ((this.#seen >> BigInt(behind)) & 1n) === 0n
  }

  add(counter: number): void {
    if (this.#first < 0) this.#first = counter
    if (this.#newest < 0 || counter > this.#newest) {
      const ahead = this.#newest < 0 ? ACK_WINDOW : Math.min(counter - this.#newest, ACK_WINDOW)
      this.#seen = BigInt.asUintN(ACK_WINDOW, this.#seen << BigInt(ahead)) | 1n
      this.#used = BigInt.asUintN(ACK_WINDOW, this.#used << BigInt(ahead))
      this.#newest = counter
    } else {
      this.#seen |= 1n << BigInt(this.#newest - counter)
    }
  }

  /** What was meant for this node in the packet has been taken in. */
  use(counter: number): void {
    const behind = this.#newest - counter
    if (behind >= 0 && behind < ACK_WINDOW) this.#used |= 1n << BigInt(behind)
  }

  /** Low and high 32 bits of what was of use among the packets behind `since`; bit i is `newest - i`. */
  usedSince(since: number): readonly [number, number] {
    const used = BigInt.asUintN(Math.min(ACK_WINDOW, Math.max(0, this.#newest - since)), this.#used)
    return [Number(used & 0xffffffffn), Number(used >> 32n)]
  }
}
