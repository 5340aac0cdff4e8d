/** The rule of src/routing/rebroadcast.ts on the air: what a router does with it, without the rest of one. */
import { type Heard, Rebroadcast } from '../src/routing/rebroadcast.ts'
import { RepeatUntilHeard } from '../src/routing/repeat-until-heard.ts'
import type { Timer } from '../src/runtime/clock.ts'
import type { Radio, RadioSettings } from '../src/sim/radio/radio.ts'
import { ChannelAccess } from '../src/sim/rnode/channel-access.ts'
import { timingOf } from '../src/sim/rnode/settings.ts'
import {
  type Field,
  type Flooder,
  FRAME_BYTES,
  frameOf,
  HOP_LIMIT,
  type MakeFlooder,
  readFrame,
} from './lora-field.ts'

export interface Knowledge {
  /** How a node knows what the copies that it heard have covered. */
  readonly of: 'copies' | 'signal' | 'neighbours'
  /** Whether a relay can be called back from the link's queue. */
  readonly recalls: boolean
}

/** What an RNode waits before it speaks on a quiet channel, on average. */
const MEAN_WAIT_SLOTS = 9

/** What a node knows of one broadcast. */
interface Spread {
  readonly hops: number
  readonly reached: Set<string>
  readonly senders: Set<string>
}

export function rebroadcasting(knowledge: Knowledge): MakeFlooder {
  return (field, node, settings) => new RebroadcastFlooder(knowledge, field, node, settings)
}

class RebroadcastFlooder implements Flooder {
  readonly #knowledge: Knowledge
  readonly #field: Field
  readonly #node: number
  readonly #sensitivityDbm: number
  readonly #radio: Radio
  readonly #access: ChannelAccess
  readonly #slotMs: number
  readonly #rule: Rebroadcast
  readonly #queue: { readonly id: number; readonly hops: number }[] = []
  readonly #spreads = new Map<number, Spread>()
  readonly #own = new Map<number, RepeatUntilHeard>()
  #timer: Timer | undefined

  constructor(knowledge: Knowledge, field: Field, node: number, settings: RadioSettings) {
    const { clock, medium } = field
    const random = field.random.fork(`rebroadcast ${node}`)
    this.#knowledge = knowledge
    this.#field = field
    this.#node = node
    this.#sensitivityDbm = settings.sensitivityDbm ?? 0
    this.#rule = new Rebroadcast(random)
    this.#radio = medium.attach(settings, {
      transmitted: () => this.#wake(),
      received: (frame, { dBm }) => this.#received(frame, dBm),
      airChanged: () => this.#wake(),
    })
    const timing = timingOf(settings.modulation)
    const moment = { isFree: () => !this.#radio.hasCarrier, access: () => this.#speak() }
    this.#access = new ChannelAccess(clock, random, timing, moment, 1)
    this.#slotMs = MEAN_WAIT_SLOTS * timing.slotMs + this.#radio.airtimeMs(FRAME_BYTES)
  }

  originate(id: number): void {
    const repeat = new RepeatUntilHeard(this.#field.random.fork(`own ${id}`))
    this.#own.set(id, repeat)
    repeat.sent(this.#field.clock.monotonic(), this.#slotMs)
    this.#send(id, 0)
    this.#wait()
  }

  #send(id: number, hops: number): void {
    this.#queue.push({ id, hops })
    this.#wake()
  }

  #wake(): void {
    if (this.#radio.hasCarrier) this.#access.interrupt()
    else if (this.#queue.length > 0 && !this.#radio.isSending) this.#access.want()
  }

  #speak(): void {
    // Strangers, and frames of which it has missed the beginning, keep it waiting once more.
    if (this.#field.hearsStrangers() || this.#radio.isBusy) {
      this.#wake()
      return
    }
    const next = this.#queue.shift()
    if (next !== undefined) this.#radio.transmit(frameOf(next.id, next.hops, this.#node))
  }

  #received(frame: Uint8Array, dBm: number): void {
    const { id, hops, sender } = readFrame(frame)
    const now = this.#field.clock.monotonic()
    this.#field.tally.received(id, this.#node)
    const own = this.#own.get(id)
    if (own !== undefined) {
      own.heard()
      return
    }
    const known = this.#spreads.get(id)
    const spread = known ?? { hops, reached: new Set([this.#radio.label]), senders: new Set() }
    this.#spreads.set(id, spread)
    this.#note(spread, String(sender))
    const heard = this.#heard(spread, dBm)
    if (known !== undefined) {
      const isNeedless = this.#rule.again(id, now, heard)
      const at = this.#queue.findIndex((queued) => queued.id === id)
      if (isNeedless && this.#knowledge.recalls && at >= 0) this.#queue.splice(at, 1)
    } else if (hops < HOP_LIMIT) {
      this.#rule.first(id, now, this.#slotMs, heard)
    }
    this.#wait()
  }

  #note({ reached, senders }: Spread, sender: string): void {
    senders.add(sender)
    reached.add(sender)
    for (const label of neighboursOf(this.#field, sender)) reached.add(label)
  }

  #heard(spread: Spread, dBm: number): Heard {
    if (this.#knowledge.of === 'copies') return {}
    if (this.#knowledge.of === 'signal') return { marginDb: dBm - this.#sensitivityDbm }
    const { label } = this.#radio
    const isOpen = (other: string): boolean => !spread.reached.has(other)
    const mine = neighboursOf(this.#field, label)
    const uncovered = mine.filter(isOpen)
    const ahead = mine.filter((other) => {
      if (isOpen(other) || spread.senders.has(other)) return false
      const theirs = neighboursOf(this.#field, other).filter(isOpen)
      const isBetter =
        theirs.length > uncovered.length || (theirs.length === uncovered.length && other < label)
      return isBetter && theirs.some((open) => uncovered.includes(open))
    })
    return { neighbours: { uncovered: uncovered.length, ahead: ahead.length } }
  }

  #wait(): void {
    let due = this.#rule.nextDue
    for (const { nextDue } of this.#own.values()) due = Math.min(due, nextDue)
    this.#timer?.cancel()
    if (due === Number.POSITIVE_INFINITY) return
    this.#timer = this.#field.clock.setTimer(due - this.#field.clock.monotonic(), () => this.#due())
  }

  #due(): void {
    const now = this.#field.clock.monotonic()
    for (const id of this.#rule.due(now)) this.#send(id, (this.#spreads.get(id)?.hops ?? 0) + 1)
    for (const [id, repeat] of this.#own) if (repeat.due(now)) this.#send(id, 0)
    this.#wait()
  }
}

/** Those that read what this one sends. */
function neighboursOf({ medium }: Field, label: string): readonly string[] {
  const radio = medium.radios.get(label)
  if (radio === undefined) return []
  return radio.reach.filter((reached) => radio.reaches(reached.radio)).map((reached) => reached.radio.label)
}
