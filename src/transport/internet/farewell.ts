/**
 * How a node that stops lets its neighbours go: it tells all of them at once, so that what can go another way
 * does from then on, and closes the links one after another. So neither do all neighbours turn to the rest of
 * the mesh in the same instant, nor do those that have no other way lose this one before they must.
 */
import { type Clock, sleep } from '../../runtime/clock.ts'
import type { Random } from '../../runtime/random.ts'
import { FAREWELL_MS_PER_LINK } from './limits.ts'

export interface LeavingLink {
  sayGoodbye(): void
  /** Takes no further frame, and closes when the neighbour has all it was to have. */
  retire(reason: string): void
  readonly isClosed: boolean
  /** One way, ms. */
  readonly latencyMs: number
}

export interface FarewellOptions {
  /** What the farewell may take, ms. */
  readonly withinMs: number
  readonly clock: Clock
  readonly random: Random
  /** Ends it: what is open then is left to the caller. */
  readonly signal: AbortSignal
}

/** Of the time there is: the last ones have to send what waits, too. */
const SHARE = 0.75
/** The most, and the most of the time there is, for what neighbours send before they have heard the goodbye. */
const LONGEST_LEAD_MS = 250
const LEAD_SHARE = 0.1

/** When each of so many links is retired, ms from now, in ascending order: evenly, and each at a random time. */
export function farewellTimes(count: number, withinMs: number, random: Random): number[] {
  const eachMs = Math.min(FAREWELL_MS_PER_LINK, (withinMs * SHARE) / count)
  return Array.from({ length: count }, (_, index) => (index + random.float()) * eachMs)
}

/** Resolves when all links have been retired, or at the signal. */
export async function sayFarewell(
  links: readonly LeavingLink[],
  { withinMs, clock, random, signal }: FarewellOptions,
): Promise<void> {
  if (signal.aborted) return
  for (const link of links) link.sayGoodbye()
  const roundTripMs = 2 * links.reduce((most, { latencyMs }) => Math.max(most, latencyMs), 0)
  await sleep(clock, Math.min(roundTripMs, LONGEST_LEAD_MS, withinMs * LEAD_SHARE))
  const startedAt = clock.monotonic()
  const times = farewellTimes(links.length, withinMs, random)
  for (const [index, link] of shuffled(links, random).entries()) {
    const waitMs = startedAt + (times[index] ?? 0) - clock.monotonic()
    // What is due within a tick goes together.
    if (waitMs >= 1) await sleep(clock, waitMs)
    if (signal.aborted) return
    if (!link.isClosed) link.retire('stopping')
  }
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items]
  return items.map(() => left.splice(Math.floor(random.float() * left.length), 1)[0] as T)
}
