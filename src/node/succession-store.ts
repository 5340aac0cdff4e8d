/**
 * The successions of others that a node has learned, kept over a restart: whoever rotated its key has stopped
 * telling so after a while, and its contacts must not lose it then. One file, replaced whole: a magic word,
 * the frames one after another, and the SHA-256 of all that.
 */
import { hash } from 'node:crypto'
import { open, rename } from 'node:fs/promises'
import { MAX_SUCCESSIONS } from '../routing/succession-table.ts'
import { MeshError, messageOf, systemCodeOf } from '../runtime/errors.ts'
import type { Logger } from '../runtime/logger.ts'
import { replaceFile } from '../runtime/replace-file.ts'
import { checkSuccession, SUCCESSION_BYTES } from '../wire/succession.ts'

const MAGIC = Buffer.from('hopwsuc1')
const CHECKSUM_BYTES = 32
const MAX_FILE_BYTES = MAGIC.length + MAX_SUCCESSIONS * SUCCESSION_BYTES + CHECKSUM_BYTES

export interface SavedTable {
  /** Another one after each change. */
  readonly version: number
  frames(): Iterable<Uint8Array>
}

export class SuccessionStore {
  readonly #file: string
  readonly #logger: Logger
  /** The version that lies on the disk. */
  #saved = 0
  #last: Promise<void> = Promise.resolve()

  constructor(file: string, logger: Logger) {
    this.#file = file
    this.#logger = logger
  }

  /**
   * What the last run knew. Signatures were checked before it was written: the checksum vouches for the rest.
   * A file that cannot be used is set aside as `.corrupt` and logged.
   */
  async load(): Promise<readonly Uint8Array[]> {
    try {
      return framesIn(await this.#read())
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return []
      const aside = `${this.#file}.corrupt`
      this.#logger.warn(
        { file: this.#file, aside, error: messageOf(error) },
        'successions not read: set aside',
      )
      await rename(this.#file, aside).catch(() => undefined)
      return []
    }
  }

  /**
   * Writes the frames of `table` if it has changed since the last time. It never rejects: a failure is
   * logged, and the next call tries again.
   */
  save(table: SavedTable): Promise<void> {
    // One after another: else an older table could take the place of a newer one.
    this.#last = this.#last.then(() => this.#save(table))
    return this.#last
  }

  async #save(table: SavedTable): Promise<void> {
    const { version } = table
    if (version === this.#saved) return
    const body = Buffer.concat([MAGIC, ...table.frames()])
    try {
      await replaceFile(this.#file, Buffer.concat([body, hash('sha256', body, 'buffer')]))
      this.#saved = version
    } catch (error) {
      this.#logger.error({ file: this.#file, error: messageOf(error) }, 'successions could not be saved')
    }
  }

  /** The table is now as it was loaded: nothing to save until it changes. */
  loaded(version: number): void {
    this.#saved = version
  }

  async #read(): Promise<Buffer> {
    await using handle = await open(this.#file, 'r')
    const buffer = Buffer.alloc(MAX_FILE_BYTES + 1)
    let length = 0
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    return buffer.subarray(0, length)
  }
}

/** @throws MeshError ERR_WIRE where the bytes are not what {@link SuccessionStore.save} writes. */
function framesIn(content: Buffer): Uint8Array[] {
  const end = content.length - CHECKSUM_BYTES
  const count = (end - MAGIC.length) / SUCCESSION_BYTES
  if (!MAGIC.equals(content.subarray(0, MAGIC.length)) || !Number.isInteger(count) || count < 0) {
    throw new MeshError('ERR_WIRE', 'it is no file of successions')
  }
  if (!hash('sha256', content.subarray(0, end), 'buffer').equals(content.subarray(end))) {
    throw new MeshError('ERR_WIRE', 'its checksum is wrong')
  }
  return Array.from({ length: count }, (_, index) => {
    const at = MAGIC.length + index * SUCCESSION_BYTES
    const frame = Uint8Array.from(content.subarray(at, at + SUCCESSION_BYTES))
    if (checkSuccession(frame) !== undefined) throw new MeshError('ERR_WIRE', 'it holds something else')
    return frame
  })
}
