/**
 * Announces on a link where one transmission reaches many neighbours, and nothing says which: the node's own
 * is repeated until somebody is heard passing it on, and those of others are passed on by few.
 */
import type { Address } from '../identity/address.ts'
import type { Random } from '../runtime/random.ts'
import { MIN_ANNOUNCE_BYTES } from '../wire/announce.ts'
import type { RouterLink } from './metric.ts'
import { type Copy, type Coverage, Rebroadcast } from './rebroadcast.ts'
import { RepeatUntilHeard } from './repeat-until-heard.ts'

/** A link to all in reach. */
export interface AirLink extends RouterLink {
  /**
   * How far transmissions of these reach, by what the neighbours have said of whom they hear; undefined while
   * none has.
   */
  coverageOf?(senders: readonly Address[]): Coverage | undefined
  /**
   * How often a frame is to be sent for the losses there are; undefined where a neighbour may be heard passing it
   * on, or nothing is known.
   */
  readonly sendsToAll?: number | undefined
}

export class Air {
  readonly #link: AirLink
  readonly #repeat: RepeatUntilHeard
  readonly #rebroadcast: Rebroadcast

  constructor(link: AirLink, random: Random) {
    this.#link = link
    this.#repeat = new RepeatUntilHeard(random.fork('repeat'))
    this.#rebroadcast = new Rebroadcast(random.fork('rebroadcast'), (senders) => link.coverageOf?.(senders))
  }

  get nextDue(): number {
    return Math.min(this.#repeat.nextDue, this.#rebroadcast.nextDue)
  }

  /** The node's own announce goes out. */
  ownSent(now: number): void {
    const { sendsToAll } = this.#link
    this.#repeat.sent(now, this.#slotMs(), sendsToAll === undefined ? undefined : sendsToAll - 1)
  }

  /** A neighbour has passed the node's own announce on. */
  ownHeard(): void {
    this.#repeat.heard()
  }

  /** How long the answer to a path request takes, with some patience, ms. */
  get answerMs(): number {
    return 2 * this.#slotMs()
  }

  /** There is an announce to pass on. */
  learned(row: number, now: number, copy: Copy): void {
    this.#rebroadcast.first(row, now, this.#slotMs(), copy)
  }

  /** Another copy of it has been heard. @returns whether it need not go out any more, though {@link due} said so. */
  again(row: number, now: number, copy: Copy): boolean {
    return this.#rebroadcast.again(row, now, copy)
  }

  /** It goes out for another reason: once is enough. */
  told(row: number): void {
    this.#rebroadcast.forget(row)
  }

  /** What goes out now: whether the own announce again, and which of others. */
  due(now: number): { readonly own: boolean; readonly rows: readonly number[] } {
    return { own: this.#repeat.due(now), rows: this.#rebroadcast.due(now) }
  }

  /** How long an announce takes to leave and to be heard. */
  #slotMs(): number {
    return this.#link.latencyMs + (MIN_ANNOUNCE_BYTES * 8000) / this.#link.profile.bitsPerSecond
  }
}
