/** The sending half of a link: what may leave when, in which writes, and where an ACK goes along. */
import type { Connection, Stream } from '@libp2p/interface'
import type { SendQueue } from '../send-queue.ts'
import type { TransportCounters } from '../transport.ts'
import { ACK_WRITE_BYTES, type Acknowledgement } from './acknowledgement.ts'
import { holdsNothing } from './fewer-writes.ts'
import { packWrite } from './pack-write.ts'
import { WriteBuffers } from './write-buffers.ts'

/** Of all links: a write is put together and handed on in one go. */
const BUFFERS = new WriteBuffers()

export interface LinkWriterOptions {
  readonly connection: Connection
  readonly stream: Stream
  readonly queue: SendQueue
  readonly acks: Acknowledgement
  readonly counters: TransportCounters
}

export class LinkWriter {
  /** Whether an ACK is to go out with the next write, even where there is nothing else to write. */
  isAckDue = false
  readonly #stream: Stream
  readonly #queue: SendQueue
  readonly #acks: Acknowledgement
  readonly #counters: TransportCounters
  readonly #holdsNothing: () => boolean
  /** The latest write, while libp2p may hold it. */
  #held: Buffer | undefined

  constructor({ connection, stream, queue, acks, counters }: LinkWriterOptions) {
    this.#stream = stream
    this.#queue = queue
    this.#acks = acks
    this.#counters = counters
    this.#holdsNothing = holdsNothing(connection, stream)
  }

  /** Whether the neighbour has all that was accepted. */
  get isFlushed(): boolean {
    return this.#queue.isEmpty && this.#acks.sent.length === 0
  }

  /**
   * Writes all that may leave now.
   *
   * @param now monotonic, ms
   * @param asks whether to ask for an ACK of what has left, if there is none under way
   * @returns whether there was anything to write
   * @throws what the stream does when it breaks in this very write
   */
  write(now: number, asks: boolean): boolean {
    const acks = this.#acks
    let hasWritten = false
    this.#release()
    if (acks.sent.isFilling || (asks && acks.sent.length > 0)) acks.ask(now)
    while (this.#mayWrite()) {
      this.#send(this.#takeWrite())
      hasWritten = true
      if (acks.sent.isFilling) acks.ask(now)
    }
    if ((this.isAckDue || acks.isUrgent) && this.#isWritable) {
      this.#sendAck()
      hasWritten = true
    }
    return hasWritten
  }

  /** Before the link is closed: what has arrived need not come again. */
  lastWord(): void {
    try {
      if (this.#acks.isOwing && this.#stream.writeStatus === 'writable') this.#sendAck()
    } catch {
      // It has broken already.
    }
  }

  get #isWritable(): boolean {
    return !this.#stream.writableNeedsDrain && this.#stream.writeStatus === 'writable'
  }

  #mayWrite(): boolean {
    return !this.#queue.isEmpty && this.#isWritable && !this.#acks.sent.isFull
  }

  #takeWrite(): Buffer {
    const acks = this.#acks
    const withAck = acks.isUrgent || this.isAckDue
    if (withAck) this.isAckDue = false
    return packWrite(this.#queue, acks, withAck, this.#counters, BUFFERS)
  }

  #send(bytes: Buffer): void {
    this.#stream.send(bytes)
    this.#held = bytes
    this.#release()
  }

  #release(): void {
    if (this.#held === undefined || !this.#holdsNothing()) return
    BUFFERS.giveBack(this.#held)
    this.#held = undefined
  }

  #sendAck(): void {
    this.isAckDue = false
    const bytes = Buffer.allocUnsafe(ACK_WRITE_BYTES)
    this.#acks.write(bytes, 0)
    this.#stream.send(bytes)
  }
}
