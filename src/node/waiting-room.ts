/** Senders that wait until a congested link has room again. */
import { MeshError } from '../runtime/errors.ts'
import type { Link } from '../transport/transport.ts'

/** Senders that may wait for room on one link. */
const MOST_WAITING = 1024

export class WaitingRoom {
  readonly #waiting = new Map<Link, (() => void)[]>()

  /**
   * Waits while the link is congested.
   *
   * @throws MeshError ERR_QUEUE_FULL where too many wait already.
   */
  async enter(link: Link | undefined): Promise<void> {
    if (link?.congested !== true) return
    const waiting = this.#waiting.get(link) ?? []
    if (waiting.length >= MOST_WAITING) {
      throw new MeshError(
        'ERR_QUEUE_FULL',
        `${waiting.length} messages wait for this link already: try later`,
      )
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.set(link, waiting)
    waiting.push(resolve)
    await promise
  }

  /** The link has room, or is gone. */
  leave(link: Link): void {
    const waiting = this.#waiting.get(link) ?? []
    this.#waiting.delete(link)
    for (const resume of waiting) resume()
  }
}
