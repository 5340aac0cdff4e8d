/** What can be told of a frame from its bytes and the time alone. */
import { AnnounceView, checkAnnounce } from '../wire/announce.ts'
import { checkEnvelope, createdIn, expiryIn, hopsIn, isSigned } from '../wire/envelope.ts'
import { MAX_CLOCK_SKEW_S, MAX_HOPS } from '../wire/frame.ts'
import type { Refusal } from './refusal.ts'

/** @param wallMs wall clock, for creation times and lifetimes. */
export function inspectEnvelope(frame: Uint8Array, wallMs: number): Refusal | undefined {
  return (
    checkEnvelope(frame) ??
    inspectTimes(createdIn(frame), expiryIn(frame), hopsIn(frame), wallMs) ??
    (isSigned(frame) ? undefined : 'unsigned')
  )
}

/** @param wallMs as for {@link inspectEnvelope}. */
export function inspectAnnounce(frame: Uint8Array, wallMs: number): Refusal | undefined {
  const form = checkAnnounce(frame)
  if (form !== undefined) return form
  const { created, lifetime, hops } = new AnnounceView(frame)
  return inspectTimes(created, created + lifetime, hops, wallMs)
}

function inspectTimes(createdS: number, expiryS: number, hops: number, wallMs: number): Refusal | undefined {
  if (createdS * 1000 > wallMs + MAX_CLOCK_SKEW_S * 1000) return 'future'
  if (expiryS * 1000 <= wallMs) return 'expired'
  return hops >= MAX_HOPS ? 'hop_limit' : undefined
}

/**
 * Whether an announce tells of its way what no honest neighbour does: to stand beside a node that it is not,
 * or a path with links that cost nothing.
 *
 * @param direct whether it came over a link whose neighbour is its origin.
 * @param isNeighbourKnown whether the link has told who is at its other end.
 */
export function isImpossible(
  { hops, metric }: AnnounceView,
  direct: boolean,
  isNeighbourKnown: boolean,
): boolean {
  return metric < hops || (hops === 0 && ((isNeighbourKnown && !direct) || metric !== 0))
}
