import { CounterWindow } from './counter-window.ts'

/** Senders that are remembered, neighbours or not. */
const MAX_SENDERS = 256

/**
 * The counters of a keyed network's senders by their ids, also of those that are no neighbours yet or any more:
 * what somebody has recorded is of no use to him later. Only holders of the key get a place in it.
 */
export class ReplayGuard {
  /** Those heard last come last. */
  readonly #senders = new Map<number, CounterWindow>()

  newest(sender: number): number | undefined {
    return this.#senders.get(sender)?.newest
  }

  /** A packet whose tag is right. @returns false where it has been here or is too old to tell. */
  take(sender: number, counter: number): boolean {
    const window = this.#senders.get(sender) ?? new CounterWindow()
    if (!window.isFresh(counter)) return false
    window.add(counter)
    this.#senders.delete(sender)
    this.#senders.set(sender, window)
    for (const oldest of this.#senders.keys()) {
      if (this.#senders.size <= MAX_SENDERS) break
      this.#senders.delete(oldest)
    }
    return true
  }
}
