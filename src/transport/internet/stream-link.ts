/**
 * A link over one libp2p stream, whatever carries that. The data path of the internet transports: frames
 * queued in one tick leave in one write, and nothing here costs more per frame than a view of it.
 */
import type { Connection, Stream, StreamMessageEvent } from '@libp2p/interface'
import type { Address } from '../../identity/address.ts'
import type { Clock, Timer } from '../../runtime/clock.ts'
import type { Priority } from '../../wire/frame.ts'
import { keepAliveOf, linkClassOf } from '../link-class.ts'
import { SendQueue } from '../send-queue.ts'
import { countTransportError, type Link, type LinkProfile } from '../transport.ts'
import { isAck } from './ack-frame.ts'
import { Acknowledgement } from './acknowledgement.ts'
import { writeLess } from './fewer-writes.ts'
import type { FrameDecoder } from './frame-decoder.ts'
import { feed } from './frame-exchange.ts'
import { cutOff, hangUp } from './hang-up.ts'
import { ACK_DELAY_MS, ACK_WINDOW } from './limits.ts'
import type { LinkOwner, StreamLinkOptions } from './link-owner.ts'
import { LinkWriter } from './link-writer.ts'
import { Pulse } from './pulse.ts'
import { pauseReading, resumeReading } from './reading.ts'

export class StreamLink implements Link {
  readonly transport: string
  readonly neighbour: Address
  readonly remote: string
  readonly direction: 'inbound' | 'outbound'
  readonly profile: LinkProfile
  /** When it came up, on the monotonic clock, ms. */
  readonly upSince: number
  readonly #owner: LinkOwner
  readonly #clock: Clock
  readonly #connection: Connection
  readonly #stream: Stream
  readonly #decoder: FrameDecoder
  readonly #queue: SendQueue
  readonly #firstLatencyMs: number
  readonly #acks: Acknowledgement
  readonly #pulse: Pulse
  #pulseTimer: Timer | undefined
  #ackTimer: Timer | undefined
  readonly #writer: LinkWriter
  /** Whether frames come seldom: then one does not wait until the end of the tick for others to leave with. */
  #isQuiet = true
  /** Whether there was a write in this tick already. */
  #isEarly = false
  #isClosed = false
  #isRetiring = false
  #isFlushScheduled = false
  #isPaused = false
  #isDelivering = false
  #isResuming = false
  /** Why the stream has ended, while frames that came before still wait to be delivered. */
  #ended: string | undefined
  #onFlushed: (() => void) | undefined
  #gone: Promise<void> | undefined

  constructor(options: StreamLinkOptions) {
    const { owner, clock, connection, stream, decoder, neighbour, profile, latencyMs, queueBytes } = options
    this.transport = owner.name
    this.neighbour = neighbour
    this.remote = connection.remoteAddr.toString()
    this.direction = connection.direction
    this.profile = profile
    this.#firstLatencyMs = latencyMs
    const now = clock.monotonic()
    this.upSince = now
    this.#owner = owner
    this.#clock = clock
    this.#connection = connection
    this.#stream = stream
    this.#decoder = decoder
    this.#queue = new SendQueue(queueBytes, options.queueSalt)
    this.#acks = new Acknowledgement(ACK_WINDOW, now)
    this.#writer = new LinkWriter({
      connection,
      stream,
      queue: this.#queue,
      acks: this.#acks,
      counters: owner.counters,
    })
    writeLess(connection, stream)
    this.#pulse = new Pulse(keepAliveOf(linkClassOf(profile)), now, clock.now())
  }

  /** Begins to read. Call it once, after the link has been announced. */
  open(): void {
    this.#stream.addEventListener('drain', this.#onDrain)
    this.#stream.addEventListener('remoteCloseWrite', this.#onFinish)
    this.#stream.addEventListener('close', this.#onClose)
    this.#stream.addEventListener('message', this.#onMessage)
    this.#watch()
    this.#clock.defer(() => {
      this.#deliver()
      if (this.#stream.status !== 'open') this.#onClose()
      else if (this.#stream.remoteWriteStatus === 'closed') this.#onFinish()
    })
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** The handshake's, until a later question has found a better one: the handshake also waits for start-up. */
  get latencyMs(): number {
    const rtt = this.#acks.roundTripMs
    return rtt === undefined ? this.#firstLatencyMs : Math.min(this.#firstLatencyMs, rtt / 2)
  }

  /** When the neighbour was heard last, monotonic, ms. */
  get heardAt(): number {
    return this.#pulse.heardAt
  }

  get queuedBytes(): number {
    return this.#queue.bytes
  }

  get congested(): boolean {
    return this.#queue.isCongested
  }

  send(frame: Uint8Array, priority: Priority): boolean {
    if (this.#isClosed || this.#isRetiring || this.#ended !== undefined) return false
    if (frame.length === 0 || frame.length > this.profile.mtu || isAck(frame)) {
      countTransportError(this.#owner.counters, 'unsendable')
      return false
    }
    if (!this.#queue.push(frame, priority)) return false
    if (this.#isQuiet) this.#flushSoon()
    this.#flushLater()
    return true
  }

  pause(): void {
    if (this.#isPaused) return
    this.#isPaused = true
    // Inside stream.resume() a pause would be undone by what follows there: #read() makes up for it.
    if (!this.#isResuming) pauseReading(this.#stream)
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#clock.defer(() => this.#read())
  }

  close(reason: string): void {
    if (this.#isClosed) return
    const unsent = this.#bow()
    this.#clock.defer(() => this.#owner.down(this, reason, unsent))
  }

  /** The same for a transport that stops: the owner hears of it before the call returns. */
  closeNow(reason: string): void {
    if (!this.#isClosed) this.#owner.down(this, reason, this.#bow())
  }

  /** Takes no further frame, and closes when the neighbour has all it was to have. */
  retire(reason: string): void {
    this.#isRetiring = true
    this.whenFlushed(() => this.close(reason))
  }

  /** Resolves when the connection of a closed link is gone too. */
  async gone(): Promise<void> {
    await this.#gone
  }

  /** Calls back once the neighbour has said that it has all that was accepted, or the link is closed. */
  whenFlushed(done: () => void): void {
    const before = this.#onFlushed
    this.#onFlushed = () => {
      before?.()
      done()
    }
    this.#flushLater()
  }

  /** Whether the neighbour has said that it is stopping. */
  get isLeaving(): boolean {
    return this.#acks.isNeighbourLeaving
  }

  /** Tells the neighbour that this node is stopping: the link itself goes on. */
  sayGoodbye(): void {
    this.#acks.isLeaving = true
    this.ask()
  }

  /** Gives a sign of life, and asks for one. */
  ask(): void {
    this.#acks.ask(this.#clock.monotonic())
    this.#writer.isAckDue = true
    this.#flushLater()
  }

  #flushLater(): void {
    if (this.#isFlushScheduled) return
    this.#isFlushScheduled = true
    this.#clock.defer(this.#flush)
  }

  readonly #flush = (): void => {
    this.#isFlushScheduled = false
    const frames = this.#write()
    this.#isQuiet = frames <= (this.#isEarly ? 0 : 1)
    this.#isEarly = false
    if (!this.#isClosed && this.#queue.takeDrained()) this.#owner.drained(this)
    if (this.#isClosed || this.#writer.isFlushed) this.#flushed()
  }

  /** All that is sent in one go leaves in one write, and what follows in this tick in a second one. */
  #flushSoon(): void {
    this.#isQuiet = false
    this.#isEarly = true
    queueMicrotask(() => this.#write())
  }

  /** @returns how many frames have left */
  #write(): number {
    if (this.#isClosed) return 0
    const { counters } = this.#owner
    const before = counters.framesSent
    const now = this.#clock.monotonic()
    try {
      if (this.#writer.write(now, this.#onFlushed !== undefined)) this.#pulse.sent(now)
    } catch {
      // The connection broke in this very write.
      this.#onClose()
    }
    return counters.framesSent - before
  }

  #flushed(): void {
    this.#onFlushed?.()
    this.#onFlushed = undefined
  }

  readonly #onDrain = (): void => {
    // Behind libp2p, which still has its own buffer to empty, and only then knows whether we may write.
    queueMicrotask(() => this.#write())
    this.#flushLater()
  }

  readonly #onMessage = ({ data }: StreamMessageEvent): void => {
    this.#pulse.heard(this.#clock.monotonic())
    feed(this.#decoder, data)
    this.#deliver()
  }

  #deliver(): void {
    if (this.#isDelivering) return
    this.#isDelivering = true
    const { counters } = this.#owner
    const acks = this.#acks
    while (!this.#isPaused && !this.#isClosed) {
      const frame = this.#decoder.next()
      if (frame === undefined) break
      if (isAck(frame)) {
        this.#readAck(frame)
        continue
      }
      counters.framesReceived += 1
      counters.bytesReceived += frame.length
      acks.count()
      this.#owner.frame(this, frame)
    }
    this.#isDelivering = false
    if (this.#isClosed) return
    if (acks.isUrgent) this.#flushLater()
    else if (acks.isOwing) this.#ackLater()
    const reason = this.#decoder.fault ?? this.#ended
    if (reason !== undefined && !this.#isPaused) this.#fail(reason)
  }

  #readAck(frame: Uint8Array): void {
    const now = this.#clock.monotonic()
    const count = this.#acks.read(frame, now)
    if (count < 0) this.#fail('malformed')
    if (count <= 0) return
    this.#pulse.progressed(now)
    if (!this.#queue.isEmpty || this.#onFlushed !== undefined) this.#flushLater()
  }

  /** Soon enough for a sender that does not wait for it, seldom enough to go along with data as a rule. */
  #ackLater(): void {
    this.#ackTimer ??= this.#clock.setTimer(ACK_DELAY_MS, () => {
      this.#ackTimer = undefined
      if (!this.#acks.isOwing) return
      this.#writer.isAckDue = true
      this.#flushLater()
    })
  }

  #watch(): void {
    this.#pulseTimer = this.#clock.setTimer(this.#pulse.everyMs, () => {
      const now = this.#clock.monotonic()
      // Whoever does not listen cannot tell silence.
      if (this.#isPaused) this.#pulse.heard(now)
      const isWaiting = !this.#queue.isEmpty || this.#acks.sent.length > 0
      const verdict = this.#pulse.look(now, this.#clock.now(), isWaiting)
      if (verdict === 'silent' || verdict === 'stalled') {
        countTransportError(this.#owner.counters, verdict)
        this.close(verdict)
        return
      }
      if (verdict === 'speak') this.ask()
      this.#watch()
    })
  }

  /** What was held back while paused: first what is here, then what the stream has. */
  #read(): void {
    if (this.#isPaused || this.#isClosed) return
    this.#deliver()
    if (this.#isPaused || this.#isClosed) return
    this.#resumeStream()
    if (this.#isPaused) pauseReading(this.#stream)
  }

  #resumeStream(): void {
    this.#isResuming = true
    resumeReading(this.#stream)
    this.#isResuming = false
  }

  readonly #onFinish = (): void => this.#end('closed_by_neighbour')

  readonly #onClose = (): void => {
    this.#end(this.#stream.status === 'reset' ? 'reset_by_neighbour' : 'connection_lost')
  }

  #end(reason: string): void {
    if (this.#isClosed || this.#ended !== undefined) return
    this.#ended = reason
    // Takes over what a paused stream still holds: it is delivered before the link goes down.
    this.#resumeStream()
    this.#clock.defer(() => this.#deliver())
  }

  /** The link ends from outside, or by what it was sent. */
  #fail(reason: string): void {
    const unsent = this.#shut()
    if (reason === this.#ended) {
      this.#gone = hangUp(this.#connection, this.#stream, this.#clock)
    } else {
      countTransportError(this.#owner.counters, reason)
      cutOff(this.#connection, new Error(`${reason} frame or frame length`))
    }
    this.#owner.down(this, reason, unsent)
  }

  /** The link ends from this side: a last word on what has arrived spares the neighbour to send it again. */
  #bow(): Uint8Array[] {
    this.#writer.lastWord()
    const unsent = this.#shut()
    this.#gone = hangUp(this.#connection, this.#stream, this.#clock)
    return unsent
  }

  /** @returns what the neighbour may not have: first what has left, then what has not. */
  #shut(): Uint8Array[] {
    this.#isClosed = true
    this.#pulseTimer?.cancel()
    this.#ackTimer?.cancel()
    this.#stream.removeEventListener('drain', this.#onDrain)
    this.#stream.removeEventListener('remoteCloseWrite', this.#onFinish)
    this.#stream.removeEventListener('close', this.#onClose)
    this.#stream.removeEventListener('message', this.#onMessage)
    this.#flushed()
    return [...this.#acks.sent.clear(), ...this.#queue.clear()]
  }
}
