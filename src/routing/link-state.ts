/** What the router keeps for each link that is up. */
import { AnnounceQueue } from './announce-queue.ts'
import { LinkQuality } from './link-quality.ts'
import type { RouterLink } from './metric.ts'
import { StormControl } from './storm-control.ts'

export class LinkState {
  readonly queue: AnnounceQueue
  readonly storm: StormControl
  readonly quality: LinkQuality

  constructor(link: RouterLink, now: number) {
    this.queue = new AnnounceQueue(link.profile, now)
    this.storm = new StormControl(link.profile, now)
    this.quality = new LinkQuality(link)
  }
}
