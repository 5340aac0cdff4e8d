/** Announces as this node passes them on, made once for all links that are told in the same moment. */
import type { QueuedPaths } from './announce-queue.ts'

export class ToldFrames implements QueuedPaths {
  readonly #paths: QueuedPaths
  readonly #frames = new Map<number, Uint8Array>()

  constructor(paths: QueuedPaths) {
    this.#paths = paths
  }

  hopsOf(row: number): number {
    return this.#paths.hopsOf(row)
  }

  /** To be sent as it is: other links get the same bytes. */
  frameOf(row: number): Uint8Array {
    let frame = this.#frames.get(row)
    if (frame === undefined) {
      frame = this.#paths.frameOf(row)
      this.#frames.set(row, frame)
    }
    return frame
  }

  /** The moment is over: rows may change. */
  forget(): void {
    if (this.#frames.size > 0) this.#frames.clear()
  }
}
