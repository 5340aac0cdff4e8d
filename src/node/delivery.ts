/** What became of a message, told honestly to whoever sent it. */
import type { Address } from '../identity/address.ts'
import { MeshError } from '../runtime/errors.ts'

/**
 * - `queued`: accepted here; no neighbour has it yet.
 * - `sent`: a link to the next hop has taken it.
 * - `stored`: a node, possibly this one, holds it durably and hands it over when the destination appears.
 * - `delivered`: the recipient's application has it; its signed receipt is here.
 * - `expired`: its lifetime ran out first.
 * - `failed`: it will not arrive; `reason` says why.
 */
export type DeliveryState = 'queued' | 'sent' | 'stored' | 'delivered' | 'expired' | 'failed'

/** A state that can be waited for. */
export type Milestone = 'sent' | 'stored' | 'delivered'

const RANK: Record<DeliveryState, number> = {
  queued: 0,
  sent: 1,
  stored: 2,
  delivered: 3,
  expired: 4,
  failed: 4,
}

export class Delivery {
  /** 16 hexadecimal digits, the same at the recipient. */
  readonly id: string
  readonly destination: Address
  #state: DeliveryState = 'queued'
  #reason: string | undefined
  #expectedMs: number | undefined
  readonly #watchers = new Set<(delivery: Delivery) => void>()

  constructor(id: string, destination: Address) {
    this.id = id
    this.destination = destination
  }

  get state(): DeliveryState {
    return this.#state
  }

  /** Why it is where it is, in one word of the protocol (docs/specs/envelope.md, "Reports"). */
  get reason(): string | undefined {
    return this.#reason
  }

  /**
   * While it is queued on a slow link: how long it was expected to take until it has left, counted from when the link
   * took it, ms.
   */
  get expectedMs(): number | undefined {
    return this.#state === 'queued' ? this.#expectedMs : undefined
  }

  /** Whether the state can still change. */
  get settled(): boolean {
    return RANK[this.#state] >= RANK.delivered
  }

  /** Calls `watcher` at each change. @returns a function that ends that. */
  watch(watcher: (delivery: Delivery) => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /**
   * Resolves once the message has come this far or further.
   *
   * @throws MeshError ERR_NOT_DELIVERED once it never will; the signal's reason when that aborts first.
   */
  async reached(milestone: Milestone, options: { signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = options
    signal?.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const check = (): void => {
      if (this.#state === 'failed' || this.#state === 'expired') {
        const why = this.#reason === undefined ? '' : `: ${this.#reason}`
        reject(
          new MeshError('ERR_NOT_DELIVERED', `message ${this.id} ${this.#state}${why}`, {
            context: { id: this.id, state: this.#state, reason: this.#reason ?? '' },
          }),
        )
      } else if (RANK[this.#state] >= RANK[milestone]) resolve()
    }
    const onAbort = (): void => reject(signal?.reason)
    const unwatch = this.watch(check)
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      check()
      await promise
    } finally {
      unwatch()
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /** For the node: a link has it, and cannot send it before long. */
  expect(ms: number): void {
    this.#expectedMs = ms
  }

  /** For the node: moves on. A state never goes back, and a settled one never changes. */
  advance(state: DeliveryState, reason?: string): void {
    if (this.settled || RANK[state] < RANK[this.#state]) return
    if (state === this.#state && reason === this.#reason) return
    this.#state = state
    this.#reason = reason
    for (const watcher of this.#watchers) watcher(this)
  }
}
