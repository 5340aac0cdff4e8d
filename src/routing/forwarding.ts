/** Over which links an envelope goes on: by the path in use, by an alternate, or by all there are. */
import type { Random } from '../runtime/random.ts'
import { attemptIn, DESTINATION_AT, setAttempt } from '../wire/envelope.ts'
import { isConstrained } from './announce-queue.ts'
import type { Dedup } from './dedup.ts'
import { Detours, SPREAD_FROM_ATTEMPT } from './detours.ts'
import { MAX_ALTERNATES, type PathTable } from './path-table.ts'
import type { RoutedLink, Verdict } from './router-types.ts'
import { HOLD } from './verdicts.ts'

export class Forwarding<L extends RoutedLink> {
  readonly detours = new Detours<L>()
  readonly counters = { lookups: 0, misses: 0 }
  readonly #paths: PathTable<L>
  readonly #seen: Dedup
  /** All that are up. */
  readonly #links: ReadonlyMap<L, unknown>
  readonly #salt: number

  constructor(
    { paths, seen }: { readonly paths: PathTable<L>; readonly seen: Dedup },
    links: ReadonlyMap<L, unknown>,
    random: Random,
  ) {
    this.#paths = paths
    this.#seen = seen
    this.#links = links
    this.#salt = random.uint32()
  }

  /**
   * Where an envelope goes from here.
   *
   * @param from the link it came by; undefined for one of this node's own, or out of its store.
   * @param now monotonic, ms.
   */
  onward(frame: Uint8Array, from: L | undefined, now: number): Verdict<L> {
    const detour = this.detours.takes(frame, from, now)
    if (detour === 'spread') return this.#everyWay(frame, from, now)
    // Whoever has sent it holds it still.
    if (detour === 'limited' && from !== undefined) return { action: 'refuse', reason: 'limited' }
    const link = this.detours.answers(frame, from, now) ?? this.#next(frame, from, now)
    if (link === undefined) return HOLD
    return link === from && !link.profile.broadcast
      ? this.#bounced(frame, from, now)
      : { action: 'forward', link }
  }

  /**
   * The neighbour believes the way leads through here, and this node that it leads through the neighbour: one of
   * them is behind, or somebody lies. There is no waiting for the source to notice.
   */
  #bounced(frame: Uint8Array, from: L, now: number): Verdict<L> {
    const row = this.#paths.find(frame, DESTINATION_AT)
    const link = this.#alternative(row, (other) => other !== from, now)
    if (link !== undefined) return { action: 'forward', link }
    const attempt = attemptIn(frame)
    setAttempt(frame, SPREAD_FROM_ATTEMPT)
    if (this.detours.takes(frame, from, now) === 'spread') {
      this.#seen.add(frame)
      return this.#everyWay(frame, from, now)
    }
    setAttempt(frame, attempt)
    return HOLD
  }

  /** An envelope for this very node: what is to be remembered of the way it came. */
  delivered(frame: Uint8Array, from: L, now: number): void {
    if (this.detours.takes(frame, from, now) === undefined) this.detours.answers(frame, from, now)
  }

  #next(frame: Uint8Array, from: L | undefined, now: number): L | undefined {
    this.counters.lookups += 1
    const row = this.#paths.find(frame, DESTINATION_AT)
    const pinned = this.detours.pinned(frame, now)
    if (pinned !== undefined && pinned !== from) return pinned
    const link = row < 0 ? undefined : this.#choose(row, attemptIn(frame), now)
    if (link === undefined) this.counters.misses += 1
    if (link?.isLeaving !== true || link.neighbour?.isAt(frame, DESTINATION_AT)) return link
    return this.#alternative(row, (other) => other.isLeaving !== true && other !== from, now) ?? link
  }

  #alternative(row: number, suits: (link: L) => boolean, now: number): L | undefined {
    for (let number = 0; row >= 0 && number <= MAX_ALTERNATES; number++) {
      const link = this.#paths.useAny(row, number, now)
      if (link !== undefined && suits(link)) return link
    }
    return undefined
  }

  /** What has been sent before in vain goes by one of the alternates, another at each node and attempt. */
  #choose(row: number, attempt: number, now: number): L | undefined {
    if (attempt === 0) return this.#paths.use(row, now)
    return this.#paths.useAny(row, Math.imul(attempt ^ this.#salt, 0x9e3779b1) >>> 24, now)
  }

  /**
   * To the destination itself where it is a neighbour. Else over all links but the one it came by; of the
   * constrained ones only that in use. Nowhere, where the destination is not known; where it was known and the
   * way ends, the envelope is held.
   */
  #everyWay(frame: Uint8Array, from: L | undefined, now: number): Verdict<L> {
    const row = this.#paths.find(frame, DESTINATION_AT)
    const best = row < 0 ? undefined : this.#paths.use(row, now)
    if (best?.neighbour?.isAt(frame, DESTINATION_AT)) return { action: 'forward', link: best }
    const links = [...(row < 0 ? [] : this.#links.keys())].filter((link) => {
      if (link === from) return link.profile.broadcast && link === best
      return link === best || !(isConstrained(link.profile) || link.profile.broadcast)
    })
    return links.length === 0 && row >= 0 && best === undefined ? HOLD : { action: 'spread', links }
  }
}
