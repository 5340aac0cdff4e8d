/** The way from the modem to its host: in order, never from within a call, and as slowly as a fault wants it. */
import type { Clock, Timer } from '../../runtime/clock.ts'

/** A host, as the modem sees it. */
export interface Host {
  bytes(data: Uint8Array): void
  /** The port is gone: the modem was unplugged. */
  closed(reason: string): void
}

/** What a slow modem still has to say is bounded; the rest is lost, bytes. */
const MOST_WAITING_BYTES = 65_536

export class HostPort {
  readonly #clock: Clock
  readonly #host: Host
  readonly #pace: () => number | undefined
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  #timer: Timer | undefined
  #isClosed = false

  /** @param pace bytes a second; undefined for as fast as it can. */
  constructor(clock: Clock, host: Host, pace: () => number | undefined) {
    this.#clock = clock
    this.#host = host
    this.#pace = pace
  }

  write(bytes: Uint8Array): void {
    if (this.#isClosed || this.#waitingBytes + bytes.length > MOST_WAITING_BYTES) return
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
    this.#timer ??= this.#clock.setTimer(0, () => this.#send())
  }

  /** Unplugged: what waits is lost. */
  breakOff(reason: string): void {
    if (this.#isClosed) return
    this.close()
    this.#clock.setTimer(0, () => this.#host.closed(reason))
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
  }

  #send(): void {
    const bytesPerS = this.#pace()
    this.#timer = undefined
    if (this.#waiting.length === 0) return
    const all = this.#waiting.length === 1 ? (this.#waiting[0] as Uint8Array) : joined(this.#waiting)
    this.#waiting = []
    this.#waitingBytes = 0
    if (bytesPerS === undefined) {
      this.#host.bytes(all)
      return
    }
    if (all.length > 1) {
      this.#waiting = [all.subarray(1)]
      this.#waitingBytes = all.length - 1
    }
    this.#timer = this.#clock.setTimer(1000 / bytesPerS, () => this.#send())
    this.#host.bytes(all.subarray(0, 1))
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const all = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
