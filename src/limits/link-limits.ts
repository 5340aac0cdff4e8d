/**
 * What one neighbour may send us over one link. A neighbour is limited by the link its frames come in on,
 * since that is what it cannot forge.
 *
 * Figures: four buckets, about 330 bytes a link; an answer costs some 25 ns and allocates nothing. A bucket
 * holds `burstS` seconds of its rate, but always enough to let one frame of the greatest length through.
 */

import { TokenBucket } from '../runtime/token-bucket.ts'
import { MAX_FRAME_BYTES } from '../wire/frame.ts'

export interface LinkLimitsConfig {
  readonly framesPerS: number
  readonly bytesPerS: number
  readonly announcesPerS: number
  /** Frames that no correct node would have sent. */
  readonly garbagePerS: number
  /** How many seconds of each rate may come at once. */
  readonly burstS: number
}

/** Which limit a frame was over: the `kind` of `hopwire_rate_limited_total`. */
export type LimitKind = 'frames' | 'bytes' | 'announces'

export class LinkLimits {
  readonly #frames: TokenBucket
  readonly #bytes: TokenBucket
  readonly #announces: TokenBucket
  readonly #garbage: TokenBucket

  /** @param nowMs from a monotonic clock, as in all calls. */
  constructor(config: LinkLimitsConfig, nowMs: number) {
    const bucket = (ratePerS: number, least: number): TokenBucket =>
      new TokenBucket(ratePerS, Math.max(ratePerS * config.burstS, least), nowMs)
    this.#frames = bucket(config.framesPerS, 1)
    this.#bytes = bucket(config.bytesPerS, MAX_FRAME_BYTES)
    this.#announces = bucket(config.announcesPerS, 1)
    this.#garbage = bucket(config.garbagePerS, 1)
  }

  /**
   * Counts a frame in, or says which limit it is over. A refused frame uses nothing up, so a flood of
   * announces does not use up the neighbour's share for messages.
   *
   * @param bytes the frame's length.
   */
  admitFrame(bytes: number, isAnnounce: boolean, nowMs: number): LimitKind | undefined {
    if (!this.#frames.has(1, nowMs)) return 'frames'
    if (!this.#bytes.has(bytes, nowMs)) return 'bytes'
    if (isAnnounce && !this.#announces.take(1, nowMs)) return 'announces'
    this.#frames.take(1, nowMs)
    this.#bytes.take(bytes, nowMs)
    return undefined
  }

  /** Counts one garbage frame. @returns true when the link has spent its budget of them: close it. */
  garbage(nowMs: number): boolean {
    return !this.#garbage.take(1, nowMs)
  }
}
