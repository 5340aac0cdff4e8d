/**
 * One end of a simulated link, and the direction that leads away from it: a queue, a wire with a rate, and
 * what is under way to the other end.
 */
import type { Address } from '../identity/address.ts'
import { countTransportError, type Link, type LinkProfile } from '../transport/transport.ts'
import type { Priority } from '../wire/frame.ts'
import { GRAIN_MS, type SimEvent } from './event-queue.ts'
import { FrameList, WaitingFrames } from './frame-list.ts'
import type { DirectionModel } from './link-model.ts'
import { LinkChance } from './loss.ts'
import type { SimTransport } from './sim-transport.ts'

/** What may be under way to a neighbour that does not read, beyond what fills the wire. */
const WINDOW_BYTES = 1024 * 1024
/** Frames of the next grain leave together. */
const SLACK_MS = GRAIN_MS
/** A frame that is held back arrives up to this much, and twice the latency, later. */
const HELD_BACK_MS = 10
/** What one frame counts in the measured loss. */
const LOSS_WEIGHT = 1 / 64

export class SimLink implements Link, SimEvent {
  readonly isDead = false
  readonly transport: string
  readonly neighbour: Address
  readonly remote: string
  readonly direction: 'inbound' | 'outbound'
  readonly port: SimTransport
  /** The node at the other end: what arrives there is its event. */
  readonly owner: number
  /** The other end. Itself until the two are joined. */
  peer: SimLink = this
  /** Whether the host has been told of it; until then nothing arrives. */
  isUp = false
  isClosed = false
  /** Waits for the end of the tick to be sent. For its transport. */
  isDirty = false
  profile: LinkProfile
  #model: DirectionModel
  readonly #queue: WaitingFrames
  readonly #arrivals: FrameList
  readonly #chance: LinkChance
  #isPaused = false
  /** When this fires as the arrival at the other end; infinite where nothing is under way or it cannot be taken. */
  #armedAt = Number.POSITIVE_INFINITY
  #wake: WakeEvent | undefined
  /** When the wire is free for the next frame. */
  #busyUntil = 0
  #cloggedUntil = 0
  /** When the last frame in order arrives. */
  #lastArrival = 0
  /** Sent and not yet handed to the neighbour. */
  #outstandingBytes = 0
  #loss = 0
  #onFlushed: (() => void) | undefined

  constructor(
    port: SimTransport,
    neighbour: SimTransport,
    direction: 'inbound' | 'outbound',
    model: DirectionModel,
  ) {
    this.transport = port.name
    this.port = port
    this.owner = neighbour.machine.index
    this.neighbour = neighbour.address
    this.remote = `/sim/${neighbour.machine.index}`
    this.direction = direction
    this.#model = model
    this.profile = profileOf(model)
    this.#queue = new WaitingFrames(model.queueBytes, port.network.pool)
    this.#arrivals = new FrameList(port.network.pool)
    this.#chance = new LinkChance(() =>
      port.network.random.fork(`link ${port.machine.index} ${neighbour.machine.index}`),
    )
  }

  static join(a: SimLink, b: SimLink): void {
    a.peer = b
    b.peer = a
  }

  get latencyMs(): number {
    return this.#model.latencyMs + this.#model.jitterMs / 2
  }

  /** As a transport measures it that has each frame acknowledged: over the last hundred or so. */
  get loss(): number {
    return this.#loss
  }

  get queuedBytes(): number {
    return this.#queue.bytes
  }

  get congested(): boolean {
    return this.#queue.isCongested
  }

  /** Changes what the direction is like from now on; the size of the queue stays. */
  reshape(model: DirectionModel): void {
    this.#model = model
    this.profile = profileOf(model)
    if (this.#queue.bytes > 0) this.port.sendSoon(this)
  }

  /** Carries nothing for a while. */
  clog(ms: number): void {
    this.#cloggedUntil = Math.max(this.#cloggedUntil, this.port.now + ms)
  }

  send(frame: Uint8Array, priority: Priority): boolean {
    if (this.isClosed) return false
    this.port.network.observer.offered(this, frame)
    const given = this.port.adversary === undefined ? frame : this.port.adversary.outgoing(this, frame)
    if (given === undefined) return true
    return this.sendAsIs(given, priority)
  }

  /** The same past the node's adversary: what that one itself has to say. */
  sendAsIs(frame: Uint8Array, priority: Priority): boolean {
    if (this.isClosed) return false
    if (frame.length === 0 || frame.length > this.profile.mtu) {
      countTransportError(this.port.counters, 'unsendable')
      return false
    }
    if (!this.#queue.push(this.port.network.keep(frame), priority)) return false
    if (!this.isDirty) this.port.sendSoon(this)
    return true
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.peer.arm()
  }

  /** What is under way to the neighbour still arrives, and then the neighbour's end goes down too. */
  close(reason: string): void {
    if (this.isClosed) return
    const unsent = this.#shut(true)
    this.port.network.closed(this)
    this.port.later(() => this.port.down(this, reason, unsent))
  }

  /** The same for a transport that stops: the owner hears of it before the call returns. */
  closeNow(reason: string): void {
    if (!this.isClosed) this.port.down(this, reason, this.#shut(true))
  }

  /** The link is gone without a word from the other end; what was under way to it is lost. */
  fail(reason: string): void {
    if (this.isClosed) return
    const unsent = this.#shut(false)
    this.port.later(() => this.port.down(this, reason, unsent))
  }

  /** The process is dead: nobody is told. What has left the queue still arrives. */
  kill(): void {
    if (!this.isClosed) this.#shut(false)
  }

  /** Calls back when the queue is empty or the link is closed. */
  whenFlushed(done: () => void): void {
    if (this.isClosed || this.#queue.bytes === 0) done()
    else this.#onFlushed = done
  }

  /** Puts on the wire what it has room for now, and sees to the rest. */
  transmit(): void {
    if (this.isClosed) return
    const { now } = this.port
    const { clog } = this.#model
    const clogged =
      clog === undefined
        ? this.#cloggedUntil
        : Math.max(this.#cloggedUntil, this.#chance.cloggedUntil(clog, now))
    if (clogged > now) {
      this.#wakeAt(clogged)
      return
    }
    const window = this.#window
    while (this.#outstandingBytes < window && this.#busyUntil <= now + SLACK_MS) {
      const frame = this.#queue.shift()
      if (frame === undefined) break
      this.#busyUntil = Math.max(this.#busyUntil, now) + (frame.length * 8000) / this.#model.bitsPerSecond
      this.port.sent(this, frame)
      this.#carry(frame)
    }
    if (this.#queue.takeDrained()) this.port.drained(this)
    if (this.#queue.bytes === 0) this.#flushed()
    else if (this.#outstandingBytes < window) this.#wakeAt(this.#busyUntil)
  }

  /** Sees to it that what is under way arrives, if the other end can take it. */
  arm(): void {
    const { peer } = this
    if (this.#arrivals.isEmpty || peer.#isPaused || !peer.isUp) return
    const { machine } = peer.port
    const at = onGrain(Math.max(this.#arrivals.firstAt, machine.pausedUntil, machine.queue.now))
    if (at >= this.#armedAt) return
    this.#armedAt = at
    machine.queue.push(this, at)
  }

  /** Something arrives at the other end. */
  fire(): void {
    const { now } = this.port
    // A frame has overtaken the one this was set for, and it has been dealt with.
    if (now !== this.#armedAt) return
    this.#armedAt = Number.POSITIVE_INFINITY
    const { peer } = this
    if (peer.port.machine.isPaused) {
      this.arm()
      return
    }
    const wasFull = this.#outstandingBytes >= this.#window
    while (this.#arrivals.firstAt <= now && !peer.isClosed && !peer.#isPaused) {
      const frame = this.#arrivals.shift()
      if (frame === undefined) {
        peer.port.down(peer, 'closed_by_neighbour', peer.#shut(false))
        break
      }
      this.#outstandingBytes -= frame.length
      peer.port.receive(peer, frame)
    }
    if (peer.isClosed) this.#arrivals.clear()
    else this.arm()
    if (wasFull && this.#outstandingBytes < this.#window) this.port.sendSoon(this)
  }

  get #window(): number {
    const { bitsPerSecond, latencyMs, jitterMs } = this.#model
    const inFlight = (bitsPerSecond / 8000) * (latencyMs + jitterMs)
    return WINDOW_BYTES + (Number.isFinite(inFlight) ? inFlight : 0)
  }

  #carry(frame: Uint8Array): void {
    const { latencyMs, jitterMs, blocked, reorder, duplicate } = this.#model
    const isLost = this.peer.isClosed || blocked || this.#chance.loses(this.#model)
    this.#loss += LOSS_WEIGHT * ((isLost ? 1 : 0) - this.#loss)
    if (isLost) {
      this.port.network.lost += 1
      return
    }
    const earliest = this.#busyUntil + latencyMs + this.#chance.delay(jitterMs)
    let at = onGrain(Math.max(earliest, this.#lastArrival))
    if (this.#chance.happens(reorder)) at = onGrain(at + this.#chance.delay(2 * latencyMs + HELD_BACK_MS))
    else this.#lastArrival = at
    this.#onTheWay(at, frame)
    if (this.#chance.happens(duplicate)) this.#onTheWay(at, frame)
  }

  #onTheWay(at: number, frame: Uint8Array): void {
    this.#outstandingBytes += frame.length
    this.#arrivals.add(at, frame)
    this.arm()
  }

  #shut(tellPeer: boolean): Uint8Array[] {
    this.isClosed = true
    this.peer.#arrivals.clear()
    if (tellPeer && !this.peer.isClosed) {
      this.#arrivals.add(
        onGrain(Math.max(this.#lastArrival, this.port.now + this.#model.latencyMs)),
        undefined,
      )
      this.arm()
    }
    this.#flushed()
    return this.#queue.clear()
  }

  #flushed(): void {
    this.#onFlushed?.()
    this.#onFlushed = undefined
  }

  #wakeAt(at: number): void {
    this.#wake ??= new WakeEvent(this)
    this.#wake.set(at)
  }
}

/** The wire is free again. */
class WakeEvent implements SimEvent {
  readonly isDead = false
  readonly #link: SimLink
  #isSet = false

  constructor(link: SimLink) {
    this.#link = link
  }

  get owner(): number {
    return this.#link.port.machine.index
  }

  set(at: number): void {
    if (this.#isSet) return
    this.#isSet = true
    const { machine } = this.#link.port
    machine.queue.push(this, Math.max(at, machine.pausedUntil))
  }

  fire(): void {
    this.#isSet = false
    if (!this.#link.isClosed) this.#link.port.sendSoon(this.#link)
  }
}

function profileOf({ mtu, bitsPerSecond }: DirectionModel): LinkProfile {
  return { mtu, bitsPerSecond, broadcast: false }
}

function onGrain(at: number): number {
  return Math.ceil(at / GRAIN_MS) * GRAIN_MS
}
