/** What the router keeps for each link that is up. */
import type { Random } from '../runtime/random.ts'
import { Air, type AirLink } from './air.ts'
import { AnnounceQueue } from './announce-queue.ts'
import { LinkQuality } from './link-quality.ts'
import type { Copy } from './rebroadcast.ts'
import { StormControl } from './storm-control.ts'

export class LinkState {
  readonly queue: AnnounceQueue
  readonly storm: StormControl
  readonly quality: LinkQuality
  /** On a link with several neighbours. */
  readonly air: Air | undefined

  constructor(link: AirLink, now: number, random: Random) {
    this.queue = new AnnounceQueue(link.profile, now)
    this.storm = new StormControl(link.profile, now)
    this.quality = new LinkQuality(link)
    this.air = link.profile.broadcast ? new Air(link, random) : undefined
  }

  /** Tells it of a row, within the budget. What waited to be passed on is not passed on besides. */
  tell(row: number, now: number): void {
    this.queue.add(row, now)
    this.air?.told(row)
  }

  /** A further copy of a row's announce has come over it: the relay may have become needless. */
  again(row: number, now: number, copy: Copy): void {
    if (this.air?.again(row, now, copy)) this.queue.recall(row)
  }
}
