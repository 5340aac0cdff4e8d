/** Successions in the router: what it knows of them, and what it tells of them. */
import type { Address } from '../identity/address.ts'
import type { Random } from '../runtime/random.ts'
import type { Blocklist } from './blocklist.ts'
import { type SpreadLink, SuccessionSpread, type SuccessionSpreadOptions } from './succession-spread.ts'
import { type SuccessionNews, type SuccessionRefusal, SuccessionTable } from './succession-table.ts'

export interface SuccessionsOptions extends SuccessionSpreadOptions {
  readonly blocklist: Blocklist
}

export class Successions<L extends SpreadLink> {
  readonly table: SuccessionTable
  readonly spread: SuccessionSpread<L>

  constructor(options: SuccessionsOptions, random: Random) {
    this.table = new SuccessionTable({ blocklist: options.blocklist }, random.fork('table'))
    this.spread = new SuccessionSpread(options, random.fork('spread'))
  }

  inspect(frame: Uint8Array, wallMs: number): SuccessionRefusal | undefined {
    return this.table.inspect(frame, wallMs)
  }

  /** Takes in one whose signatures are right, and passes it on unless it is refused. */
  accept(frame: Uint8Array, from: L, now: number, wallMs: number): SuccessionNews {
    const news = this.table.accept(frame, now, wallMs)
    if (news.refusal === undefined) this.spread.passOn(frame, from, now)
    return news
  }

  /** Somebody behind this link looks for the way to `target`. */
  asked(target: Address, from: L, now: number): void {
    this.spread.answer(this.table.recordsOf(target), from, now)
  }
}
