/** Which neighbours a node is linked to or about to be, and which of two links to the same one stays. */
import type { Address } from '../../identity/address.ts'
import type { Clock } from '../../runtime/clock.ts'
import { SIMULTANEOUS_DIAL_MS } from './limits.ts'
import type { Refusal } from './link-frames.ts'
import type { StreamLink } from './stream-link.ts'

interface Neighbour {
  link: StreamLink | undefined
  /** With which the neighbour made that link; 0 where it did not say. */
  session: number
  /** Handshakes that have begun and not ended, by who dialled. */
  dialling: number
  accepting: number
}

export class Neighbours {
  readonly #own: Address
  readonly #clock: Clock
  readonly #maxLinks: number
  readonly #neighbours = new Map<string, Neighbour>()

  constructor(own: Address, clock: Clock, maxLinks: number) {
    this.#own = own
    this.#clock = clock
    this.#maxLinks = maxLinks
  }

  get links(): StreamLink[] {
    return [...this.#neighbours.values()].flatMap(({ link }) => link ?? [])
  }

  linkTo(address: Address): StreamLink | undefined {
    return this.#neighbours.get(address.toString())?.link
  }

  /** Whether a handshake that the neighbour began is under way: a second one from here would be in vain. */
  isAccepting(address: Address): boolean {
    return (this.#neighbours.get(address.toString())?.accepting ?? 0) > 0
  }

  /** Marks a handshake as under way while `work` runs, up to and including its link being up. */
  async during<T>(phase: 'dialling' | 'accepting', address: Address, work: () => Promise<T>): Promise<T> {
    const neighbour = this.#at(address)
    neighbour[phase] += 1
    try {
      return await work()
    } finally {
      neighbour[phase] -= 1
      this.#forget(address)
    }
  }

  /**
   * Whether a neighbour that asks for a link is refused. Of two nodes that dial each other at once, the link
   * dialled by the smaller address stays. A neighbour that asks while there is a link, and not at once or with
   * another session, has lost its end of that: the new link replaces it.
   *
   * @param session the neighbour's; 0 where it does not say
   * @param isDoubted whether the present link may be dead
   */
  refusalFor(address: Address, session: number, isDoubted: boolean): Refusal | undefined {
    const neighbour = this.#neighbours.get(address.toString())
    const link = neighbour?.link
    if (this.#own.compare(address) < 0) {
      if (neighbour !== undefined && neighbour.dialling > 0) return 'duplicate'
      const isFreshOwn = link?.direction === 'outbound' && this.#ageMs(link) < SIMULTANEOUS_DIAL_MS
      const hasRestarted = session !== 0 && session !== neighbour?.session
      if (isFreshOwn && !hasRestarted && !isDoubted) return 'duplicate'
    }
    return link === undefined && this.#others(address) >= this.#maxLinks ? 'full' : undefined
  }

  /** @returns the link to the same neighbour that this one replaces. */
  up(link: StreamLink, session: number): StreamLink | undefined {
    const neighbour = this.#at(link.neighbour)
    const replaced = neighbour.link
    neighbour.link = link
    neighbour.session = session
    return replaced
  }

  down(link: StreamLink): void {
    const neighbour = this.#neighbours.get(link.neighbour.toString())
    if (neighbour?.link !== link) return
    neighbour.link = undefined
    this.#forget(link.neighbour)
  }

  /** Other neighbours that are linked to this node, or are about to be by their own call. */
  #others(address: Address): number {
    const own = this.#neighbours.get(address.toString())
    let count = 0
    for (const neighbour of this.#neighbours.values()) {
      if (neighbour !== own && (neighbour.link !== undefined || neighbour.accepting > 0)) count += 1
    }
    return count
  }

  #ageMs(link: StreamLink): number {
    return this.#clock.monotonic() - link.upSince
  }

  #at(address: Address): Neighbour {
    const key = address.toString()
    const present = this.#neighbours.get(key)
    if (present !== undefined) return present
    const neighbour: Neighbour = { link: undefined, session: 0, dialling: 0, accepting: 0 }
    this.#neighbours.set(key, neighbour)
    return neighbour
  }

  #forget(address: Address): void {
    const key = address.toString()
    const neighbour = this.#neighbours.get(key)
    const isIdle = neighbour?.link === undefined && neighbour?.dialling === 0 && neighbour.accepting === 0
    if (isIdle) this.#neighbours.delete(key)
  }
}
