/**
 * One end of a link in memory. It has a rate and a latency like a wire, a queue like a socket, and the far
 * end's pause is felt; all of it runs on a clock, so a virtual one makes it exact.
 */
import type { Address } from '../../identity/address.ts'
import type { Clock, Timer } from '../../runtime/clock.ts'
import type { Priority } from '../../wire/frame.ts'
import { DEFAULT_QUEUE_BYTES, SendQueue } from '../send-queue.ts'
import { countTransportError, type Link, type LinkProfile, type TransportCounters } from '../transport.ts'

/** What is common to both ends. */
export interface CableProfile {
  /** Time one way, ms. Zero or more. */
  readonly latencyMs: number
  /** More than zero; infinite is allowed. */
  readonly bitsPerSecond: number
  /** The longest frame, bytes. */
  readonly mtu: number
}

/** The transport a link belongs to. Its calls come from the clock, never from within a call into the link. */
export interface LinkOwner {
  readonly name: string
  readonly counters: TransportCounters
  frame(link: MemoryLink, frame: Uint8Array): void
  drained(link: MemoryLink): void
  down(link: MemoryLink, reason: string, unsent: readonly Uint8Array[]): void
}

interface Arrival {
  readonly at: number
  /** Undefined for the end of the link: the neighbour has closed it. */
  readonly frame: Uint8Array | undefined
}

const NO_FRAMES: readonly Uint8Array[] = []

/** What may be under way to a neighbour that does not read, beyond what fills the wire. */
const WINDOW_BYTES = 1024 * 1024
/** Frames of the next millisecond leave together: a system clock's timers are no finer than that. */
const SLACK_MS = 1

export class MemoryLink implements Link {
  readonly transport: string
  readonly neighbour: Address
  readonly remote: string
  readonly direction: 'inbound' | 'outbound'
  readonly profile: LinkProfile
  readonly latencyMs: number
  readonly #owner: LinkOwner
  readonly #clock: Clock
  readonly #queue = new SendQueue(DEFAULT_QUEUE_BYTES)
  readonly #windowBytes: number
  readonly #arrivals: Arrival[] = []
  /** What left and found the other end closed. */
  #undelivered: Uint8Array[] = []
  /** The other end; itself until the two are joined, before which nothing is sent. */
  #peer: MemoryLink = this
  #isClosed = false
  #isPaused = false
  /** When the wire is free for the next frame, on the monotonic clock. */
  #busyUntil = 0
  /** Sent and not yet handed to the neighbour. */
  #outstandingBytes = 0
  #isSending = false
  #sendTimer: Timer | undefined
  #arrivalTimer: Timer | undefined
  #onFlushed: (() => void) | undefined

  constructor(
    owner: LinkOwner,
    neighbour: Address,
    direction: 'inbound' | 'outbound',
    cable: CableProfile,
    clock: Clock,
  ) {
    const { latencyMs, bitsPerSecond, mtu } = cable
    this.transport = owner.name
    this.neighbour = neighbour
    this.remote = `/memory/${neighbour.toString()}`
    this.direction = direction
    this.profile = { mtu, bitsPerSecond, broadcast: false }
    this.latencyMs = latencyMs
    this.#owner = owner
    this.#clock = clock
    const inFlightBytes = (bitsPerSecond / 8000) * latencyMs
    this.#windowBytes = WINDOW_BYTES + (Number.isFinite(inFlightBytes) ? inFlightBytes : 0)
  }

  /** Makes two ends one link. */
  static join(a: MemoryLink, b: MemoryLink): void {
    a.#peer = b
    b.#peer = a
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  get queuedBytes(): number {
    return this.#queue.bytes
  }

  get congested(): boolean {
    return this.#queue.isCongested
  }

  send(frame: Uint8Array, priority: Priority): boolean {
    if (this.#isClosed) return false
    if (frame.length === 0 || frame.length > this.profile.mtu) {
      countTransportError(this.#owner.counters, 'unsendable')
      return false
    }
    if (!this.#queue.push(frame, priority)) return false
    this.#sendLater(0)
    return true
  }

  pause(): void {
    this.#isPaused = true
    this.#arrivalTimer?.cancel()
    this.#arrivalTimer = undefined
  }

  resume(): void {
    this.#isPaused = false
    this.#receiveLater()
  }

  /** What is under way to the neighbour still arrives, and then the neighbour's end goes down too. */
  close(reason: string): void {
    if (this.#isClosed) return
    this.#closeLater(reason, NO_FRAMES)
  }

  /** The same for a transport that stops: the owner hears of it before the call returns. */
  closeNow(reason: string): void {
    if (!this.#isClosed) this.#owner.down(this, reason, this.#shut())
  }

  /** The cable is gone: what was under way does not arrive, and both ends are told. */
  cut(reason: string): void {
    const [there, back] = [framesOf(this.#peer.#arrivals), framesOf(this.#arrivals)]
    this.#arrivals.length = 0
    this.#peer.#arrivals.length = 0
    if (!this.#isClosed) this.#closeLater(reason, there)
    this.#peer.#arrivals.length = 0
    if (!this.#peer.#isClosed) this.#peer.#closeLater(reason, back)
  }

  /** Calls back when the queue is empty or the link is closed. */
  whenFlushed(done: () => void): void {
    if (this.#isClosed || this.#queue.isEmpty) done()
    else this.#onFlushed = done
  }

  /** @param undelivered frames of this end that the other one has not been given. */
  #closeLater(reason: string, undelivered: readonly Uint8Array[]): void {
    const unsent = [...undelivered, ...this.#shut()]
    this.#clock.defer(() => this.#owner.down(this, reason, unsent))
  }

  /** What was under way to this end goes back to the other. @returns what this end has to give back */
  #shut(): Uint8Array[] {
    this.#isClosed = true
    this.#sendTimer?.cancel()
    this.#arrivalTimer?.cancel()
    this.#peer.#undelivered.push(...framesOf(this.#arrivals))
    this.#arrivals.length = 0
    this.#peer.#arrive({ at: this.#nextArrival(), frame: undefined })
    this.#flushed()
    return [...this.#undelivered, ...this.#queue.clear()]
  }

  #sendLater(delayMs: number): void {
    if (this.#isClosed || this.#queue.isEmpty || this.#outstandingBytes >= this.#windowBytes) return
    if (this.#isSending) return
    this.#isSending = true
    if (delayMs <= 0) this.#clock.defer(() => this.#transmit())
    else this.#sendTimer = this.#clock.setTimer(delayMs, () => this.#transmit())
  }

  #transmit(): void {
    this.#isSending = false
    if (this.#isClosed) return
    const now = this.#clock.monotonic()
    const { counters } = this.#owner
    while (this.#outstandingBytes < this.#windowBytes && this.#busyUntil <= now + SLACK_MS) {
      const frame = this.#queue.shift()
      if (frame === undefined) break
      this.#busyUntil = Math.max(this.#busyUntil, now) + (frame.length * 8000) / this.profile.bitsPerSecond
      this.#outstandingBytes += frame.length
      counters.framesSent += 1
      counters.bytesSent += frame.length
      this.#peer.#arrive({ at: this.#nextArrival(), frame })
    }
    if (this.#queue.takeDrained()) this.#owner.drained(this)
    this.#sendLater(this.#busyUntil - now)
    if (this.#queue.isEmpty) this.#flushed()
  }

  #nextArrival(): number {
    return Math.max(this.#busyUntil, this.#clock.monotonic()) + this.latencyMs
  }

  #flushed(): void {
    this.#onFlushed?.()
    this.#onFlushed = undefined
  }

  #arrive(arrival: Arrival): void {
    if (this.#isClosed) {
      if (arrival.frame !== undefined) this.#peer.#undelivered.push(arrival.frame)
      return
    }
    this.#arrivals.push(arrival)
    this.#receiveLater()
  }

  #receiveLater(): void {
    const first = this.#arrivals[0]
    if (first === undefined || this.#isPaused || this.#isClosed) return
    this.#arrivalTimer ??= this.#clock.setTimer(first.at - this.#clock.monotonic(), () => this.#receive())
  }

  #receive(): void {
    this.#arrivalTimer = undefined
    const now = this.#clock.monotonic()
    const { counters } = this.#owner
    let taken = 0
    while (!this.#isPaused && !this.#isClosed) {
      const arrival = this.#arrivals[taken]
      if (arrival === undefined || arrival.at > now) break
      taken += 1
      if (arrival.frame === undefined) {
        this.#owner.down(this, 'closed_by_neighbour', this.#shut())
        return
      }
      counters.framesReceived += 1
      counters.bytesReceived += arrival.frame.length
      this.#peer.#consumed(arrival.frame.length)
      this.#owner.frame(this, new Uint8Array(arrival.frame))
    }
    this.#arrivals.splice(0, taken)
    this.#receiveLater()
  }

  #consumed(bytes: number): void {
    this.#outstandingBytes -= bytes
    this.#sendLater(this.#busyUntil - this.#clock.monotonic())
  }
}

function framesOf(arrivals: readonly Arrival[]): Uint8Array[] {
  return arrivals.flatMap(({ frame }) => frame ?? [])
}
