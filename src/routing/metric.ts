/**
 * The routing metric: the expected transit time of a 200-byte frame, in units of 0.1 ms, summed over the
 * links of a path.
 */

/** What routing must know of a link. Every link of the transport seam is one. */
export interface RouterLink {
  readonly profile: {
    readonly bitsPerSecond: number
    /** True where one transmission reaches several neighbours. */
    readonly broadcast: boolean
  }
  /** Time one way for a small frame, ms. */
  readonly latencyMs: number
}

const REFERENCE_FRAME_BITS = 200 * 8

/** The largest metric a path may have: beyond it, the destination counts as out of reach. 3.7 hours. */
export const MAX_METRIC = 4095 * 2 ** 15

/** At least 1: each link makes a path dearer, which is what keeps paths free of loops. */
export function linkCost(link: RouterLink): number {
  const transitMs = link.latencyMs + (REFERENCE_FRAME_BITS * 1000) / link.profile.bitsPerSecond
  return Math.max(1, Math.ceil(transitMs * 10))
}

export function metricToMs(metric: number): number {
  return metric / 10
}
