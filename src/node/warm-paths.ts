/**
 * What a node knew of the mesh before its restart. A destination that is restored has a key and no path: its
 * messages are taken at once, and the mesh is asked for it without waiting for its next announce.
 */
import { pathsToSave, restorePaths } from '../routing/path-file.ts'
import type { PathTable } from '../routing/path-table.ts'
import type { Link } from '../transport/transport.ts'
import type { NodeParts } from './options.ts'

/** A crash forgets what has been learned since the last time. */
const SAVE_EVERY_MS = 10 * 60 * 1000

export class WarmPaths {
  readonly #parts: NodeParts
  readonly #paths: PathTable<Link>
  #savedAt = 0

  constructor(parts: NodeParts, paths: PathTable<Link>) {
    this.#parts = parts
    this.#paths = paths
  }

  async load(): Promise<void> {
    const { pathFile, crypto, clock, logger, config } = this.#parts
    this.#savedAt = clock.monotonic()
    if (pathFile === undefined) return
    const saved = await pathFile.load({
      maxAgeMs: config.announce.max_age_s * 1000,
      verify: ({ signature, signedPart, publicKey }) =>
        crypto.ed25519Verify(signature, signedPart, publicKey),
    })
    const restored = restorePaths(this.#paths, saved, clock.monotonic(), clock.now())
    if (restored > 0) logger.debug({ restored }, 'destinations known from before')
  }

  async save(): Promise<void> {
    const { pathFile, clock } = this.#parts
    this.#savedAt = clock.monotonic()
    await pathFile?.save(pathsToSave(this.#paths, clock.monotonic(), clock.now()))
  }

  /** Saves now and then. Call it every few seconds. */
  tend(): void {
    if (this.#parts.clock.monotonic() - this.#savedAt >= SAVE_EVERY_MS) void this.save()
  }
}
