/** What the parts call what the configuration has by its own names and units. */
import type { Config } from '../config/config.ts'
import type { LinkLimitsConfig } from '../limits/link-limits.ts'
import { DEFAULT_JITTER_MS, DEFAULT_SPACING_MS } from '../routing/announce-schedule.ts'
import type { RouterOptions } from '../routing/router.ts'

export function linkLimitsOf(config: Config): LinkLimitsConfig {
  return {
    framesPerS: config.rate_limit.frames_per_s,
    bytesPerS: config.rate_limit.bytes_per_s,
    announcesPerS: config.rate_limit.announces_per_s,
    garbagePerS: config.rate_limit.garbage_per_s,
    burstS: config.rate_limit.burst_s,
  }
}

export function announcingOf(config: Config): RouterOptions['announce'] {
  return {
    intervalMs: config.announce.interval_s * 1000,
    minSpacingMs: DEFAULT_SPACING_MS,
    jitterMs: DEFAULT_JITTER_MS,
    maxAgeMs: config.announce.max_age_s * 1000,
    maxHops: config.announce.max_hops,
  }
}
