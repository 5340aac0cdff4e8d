/**
 * What goes into the next packet: first what is most urgent, then what else fits, so that several small frames
 * cost one preamble, and the acknowledgements that are owed ride along. Composing changes nothing; only
 * {@link Composed.commit} does, once the law has been asked and the modem takes the packet.
 */
import type { Random } from '../../../runtime/random.ts'
import { AnnounceView } from '../../../wire/announce.ts'
import { FrameKind, kindOf, priorityOf } from '../../../wire/frame.ts'
import { sizeOf } from './fragment-size.ts'
import { MAX_PARTIAL, maxDatagramBytes, OutgoingDatagram } from './fragments.ts'
import type { Job, Jobs } from './jobs.ts'
import type { Neighbour } from './neighbour.ts'
import {
  ACK_WINDOW,
  type Block,
  BlockType,
  blockOverhead,
  DATA_FIXED_BYTES,
  EVERYBODY,
  encodeAck,
  encodeData,
  encodeFragment,
  encodePacket,
  FRAGMENT_FIXED_BYTES,
  headBytes,
} from './packet.ts'
import { hearsBlock } from './surroundings.ts'
import type { Tagger } from './tag.ts'

const BULK = priorityOf('bulk')
/** A less urgent frame is taken along only if it is as short as this: the urgent one must not wait for it. */
const PASSENGER_BYTES = 64
/** Packets that may be under way to one neighbour unanswered: half of what an acknowledgement can speak of. */
const MAX_IN_FLIGHT = ACK_WINDOW / 2
/** Where fewer than this get lost, parity would cost more than it saves. */
const PARITY_FROM_LOSS = 0.04

/** A piece of a job in the packet. */
interface Part {
  readonly job: Job
  readonly index: number
  readonly block: (poll: boolean) => Block
  readonly bytes: number
  readonly received?: (() => void) | undefined
}

export interface Composed {
  readonly packet: Uint8Array
  readonly counter: number
  /** Those that are asked to answer. */
  readonly asked: readonly Neighbour[]
  /** The jobs in it. */
  readonly jobs: readonly Job[]
  /** It is being handed to the modem: notes what is under way, and what is settled. */
  commit(): void
}

export interface ComposerParts {
  readonly jobs: Jobs
  readonly tagger: Tagger
  /** At most 254. */
  readonly maxPacketBytes: number
  /** Of a packet. */
  readonly airtimeMs: (packetBytes: number) => number
  readonly random: Random
  readonly neighbours: () => Iterable<Neighbour>
  readonly id: () => number
}

/** What the caller knows of the moment. */
export interface Moment {
  readonly now: number
  readonly counter: number
  /** Blocks of the radio itself: questions who somebody is, and the like. */
  readonly extra: readonly Block[]
  /** Which jobs may go. */
  readonly mayGo: (job: Job) => boolean
}

export class Composer {
  readonly #parts: ComposerParts
  #datagrams: number

  constructor(parts: ComposerParts) {
    this.#parts = parts
    this.#datagrams = parts.random.below(256)
  }

  /** The longest fragment. */
  get fragmentBytes(): number {
    return this.#parts.maxPacketBytes - this.overheadBytes
  }

  /** What a packet has beside its fragment. */
  get overheadBytes(): number {
    const { tagger } = this.#parts
    return headBytes({ isLong: tagger.keyed }) + blockOverhead(true) + FRAGMENT_FIXED_BYTES + tagger.bytes
  }

  /** The next packet, or undefined where there is nothing to send now. */
  compose(moment: Moment): Composed | undefined {
    const { jobs, tagger, neighbours } = this.#parts
    const { now, extra } = moment
    const ready = this.#within(jobs.ready(now, (job) => isOpen(job) && moment.mayGo(job)))
    const owing = [...neighbours()].filter(({ ackDue }) => ackDue < Number.POSITIVE_INFINITY)
    const asking = [...neighbours()].filter(({ mustAsk }) => mustAsk)
    const isQuiet = ready.length === 0 && extra.length === 0 && asking.length === 0
    if (isQuiet && !owing.some(({ ackDue }) => ackDue <= now)) return undefined
    // A keyed network's newcomers cannot tell a short counter, and casts are what they listen for.
    const isLong = tagger.keyed && (extra.length > 0 || ready.some(({ to }) => to === undefined))
    const small = [...extra]
    let left = this.#parts.maxPacketBytes - headBytes({ isLong }) - tagger.bytes
    for (const { content } of extra) left -= blockOverhead(false) + content.length
    const fits = (block: Block): boolean => {
      const bytes = blockOverhead(false) + block.content.length
      if (bytes > left) return false
      left -= bytes
      small.push(block)
      return true
    }
    owing.sort((a, b) => a.ackDue - b.ackDue)
    const owed = owing.filter(({ ack }) => fits(encodeAck(ack)))
    const silent = asking.filter(({ id }) => fits(encodeData(id, new Uint8Array(0), true)))
    const parts = this.#choose(ready, left, now)
    for (const { bytes } of parts) left -= blockOverhead(false) + bytes
    if (parts.some(({ job }) => isOwnAnnounce(job))) {
      const hears = hearsBlock(neighbours(), left - blockOverhead(false))
      if (hears !== undefined) small.push(hears)
    }
    return this.#build({ moment, isLong, small, owed, silent, parts, ready })
  }

  /** A neighbour keeps only so many datagrams in the making: further ones wait. */
  #within(ready: readonly Job[]): Job[] {
    const open = new Map<Neighbour | undefined, number>()
    const count = (to: Neighbour | undefined): number => open.get(to) ?? 0
    for (const { to, datagram } of this.#parts.jobs.all)
      if (datagram !== undefined) open.set(to, count(to) + 1)
    return ready.filter(({ to, datagram, frame }) => {
      if (datagram !== undefined || frame.length < this.fragmentBytes) return true
      open.set(to, count(to) + 1)
      return count(to) <= MAX_PARTIAL
    })
  }

  #choose(ready: readonly Job[], room: number, now: number): Part[] {
    const parts: Part[] = []
    let left = room
    for (const job of ready) {
      const isPassenger = parts[0] !== undefined && job.priority > parts[0].job.priority
      for (const part of this.#partsOf(job, left, now)) {
        const bytes = blockOverhead(false) + part.bytes
        const isFull = parts.length === 0 ? part.bytes + blockOverhead(true) > left : bytes > left
        // A short fragment is short for the packet to be: it goes alone.
        const isShort = (job.datagram?.sizeStep ?? 0) > 0
        if (isFull || (isPassenger && part.bytes > PASSENGER_BYTES) || (isShort && parts.length > 0)) break
        parts.push(part)
        if (isShort) return parts
        left -= bytes
      }
    }
    return parts
  }

  #partsOf(job: Job, left: number, now: number): Part[] {
    if (job.datagram === undefined) {
      const { to, frame } = job
      const item = to === undefined ? { bytes: frame } : to.compress(job)
      const fixed = to === undefined ? 0 : DATA_FIXED_BYTES
      if (fixed + item.bytes.length <= this.fragmentBytes + FRAGMENT_FIXED_BYTES) {
        const block = (poll: boolean): Block =>
          to === undefined
            ? { type: BlockType.cast, flags: 0, content: frame }
            : encodeData(to.id, item.bytes, poll)
        return [{ job, index: 0, block, bytes: fixed + item.bytes.length, received: item.received }]
      }
      this.#cut(job, item.bytes, now)
    }
    const { datagram } = job
    if (datagram === undefined) return []
    const parts: Part[] = []
    for (const index of job.pending) {
      const fragment = datagram.fragment(index)
      const bytes = FRAGMENT_FIXED_BYTES + fragment.payload.length
      if (bytes > left) break
      parts.push({ job, index, bytes, block: (poll) => encodeFragment(fragment, poll) })
    }
    return parts
  }

  /** Cuts a frame that is too long for one packet, with as much parity as is likely to be needed. */
  #cut(job: Job, bytes: Uint8Array, now: number): void {
    const { to, frame } = job
    // One count for all: an id must not come again while anybody remembers the one before.
    const id = this.#datagrams++ & 0xff
    const longest = this.fragmentBytes
    const airtime = (length: number): number => this.#parts.airtimeMs(length + this.overheadBytes)
    const wanted = to?.fragmentSize.choose(longest, airtime, now) ?? 0
    const sizeStep = bytes.length > maxDatagramBytes(sizeOf(longest, wanted)) ? 0 : wanted
    const whole = { to: to?.id ?? EVERYBODY, id, sizeStep }
    job.datagram = new OutgoingDatagram(whole, frame, bytes, sizeOf(longest, sizeStep))
    const { count } = job.datagram
    const loss = to?.loss.share ?? 0
    const spare = to === undefined ? 1 : loss < PARITY_FROM_LOSS ? 0 : Math.floor(count * loss)
    job.pending.length = 0
    for (let index = 0; index < count + spare; index++) job.pending.push(index)
  }

  #build({ moment, isLong, small, owed, silent, parts, ready }: Plan): Composed | undefined {
    const { tagger, id } = this.#parts
    const { counter } = moment
    if (parts.length === 0 && small.length === 0) return undefined
    const more = hasMore(ready, parts)
    const head = {
      keyed: tagger.keyed,
      more: more.length > 0,
      urgent: parts.some(({ job }) => isUrgent(job) && job.to !== undefined),
      sender: id(),
      isLong,
      counter,
    }
    const asked = [...new Set(parts.flatMap(({ job }) => job.to ?? []))].filter(
      (to) => to.inFlight >= MAX_IN_FLIGHT || !more.some((job) => job.to === to),
    )
    const asking = [...asked, ...silent]
    const polled = new Set<Neighbour>()
    const blocks = parts.map(({ job, block }) => {
      const poll = job.to !== undefined && asked.includes(job.to) && !polled.has(job.to)
      if (poll && job.to !== undefined) polled.add(job.to)
      return block(poll)
    })
    const packet = encodePacket(head, [...small, ...blocks], tagger.bytes)
    tagger.seal(packet, counter)
    const commit = (): void => {
      for (const neighbour of owed) {
        neighbour.acked()
      }
      for (const { job, index, received } of parts) {
        job.pending.splice(job.pending.indexOf(index), 1)
        job.to?.sent(counter, job, index, received)
      }
      for (const neighbour of asking) neighbour.asked(counter)
    }
    return { packet, counter, asked: asking, jobs: parts.map(({ job }) => job), commit }
  }
}

interface Plan {
  readonly moment: Moment
  readonly isLong: boolean
  /** Blocks beside the parts: acknowledgements, questions. */
  readonly small: readonly Block[]
  readonly owed: readonly Neighbour[]
  readonly silent: readonly Neighbour[]
  readonly parts: readonly Part[]
  readonly ready: readonly Job[]
}

/** Jobs of which something is left to be sent after this packet. */
function hasMore(ready: readonly Job[], parts: readonly Part[]): Job[] {
  return ready.filter((job) => job.pending.length > parts.filter((part) => part.job === job).length)
}

/** Whether its neighbour may be sent more before it has answered. */
function isOpen(job: Job): boolean {
  return job.to?.isBusy !== true || (isUrgent(job) && job.to.inFlight < MAX_IN_FLIGHT)
}

/** What this node introduces itself with, in one packet. */
function isOwnAnnounce({ to, frame, datagram }: Job): boolean {
  if (to !== undefined || datagram !== undefined || kindOf(frame) !== FrameKind.announce) return false
  return new AnnounceView(frame).hops === 0
}

/** What does not wait for the answer that a neighbour owes: only what is long is worth waiting with. */
export function isUrgent({ priority, datagram }: Job): boolean {
  return priority < BULK && datagram === undefined
}
