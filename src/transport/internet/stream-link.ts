/**
 * A link over one libp2p stream, whatever carries that. The data path of the internet transports: frames
 * queued in one tick leave in one write, and nothing here costs more per frame than a view of it.
 */
import type { Connection, Stream, StreamMessageEvent } from '@libp2p/interface'
import type { Address } from '../../identity/address.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Priority } from '../../wire/frame.ts'
import { SendQueue } from '../send-queue.ts'
import { countTransportError, type Link, type LinkProfile, type TransportCounters } from '../transport.ts'
import { type FrameDecoder, LENGTH_BYTES } from './frame-decoder.ts'
import { feed } from './frame-exchange.ts'
import { cutOff, hangUp } from './hang-up.ts'
import { WRITE_BYTES } from './limits.ts'

/** The transport a link belongs to. None of these is called from within a call into the link. */
export interface LinkOwner {
  readonly name: string
  readonly counters: TransportCounters
  frame(link: StreamLink, frame: Uint8Array): void
  drained(link: StreamLink): void
  down(link: StreamLink, reason: string, unsent: readonly Uint8Array[]): void
}

export interface StreamLinkOptions {
  readonly owner: LinkOwner
  readonly clock: Clock
  readonly connection: Connection
  readonly stream: Stream
  /** With what has arrived behind the handshake. */
  readonly decoder: FrameDecoder
  readonly neighbour: Address
  readonly profile: LinkProfile
  readonly latencyMs: number
  readonly queueBytes: number
}

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
  #isClosed = false
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
    this.upSince = clock.monotonic()
    this.#owner = owner
    this.#clock = clock
    this.#connection = connection
    this.#stream = stream
    this.#decoder = decoder
    this.#queue = new SendQueue(queueBytes)
  }

  /** Begins to read. Call it once, after the link has been announced. */
  open(): void {
    this.#stream.addEventListener('drain', this.#onDrain)
    this.#stream.addEventListener('remoteCloseWrite', this.#onFinish)
    this.#stream.addEventListener('close', this.#onClose)
    this.#stream.addEventListener('message', this.#onMessage)
    this.#clock.defer(() => {
      this.#deliver()
      if (this.#stream.status !== 'open') this.#onClose()
      else if (this.#stream.remoteWriteStatus === 'closed') this.#onFinish()
    })
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** The handshake's, until libp2p's probe has found a better one: the handshake also waits for start-up. */
  get latencyMs(): number {
    const { rtt } = this.#connection
    return rtt === undefined ? this.#firstLatencyMs : Math.min(this.#firstLatencyMs, rtt / 2)
  }

  get queuedBytes(): number {
    return this.#queue.bytes
  }

  get congested(): boolean {
    return this.#queue.isCongested
  }

  send(frame: Uint8Array, priority: Priority): boolean {
    if (this.#isClosed || this.#ended !== undefined) return false
    if (frame.length === 0 || frame.length > this.profile.mtu) {
      countTransportError(this.#owner.counters, 'unsendable')
      return false
    }
    if (!this.#queue.push(frame, priority)) return false
    this.#flushLater()
    return true
  }

  pause(): void {
    if (this.#isPaused) return
    this.#isPaused = true
    // Inside stream.resume() a pause would be undone by what follows there: #read() makes up for it.
    if (!this.#isResuming) this.#pauseStream()
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#clock.defer(() => this.#read())
  }

  close(reason: string): void {
    if (this.#isClosed) return
    const unsent = this.#shut()
    this.#gone = hangUp(this.#connection, this.#stream, this.#clock)
    this.#clock.defer(() => this.#owner.down(this, reason, unsent))
  }

  /** The same for a transport that stops: the owner hears of it before the call returns. */
  closeNow(reason: string): void {
    if (this.#isClosed) return
    const unsent = this.#shut()
    this.#gone = hangUp(this.#connection, this.#stream, this.#clock)
    this.#owner.down(this, reason, unsent)
  }

  /** Resolves when the connection of a closed link is gone too. */
  async gone(): Promise<void> {
    await this.#gone
  }

  /** Calls back once all that was accepted has left this process, or the link is closed. */
  whenFlushed(done: () => void): void {
    this.#onFlushed = done
    this.#flushLater()
  }

  #flushLater(): void {
    if (this.#isFlushScheduled) return
    this.#isFlushScheduled = true
    this.#clock.defer(this.#flush)
  }

  readonly #flush = (): void => {
    this.#isFlushScheduled = false
    try {
      while (this.#mayWrite()) this.#stream.send(this.#takeWrite())
    } catch {
      // The connection broke in this very write.
      this.#onClose()
    }
    if (!this.#isClosed && this.#queue.takeDrained()) this.#owner.drained(this)
    if (this.#isClosed || (this.#queue.isEmpty && this.#stream.writeBufferLength === 0)) this.#flushed()
  }

  #mayWrite(): boolean {
    const { writableNeedsDrain, writeStatus } = this.#stream
    return !(this.#isClosed || this.#queue.isEmpty || writableNeedsDrain || writeStatus !== 'writable')
  }

  /** The bytes of the next write: as many frames as fit, at least one, each behind its length. */
  #takeWrite(): Uint8Array {
    const queue = this.#queue
    const frames: Uint8Array[] = []
    let length = 0
    for (let frame = queue.peek(); frame !== undefined; frame = queue.peek()) {
      if (length > 0 && length + LENGTH_BYTES + frame.length > WRITE_BYTES) break
      queue.shift()
      frames.push(frame)
      length += LENGTH_BYTES + frame.length
    }
    const { counters } = this.#owner
    counters.framesSent += frames.length
    counters.bytesSent += length - frames.length * LENGTH_BYTES
    const bytes = Buffer.allocUnsafe(length)
    let offset = 0
    for (const frame of frames) {
      offset = bytes.writeUInt32BE(frame.length, offset)
      bytes.set(frame, offset)
      offset += frame.length
    }
    return bytes
  }

  #flushed(): void {
    this.#onFlushed?.()
    this.#onFlushed = undefined
  }

  readonly #onDrain = (): void => {
    // Deferred, because libp2p still has its own buffer to empty, and only then knows whether we may write.
    this.#flushLater()
  }

  readonly #onMessage = ({ data }: StreamMessageEvent): void => {
    feed(this.#decoder, data)
    this.#deliver()
  }

  #deliver(): void {
    if (this.#isDelivering) return
    this.#isDelivering = true
    const { counters } = this.#owner
    while (!this.#isPaused && !this.#isClosed) {
      const frame = this.#decoder.next()
      if (frame === undefined) break
      counters.framesReceived += 1
      counters.bytesReceived += frame.length
      this.#owner.frame(this, frame)
    }
    this.#isDelivering = false
    if (this.#isClosed || this.#isPaused) return
    const reason = this.#decoder.fault ?? this.#ended
    if (reason !== undefined) this.#fail(reason)
  }

  /** What was held back while paused: first what is here, then what the stream has. */
  #read(): void {
    if (this.#isPaused || this.#isClosed) return
    this.#deliver()
    if (this.#isPaused || this.#isClosed) return
    this.#resumeStream()
    if (this.#isPaused) this.#pauseStream()
  }

  #pauseStream(): void {
    try {
      this.#stream.pause()
    } catch {
      // It has closed, and sends nothing any more.
    }
  }

  #resumeStream(): void {
    this.#isResuming = true
    try {
      this.#stream.resume()
    } catch {
      // It has closed; what it still held has been delivered all the same.
    }
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

  /** The link ends from outside. */
  #fail(reason: string): void {
    const unsent = this.#shut()
    if (this.#decoder.fault === undefined) {
      this.#gone = hangUp(this.#connection, this.#stream, this.#clock)
    } else {
      countTransportError(this.#owner.counters, reason)
      cutOff(this.#connection, new Error(`${reason} frame length`))
    }
    this.#owner.down(this, reason, unsent)
  }

  #shut(): Uint8Array[] {
    this.#isClosed = true
    this.#stream.removeEventListener('drain', this.#onDrain)
    this.#stream.removeEventListener('remoteCloseWrite', this.#onFinish)
    this.#stream.removeEventListener('close', this.#onClose)
    this.#stream.removeEventListener('message', this.#onMessage)
    this.#flushed()
    return this.#queue.clear()
  }
}
