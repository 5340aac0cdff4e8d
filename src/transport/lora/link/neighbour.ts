/**
 * One neighbour on the air: what it has been sent and has not acknowledged, what it has sent, and the shared
 * memory of headers. Pure: it is told the time and answers with what follows.
 */
import type { Address } from '../../../identity/address.ts'
import type { Random } from '../../../runtime/random.ts'
import { HeaderCompressor, HeaderExpander, type Item } from './contexts.ts'
import { CounterWindow } from './counter-window.ts'
import { FragmentSize } from './fragment-size.ts'
import { Reassembly } from './fragments.ts'
import type { Job } from './jobs.ts'
import { LossEstimate } from './loss.ts'
import { ACK_WINDOW, type Ack, isUsed, MAX_DONE } from './packet.ts'

/** A piece of a job that has been sent and not been acknowledged. */
interface Flight {
  readonly job: Job
  readonly index: number
  readonly received: (() => void) | undefined
}

/** Questions without an answer, one after the other, after which a neighbour counts as gone. */
export const MAX_UNANSWERED = 10
/** Every node announces itself more often than this, ms. */
const SILENT_MS = 2_100_000
/** An acknowledgement repeats what so many before it said. */
const ACKS_TO_COVER = 3
/** What others say puts a wait for an answer off by so much at most, ms: somebody always speaks on a full channel. */
const MAX_DEFERRAL_MS = 20_000
/** Waits for an answer double up to so many times. */
const MAX_DOUBLINGS = 4

/** What was not taken twice is not sent again for this long, ms, and twice as long each time. */
const FIRST_REST_MS = 2000
const LONGEST_REST_MS = 64_000

export class Neighbour {
  id: number
  readonly address: Address
  readonly compressor = new HeaderCompressor()
  readonly expander = new HeaderExpander()
  readonly loss = new LossEstimate()
  readonly fragmentSize = new FragmentSize()
  reassembly = new Reassembly()
  window = new CounterWindow()
  /** The ids it has said it hears. */
  hears: ReadonlySet<number> | undefined
  /** Monotonic ms. */
  lastHeard: number
  /** When an acknowledgement must go out, if nothing else has taken it along by then. */
  ackDue = Number.POSITIVE_INFINITY
  /** Whether it is to be asked what has arrived, by a packet that carries nothing else for it. */
  mustAsk = false
  /** Whether it has ever acknowledged anything. */
  hasAnswered = false
  /** What each packet carried, by its counter, oldest first. */
  readonly #flights = new Map<number, Flight[]>()
  /** The packet that asked last for an acknowledgement, by when any must have come, and by when that of this packet. */
  #question: { readonly counter: number; deadline: number; own: number; latest: number } | undefined
  #unanswered = 0
  /** The newest counter of each of the last acknowledgements, oldest first. */
  #ackedUpTo: number[] = []

  constructor(id: number, address: Address, now: number) {
    this.id = id
    this.address = address
    this.lastHeard = now
  }

  /** Whether an answer is awaited or is to be asked for: nothing more is sent to it until then. */
  get isBusy(): boolean {
    return this.mustAsk || this.#question !== undefined
  }

  get deadline(): number {
    return this.#question?.deadline ?? Number.POSITIVE_INFINITY
  }

  get inFlight(): number {
    return this.#flights.size
  }

  compress(job: Job): Item {
    return this.compressor.compress(job.frame, job.refusals === 0 && job.losses < 2)
  }

  /** A piece of a job has been put into the packet of this counter. */
  sent(counter: number, job: Job, index: number, received?: () => void): void {
    const flight = { job, index, received }
    const together = this.#flights.get(counter)
    if (together === undefined) this.#flights.set(counter, [flight])
    else together.push(flight)
  }

  /** Why it counts as gone at this moment, if it does. */
  endAt(now: number): 'does not answer' | 'silent' | undefined {
    if (this.deadline <= now && this.timedOut()) return 'does not answer'
    return now - this.lastHeard > SILENT_MS && this.#flights.size === 0 ? 'silent' : undefined
  }

  /** The packet asks for an acknowledgement. The wait begins when it has left: see {@link left}. */
  asked(counter: number): void {
    const never = Number.POSITIVE_INFINITY
    const { deadline, latest } = this.#question ?? { deadline: never, latest: never }
    this.#question = { counter, deadline, own: never, latest }
    this.mustAsk = false
  }

  /** The packet that asked has left: an answer may take this long. */
  left(counter: number, now: number, answerMs: number, random: Random): void {
    const question = this.#question
    if (question === undefined || counter > question.counter) return
    const doublings = Math.min(this.#unanswered, MAX_DOUBLINGS)
    const by = now + answerMs * (1 + (2 ** (doublings + 1) - 1) * random.float())
    if (counter === question.counter) question.own = by
    question.deadline = Math.min(question.deadline, by)
    question.latest = Math.min(question.latest, by + MAX_DEFERRAL_MS)
  }

  /** The channel is taken: the answer cannot come now. */
  defer(until: number): void {
    const question = this.#question
    if (question === undefined) return
    question.deadline = Math.max(question.deadline, Math.min(until, question.latest))
  }

  /**
   * An acknowledgement has come.
   *
   * @param now monotonic ms.
   * @param expand the 32-bit counter that 16 bits of this node's own are short for.
   * @returns jobs that are done.
   */
  acknowledged(ack: Ack, expand: (low: number) => number, now: number): Job[] {
    const newest = expand(ack.newest)
    this.hasAnswered = true
    const done = new Set<Job>()
    for (const [counter, flights] of this.#flights) {
      if (counter > newest) continue
      this.#flights.delete(counter)
      const used = newest - counter < ACK_WINDOW && isUsed(ack, counter & 0xffff) === true
      this.loss.observe(!used)
      for (const flight of flights) {
        const { job, received } = flight
        if (job.datagram !== undefined) this.fragmentSize.observe(job.datagram.sizeStep, !used, now)
        if (used) received?.()
        else this.#lose(flight)
        // The packet arrived for certain: what was in it was not taken.
        if (!used && counter === newest) rest(job, now)
        if (used) job.arrived += 1
        if (used && job.datagram === undefined) done.add(job)
        if (job.datagram !== undefined && ack.done.includes(job.datagram.id)) done.add(job)
      }
    }
    for (const job of done) this.forget(job)
    const question = this.#question
    if (question === undefined) return [...done]
    this.#unanswered = 0
    if (newest >= question.counter) {
      this.#question = undefined
      this.mustAsk = false
    } else {
      // It answers, but does not know of the last question yet.
      question.deadline = question.own
      question.latest = question.own + MAX_DEFERRAL_MS
    }
    return [...done]
  }

  /**
   * No answer came in time. A frame that was alone is sent again, and asks again. Where more is under way it is
   * cheaper to ask once more, in a few bytes, what of it has arrived.
   *
   * @returns whether the neighbour counts as gone.
   */
  timedOut(): boolean {
    const question = this.#question
    this.#question = undefined
    if (question === undefined) return false
    this.#unanswered += 1
    this.loss.observe(true)
    const flights = [...this.#flights.values()].flat()
    if (flights.length > 1 || flights.some(({ job }) => job.datagram !== undefined)) {
      this.mustAsk = true
      return this.#unanswered >= MAX_UNANSWERED
    }
    // The packet that asked, or where its frames have been given up meanwhile, any other.
    const counter = this.#flights.has(question.counter) ? question.counter : this.#flights.keys().next().value
    if (counter !== undefined) this.#loseAll(counter)
    return this.#unanswered >= MAX_UNANSWERED
  }

  /** The packet was handed over, but the modem was lost before it can have left. */
  unsent(counter: number): void {
    this.#loseAll(counter)
    if (this.#question?.counter === counter) this.#question = undefined
  }

  /** What an acknowledgement has shown to be missing of a job, and no more, is to be sent again. */
  repair(job: Job, now: number): void {
    const { datagram, pending } = job
    if (datagram === undefined) return
    const missing = datagram.count - job.arrived
    const spare = Math.floor(Math.max(0, missing) * this.loss.share)
    if (missing > 0 && job.losses > 0) pending.length = Math.min(pending.length, missing + spare)
    // All of it arrived and it was not taken: damaged, with a header that was not understood, or refused.
    if (missing > 0 || !this.isIdle(job)) return
    job.datagram = undefined
    job.arrived = 0
    job.losses += 1
    pending.length = 0
    pending.push(0)
    rest(job, now)
  }

  /** Whether nothing of a job is under way. */
  isIdle(job: Job): boolean {
    for (const flights of this.#flights.values())
      if (flights.some((flight) => flight.job === job)) return false
    return true
  }

  /** What it is to be told of its packets: those since the last few acknowledgements, which it may have missed. */
  get ack(): Ack {
    const newest = this.window.newest ?? 0
    const [first = 0] = this.#ackedUpTo
    const since = this.#ackedUpTo.length < ACKS_TO_COVER ? Number.NEGATIVE_INFINITY : first
    const done = this.reassembly.done.filter(({ at }) => at > since).map(({ id }) => id)
    const used = this.window.usedSince(since)
    return { to: this.id, newest: newest & 0xffff, used, done: done.slice(-MAX_DONE) }
  }

  /** {@link ack} is on its way. */
  acked(): void {
    this.ackDue = Number.POSITIVE_INFINITY
    this.#ackedUpTo = [...this.#ackedUpTo.slice(1 - ACKS_TO_COVER), this.window.newest ?? 0]
  }

  /** A job is done with. */
  forget(job: Job): void {
    job.pending.length = 0
    for (const [counter, flights] of this.#flights) {
      const left = flights.filter((flight) => flight.job !== job)
      if (left.length === 0) this.#flights.delete(counter)
      else if (left.length < flights.length) this.#flights.set(counter, left)
    }
  }

  #loseAll(counter: number): void {
    for (const flight of this.#flights.get(counter) ?? []) this.#lose(flight)
    this.#flights.delete(counter)
  }

  #lose({ job, index }: Flight): void {
    job.losses += 1
    if (!job.pending.includes(index)) job.pending.push(index)
  }
}

/** The first time it may have been the short header, and the whole one helps at once. */
function rest(job: Job, now: number): void {
  job.refusals += 1
  if (job.refusals < 2) return
  job.restsUntil = now + Math.min(FIRST_REST_MS * 2 ** (job.refusals - 2), LONGEST_REST_MS)
}
