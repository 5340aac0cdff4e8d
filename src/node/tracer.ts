/** Finds out hop by hop how a message travels: one probe for each hop, all sent at once. */
import type { Address } from '../identity/address.ts'
import type { Clock } from '../runtime/clock.ts'
import { EnvelopeView } from '../wire/envelope.ts'

/** Traces under way at once. */
export const MAX_TRACES = 16
const MOST_HOPS = 128

export interface TraceHop {
  readonly hop: number
  /** Undefined where no answer came in time. */
  readonly address: Address | undefined
  /** There and back, ms. */
  readonly roundTripMs: number | undefined
}

interface Probe {
  readonly sentAt: number
  readonly answered: (address: Address, roundTripMs: number) => void
}

export class Tracer {
  readonly #clock: Clock
  readonly #send: (destination: Address, limit: number) => Uint8Array | undefined
  /** By message id of the probe. At most {@link MAX_TRACES} times {@link MOST_HOPS}. */
  readonly #probes = new Map<string, Probe>()

  /** @param send sends a probe and returns its frame, or undefined where there is no path. */
  constructor(clock: Clock, send: (destination: Address, limit: number) => Uint8Array | undefined) {
    this.#clock = clock
    this.#send = send
  }

  #running = 0

  get running(): number {
    return this.#running
  }

  /**
   * @param hops how far away the destination is thought to be.
   * @returns a line for each hop, in order; after `timeoutMs` with gaps where nobody answered.
   */
  async trace(destination: Address, hops: number, timeoutMs: number): Promise<TraceHop[]> {
    const lines: TraceHop[] = []
    const { promise, resolve } = Promise.withResolvers<void>()
    const ids: string[] = []
    let missing = Math.min(hops, MOST_HOPS)
    for (let hop = 1; hop <= Math.min(hops, MOST_HOPS); hop++) {
      const sentAt = this.#clock.monotonic()
      const frame = this.#send(destination, hop)
      lines.push({ hop, address: undefined, roundTripMs: undefined })
      if (frame === undefined) continue
      const { id } = new EnvelopeView(frame)
      ids.push(id)
      const answered = (address: Address, roundTripMs: number): void => {
        lines[hop - 1] = { hop, address, roundTripMs }
        missing -= 1
        if (missing === 0) resolve()
      }
      this.#probes.set(id, { sentAt, answered })
    }
    const timer = this.#clock.setTimer(ids.length === 0 ? 0 : timeoutMs, resolve)
    this.#running += 1
    await promise
    this.#running -= 1
    timer.cancel()
    for (const id of ids) this.#probes.delete(id)
    return lines
  }

  /** The answer to a probe of ours, its signature checked. @returns whether it was one. */
  answered(id: string, reporter: Address): boolean {
    const probe = this.#probes.get(id)
    if (probe === undefined) return false
    this.#probes.delete(id)
    probe.answered(reporter, this.#clock.monotonic() - probe.sentAt)
    return true
  }
}
