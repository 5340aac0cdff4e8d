/**
 * What the two ends of a link tell each other of the frames they have (docs/specs/link.md,
 * "Acknowledgement"). The receiver says how many it has had; the sender asks where it cannot wait. Pure:
 * the link says when, this says what.
 */
import { TokenBucket } from '../../runtime/token-bucket.ts'
import { ACK_BYTES, type Ack, readAck, writeAck } from './ack-frame.ts'
import { LENGTH_BYTES } from './frame-decoder.ts'
import { Unacknowledged, type WindowLimits } from './unacknowledged.ts'

/** ACKs that bring no news, and questions that no frame came before: a second, and at once after a line was stuck. */
const IDLE_ACKS_PER_S = 2
const IDLE_ACKS_AT_ONCE = 20

export const ACK_WRITE_BYTES = LENGTH_BYTES + ACK_BYTES

export class Acknowledgement {
  readonly sent: Unacknowledged
  /** Whether this end is stopping. The neighbour is told with each ACK. */
  isLeaving = false
  /** Whether the neighbour has said so. */
  isNeighbourLeaving = false
  readonly #idleAcks: TokenBucket
  #received = 0
  #question = 0
  /** The latest answer; other than the question while that is open. */
  #answer = 0
  #askedAt = 0
  #theirQuestion = 0
  /** What had been received when they asked last. */
  #receivedWhenAsked = 0
  #roundTripMs: number | undefined
  /** What the neighbour was told last. */
  #told: Ack = { received: 0, question: 0, answer: 0, isLeaving: false }

  /** @param now monotonic, ms, as in all calls. */
  constructor(limits: WindowLimits, now: number) {
    this.sent = new Unacknowledged(limits)
    this.#idleAcks = new TokenBucket(IDLE_ACKS_PER_S, IDLE_ACKS_AT_ONCE, now)
  }

  /** From the latest question to its answer, ms. It includes the wait in queues. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs
  }

  /** Whether the neighbour has not been told of all that was received. */
  get isOwing(): boolean {
    return this.#received !== this.#told.received
  }

  /** Whether an ACK has to go out now: something was asked, by either end. */
  get isUrgent(): boolean {
    return this.#theirQuestion !== this.#told.answer || this.#question !== this.#told.question
  }

  get isAsking(): boolean {
    return this.#question !== this.#answer
  }

  /** A data frame has been handed on. */
  count(): void {
    this.#received = (this.#received + 1) >>> 0
  }

  /** The next ACK is a question as well. Without effect while one is open. */
  ask(now: number): void {
    if (this.isAsking) return
    this.#question = (this.#question + 1) & 0xff
    this.#askedAt = now
    this.sent.asked()
  }

  /** Writes an ACK behind its length, {@link ACK_WRITE_BYTES}. @returns where it ends */
  write(into: Buffer, offset: number): number {
    this.#told = {
      received: this.#received,
      question: this.#question,
      answer: this.#theirQuestion,
      isLeaving: this.isLeaving,
    }
    return writeAck(this.#told, into, into.writeUInt32BE(ACK_BYTES, offset))
  }

  /**
   * An ACK has come in.
   *
   * @returns how many frames it acknowledges, or -1 for one that cannot be: the link is to be closed.
   */
  read(frame: Uint8Array, now: number): number {
    const ack = readAck(frame)
    // A question that follows on one we have not answered, or an answer that was not asked for.
    if (ack.answer !== this.#answer && ack.answer !== this.#told.question) return -1
    const isNewQuestion = ack.question !== this.#theirQuestion
    if (isNewQuestion && this.#theirQuestion !== this.#told.answer) return -1
    const isAnswer = ack.answer !== this.#answer
    const count = this.sent.acknowledge(ack.received)
    const asksOfNews = isNewQuestion && this.#received !== this.#receivedWhenAsked
    if (count === 0 && !asksOfNews && !isAnswer && !this.#idleAcks.take(1, now)) return -1
    if (isNewQuestion) this.#receivedWhenAsked = this.#received
    this.#theirQuestion = ack.question
    this.isNeighbourLeaving ||= ack.isLeaving
    if (isAnswer) {
      this.#answer = ack.answer
      this.#roundTripMs = now - this.#askedAt
    }
    return count
  }
}
