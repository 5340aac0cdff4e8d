/**
 * A radio as the transport seam sees it: one link to each neighbour, whose frames are acknowledged and repeated,
 * and one to everybody in reach, for what all of them should hear once.
 */
import type { Address } from '../../identity/address.ts'
import type { Coverage } from '../../routing/rebroadcast.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Priority } from '../../wire/frame.ts'
import { countTransportError, type Link, type LinkProfile, type TransportCounters } from '../transport.ts'
import type { Neighbour } from './link/neighbour.ts'
import type { Station } from './link/station.ts'
import { coverageOf, sendsToAll } from './link/surroundings.ts'

export interface RadioLinkOwner {
  readonly name: string
  readonly port: string
  readonly clock: Clock
  readonly counters: TransportCounters
  readonly queueBytes: number
  readonly station: Station
  readonly bits: number
  frame(link: RadioLink, frame: Uint8Array): void
  closed(link: RadioLink, reason: string): void
}

/** Frames to everybody are not repeated, so they are kept to a few packets, bytes. */
const MAX_CAST_BYTES = 1024
/** Frames that are kept while the node takes none: the air cannot be held back. */
const HELD_FRAMES = 16
/** A frame by which the latency is told takes so much longer than its bits, for preamble and header. */
const SMALL_FRAME_BITS = 40 * 8

export class RadioLink implements Link {
  readonly transport: string
  readonly remote: string
  readonly direction = 'outbound'
  readonly profile: LinkProfile
  readonly latencyMs: number
  /** The link to everybody whose transmissions reach this neighbour too. */
  readonly medium: RadioLink | undefined
  readonly #owner: RadioLinkOwner
  readonly #to: Neighbour | undefined
  #held: Uint8Array[] = []
  #isPaused = false
  #isClosed = false
  #awaitsRoom = false

  constructor(owner: RadioLinkOwner, to: Neighbour | undefined, medium: RadioLink | undefined) {
    const { station } = owner
    this.transport = owner.name
    this.remote = to === undefined ? owner.port : `${owner.port} ${to.id.toString(16).padStart(4, '0')}`
    const mtu = to === undefined ? MAX_CAST_BYTES : station.maxFrameBytes
    this.profile = { mtu, bitsPerSecond: owner.bits, broadcast: to === undefined }
    this.latencyMs = station.accessMs / 2 + (SMALL_FRAME_BITS * 1000) / owner.bits
    this.medium = medium
    this.#owner = owner
    this.#to = to
  }

  get neighbour(): Address | undefined {
    return this.#to?.address
  }

  get loss(): number {
    return this.#to?.loss.share ?? 0
  }

  get queuedBytes(): number {
    return this.#owner.station.queuedFor(this.#to)
  }

  /** All links share the queue. Whoever is told that it is half full is told when it is not any more. */
  get congested(): boolean {
    this.#awaitsRoom ||= this.#owner.station.queuedBytes * 2 >= this.#owner.queueBytes
    return this.#awaitsRoom
  }

  get sendsToAll(): number | undefined {
    return this.#to === undefined ? sendsToAll(this.#owner.station.roster) : undefined
  }

  coverageOf(senders: readonly Address[]): Coverage | undefined {
    return this.#to === undefined ? coverageOf(this.#owner.station.roster, senders) : undefined
  }

  send(frame: Uint8Array, priority: Priority): boolean {
    if (this.#isClosed) return false
    if (frame.length === 0 || frame.length > this.profile.mtu) {
      countTransportError(this.#owner.counters, 'unsendable')
      return false
    }
    const isTaken = this.#owner.station.send(frame, priority, this.#to)
    if (!isTaken || this.congested) this.#awaitsRoom = true
    return isTaken
  }

  holds(envelope: Uint8Array): boolean {
    return this.#owner.station.holds(envelope, this.#to)
  }

  waitMs(priority: Priority): number {
    return this.#owner.station.waitMs(priority)
  }

  /** True once after a congestion, as soon as less than a quarter is left. */
  takeDrained(): boolean {
    if (!this.#awaitsRoom || this.#owner.station.queuedBytes * 4 >= this.#owner.queueBytes) return false
    this.#awaitsRoom = false
    return true
  }

  /** @returns false where the node takes nothing at present: the neighbour is to keep the frame. */
  received(frame: Uint8Array): boolean {
    if (this.#isClosed) return false
    if (!this.#isPaused && this.#held.length === 0) this.#owner.frame(this, frame)
    else if (this.#held.length < HELD_FRAMES) this.#held.push(frame)
    else {
      countTransportError(this.#owner.counters, 'paused')
      return false
    }
    return true
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    if (this.#held.length > 0) this.#owner.clock.defer(() => this.#deliverHeld())
  }

  close(reason: string): void {
    if (this.#isClosed) return
    this.shut()
    this.#owner.clock.defer(() => this.#owner.closed(this, reason))
  }

  /** No more goes through it either way. */
  shut(): void {
    this.#isClosed = true
    for (const _ of this.#held) countTransportError(this.#owner.counters, 'paused')
    this.#held = []
  }

  #deliverHeld(): void {
    while (this.#held.length > 0 && !this.#isPaused && !this.#isClosed) {
      this.#owner.frame(this, this.#held.shift() as Uint8Array)
    }
  }
}
