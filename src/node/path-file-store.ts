/**
 * The file in which a node keeps, over a restart, the announces it knows. It only saves time, so nothing that
 * happens to it keeps a node from starting or stopping.
 */
import { readFile, rename, stat } from 'node:fs/promises'
import { decodePathFile, encodePathFile, MAX_PATH_FILE_BYTES, type SavedPath } from '../routing/path-file.ts'
import type { Clock } from '../runtime/clock.ts'
import { messageOf, systemCodeOf } from '../runtime/errors.ts'
import type { Logger } from '../runtime/logger.ts'
import { replaceFile } from '../runtime/replace-file.ts'
import type { AnnounceView } from '../wire/announce.ts'

/** Signatures are checked for this long at a start, in the order of the file: with libsodium, of 5,000. */
const CHECK_MS = 250

export interface LoadOptions {
  /** Whether the announce's signature is right. */
  readonly verify: (announce: AnnounceView) => boolean
  /** The longest that any announce is believed, ms. */
  readonly maxAgeMs: number
}

export class PathFileStore {
  readonly #file: string
  readonly #clock: Clock
  readonly #logger: Logger
  /** Saves follow one another, so that the last one called is the one that stays. */
  #saving: Promise<void> = Promise.resolve()

  constructor(file: string, clock: Clock, logger: Logger) {
    this.#file = file
    this.#clock = clock
    this.#logger = logger
  }

  /**
   * What the last run knew and may still be believed. It never rejects: a file that cannot be used is renamed
   * to FILE.corrupt-TIME and logged.
   */
  async load({ verify, maxAgeMs }: LoadOptions): Promise<readonly SavedPath[]> {
    try {
      const paths = decodePathFile(await this.#read(), this.#clock.now(), maxAgeMs)
      return this.#verified(paths, verify)
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT') await this.#setAside(error)
      return []
    }
  }

  /** Replaces the file. It never rejects: a failure is logged, and the file stays as it was. */
  save(paths: readonly SavedPath[]): Promise<void> {
    const bytes = encodePathFile(paths)
    this.#saving = this.#saving.then(async () => {
      try {
        await replaceFile(this.#file, bytes)
      } catch (error) {
        this.#logger.error({ file: this.#file, error: messageOf(error) }, 'paths could not be saved')
      }
    })
    return this.#saving
  }

  #verified(paths: readonly SavedPath[], verify: LoadOptions['verify']): SavedPath[] {
    const end = this.#clock.monotonic() + CHECK_MS
    const verified: SavedPath[] = []
    let forged = 0
    for (const path of paths) {
      if (this.#clock.monotonic() > end) break
      if (verify(path.announce)) verified.push(path)
      else forged += 1
    }
    if (forged > 0) {
      this.#logger.warn({ file: this.#file, forged }, 'announces in the file of paths have wrong signatures')
    }
    return verified
  }

  async #read(): Promise<Uint8Array> {
    // Before it is opened: a pipe would keep whoever opens it waiting.
    const stats = await stat(this.#file)
    if (!stats.isFile()) throw new Error('it is no regular file')
    if (stats.size > MAX_PATH_FILE_BYTES) throw new Error(`it has ${stats.size} bytes, too many`)
    return await readFile(this.#file)
  }

  async #setAside(reason: unknown): Promise<void> {
    const time = new Date(this.#clock.now()).toISOString().replaceAll(/[-:]|\.\d+/g, '')
    const aside = `${this.#file}.corrupt-${time}`
    const fields = { file: this.#file, aside, error: messageOf(reason) }
    try {
      await rename(this.#file, aside)
      this.#logger.warn(fields, 'paths of the last run not read: set aside')
    } catch {
      this.#logger.warn(fields, 'paths of the last run not read, nor could the file be set aside')
    }
  }
}
