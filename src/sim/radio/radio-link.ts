/** A radio as the transport seam sees it: one link to whoever is in reach. */
import type { Address } from '../../identity/address.ts'
import type { Clock, Timer } from '../../runtime/clock.ts'
import type { Random } from '../../runtime/random.ts'
import { bitsPerSecond, MAX_LORA_BYTES } from '../../transport/lora/airtime.ts'
import { SendQueue } from '../../transport/send-queue.ts'
import {
  countTransportError,
  type Link,
  type LinkProfile,
  type TransportCounters,
} from '../../transport/transport.ts'
import type { Priority } from '../../wire/frame.ts'
import type { AirtimeLedger } from './airtime-ledger.ts'
import { ChannelAccess } from './channel-access.ts'
import type { Radio } from './radio.ts'

/** The transport it belongs to. Its calls come from the clock, never from within a call into the link. */
export interface RadioLinkOwner {
  readonly name: string
  readonly counters: TransportCounters
  frame(link: RadioLink, frame: Uint8Array): void
  drained(link: RadioLink): void
  down(link: RadioLink, reason: string, unsent: readonly Uint8Array[]): void
}

export interface RadioLinkParts {
  readonly radio: Radio
  readonly ledger: AirtimeLedger
  readonly clock: Clock
  readonly random: Random
  readonly queueBytes: number
}

/** A frame by which the latency is told, bytes. */
const SMALL_FRAME_BYTES = 32
/** Frames that are kept while the node takes none. The air cannot be held back: the rest is lost. */
const HELD_FRAMES = 32

export class RadioLink implements Link {
  readonly transport: string
  readonly neighbour: Address | undefined = undefined
  readonly remote: string
  readonly direction = 'outbound'
  readonly profile: LinkProfile
  readonly latencyMs: number
  readonly #owner: RadioLinkOwner
  readonly #radio: Radio
  readonly #clock: Clock
  readonly #queue: SendQueue
  readonly #access: ChannelAccess
  readonly #longestMs: number
  #held: Uint8Array[] = []
  #deliverTimer: Timer | undefined
  #isPaused = false
  #isClosed = false
  #onFlushed: (() => void) | undefined
  #tellOwner: (() => void) | undefined

  constructor(owner: RadioLinkOwner, { radio, ledger, clock, random, queueBytes }: RadioLinkParts) {
    const { modulation } = radio
    this.transport = owner.name
    this.remote = `SF ${modulation.spreadingFactor} at ${modulation.bandwidthHz / 1000} kHz`
    this.profile = { mtu: MAX_LORA_BYTES, bitsPerSecond: bitsPerSecond(modulation), broadcast: true }
    this.#owner = owner
    this.#radio = radio
    this.#clock = clock
    this.#queue = new SendQueue(queueBytes)
    this.#access = new ChannelAccess(radio, ledger, this, clock, random)
    this.#longestMs = ledger.budgetMs
    this.latencyMs = this.#access.meanWaitMs + radio.airtimeMs(SMALL_FRAME_BYTES)
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
    const { length } = frame
    if (length === 0 || length > this.profile.mtu || this.#radio.airtimeMs(length) > this.#longestMs) {
      countTransportError(this.#owner.counters, 'unsendable')
      return false
    }
    if (!this.#queue.push(frame, priority)) return false
    this.#access.wake()
    return true
  }

  nextBytes(): number | undefined {
    return this.#queue.peek()?.length
  }

  take(): Uint8Array {
    const frame = this.#queue.shift() as Uint8Array
    this.#owner.counters.framesSent += 1
    this.#owner.counters.bytesSent += frame.length
    return frame
  }

  /** The radio has finished a frame. */
  transmitted(): void {
    if (this.#isClosed) return
    if (this.#queue.takeDrained()) this.#owner.drained(this)
    if (this.#queue.isEmpty) this.#flushed()
    this.#access.wake()
  }

  /** The radio has received one. */
  received(frame: Uint8Array): void {
    if (this.#isClosed) return
    if (!this.#isPaused && this.#held.length === 0) this.#deliver(frame)
    else if (this.#held.length < HELD_FRAMES) this.#held.push(frame)
    else countTransportError(this.#owner.counters, 'paused')
  }

  pause(): void {
    this.#isPaused = true
    this.#deliverTimer?.cancel()
    this.#deliverTimer = undefined
  }

  resume(): void {
    this.#isPaused = false
    if (this.#held.length > 0) this.#deliverTimer ??= this.#clock.setTimer(0, () => this.#deliverHeld())
  }

  close(reason: string): void {
    if (this.#isClosed) return
    const unsent = this.#shut()
    this.#tellOwner = () => this.#owner.down(this, reason, unsent)
    this.#clock.defer(this.#tellOwner)
  }

  /** The same for a transport that stops: the owner hears of it before the call returns. */
  closeNow(reason: string): void {
    this.close(reason)
    this.#tellOwner?.()
  }

  /** Calls back when all that was queued has left or the link is closed. */
  whenFlushed(done: () => void): void {
    if (this.#isClosed || (this.#queue.isEmpty && !this.#radio.isSending)) done()
    else this.#onFlushed = done
  }

  #shut(): Uint8Array[] {
    this.#isClosed = true
    this.#access.stop()
    this.#deliverTimer?.cancel()
    this.#held = []
    this.#flushed()
    return this.#queue.clear()
  }

  #flushed(): void {
    this.#onFlushed?.()
    this.#onFlushed = undefined
  }

  #deliverHeld(): void {
    this.#deliverTimer = undefined
    const held = this.#held
    this.#held = []
    while (held.length > 0 && !this.#isPaused && !this.#isClosed) this.#deliver(held.shift() as Uint8Array)
    if (!this.#isClosed) this.#held = held
  }

  #deliver(frame: Uint8Array): void {
    this.#owner.counters.framesReceived += 1
    this.#owner.counters.bytesReceived += frame.length
    this.#owner.frame(this, frame)
  }
}
