/**
 * The routing metric: the expected transit time of a 200-byte frame, in units of 0.1 ms, summed over the
 * links of a path. On a link that loses frames it is the time until one gets through.
 */

export interface LinkProfile {
  readonly bitsPerSecond: number
  /** True where one transmission reaches several neighbours. */
  readonly broadcast: boolean
}

/** What routing must know of a link. Every link of the transport seam is one. */
export interface RouterLink {
  readonly profile: LinkProfile
  /** Time one way for a small frame, ms. */
  readonly latencyMs: number
  /** Share of frames that are lost, 0 to 1, where the transport measures it. */
  readonly loss?: number
}

const REFERENCE_FRAME_BITS = 200 * 8
/** A link that seems to lose more than this is reckoned with this: what is measured is not that exact. */
const MAX_LOSS = 0.95

/** The largest metric a path may have: beyond it, the destination counts as out of reach. 3.7 hours. */
export const MAX_METRIC = 4095 * 2 ** 15

/**
 * (latency + 1,600 bit / bit rate) / (1 − loss): the expected number of tries is that of a geometric
 * distribution. At least 1: each link makes a path dearer, which is what keeps paths free of loops.
 */
export function linkCost({ profile, latencyMs, loss = 0 }: RouterLink): number {
  const transitMs = latencyMs + (REFERENCE_FRAME_BITS * 1000) / profile.bitsPerSecond
  return Math.max(1, Math.ceil((transitMs * 10) / (1 - Math.min(loss, MAX_LOSS))))
}

export function metricToMs(metric: number): number {
  return metric / 10
}
