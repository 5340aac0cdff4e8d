/**
 * Where a ledger is kept: a file, or in simulations something that can crash at any byte. Its calls return when
 * all is durable: nothing may be sent before that, and a promise would let the moment pass for which it was asked.
 */
import {
  closeSync,
  constants,
  copyFileSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { systemCodeOf } from '../../../runtime/errors.ts'

/** Each call but `close` may throw whatever the system says. */
export interface LedgerMedium {
  /** For people. */
  readonly name: string
  /** @returns undefined where nothing has been written yet. */
  read(): Uint8Array | undefined
  /** Adds bytes at the end. When it throws they may be there in part. */
  append(bytes: Uint8Array): void
  /** Puts bytes in the place of all there is. A crash leaves the one or the other, whole. */
  replace(bytes: Uint8Array): void
  /** Keeps a copy of what there is for people. @returns its name. */
  setAside(): string
  close(): void
}

/** The longest file that is read: some 16,000 transmissions and as many again before they are thinned out. */
const MAX_LEDGER_BYTES = 1_048_576

export class FileMedium implements LedgerMedium {
  readonly name: string
  #handle: number | undefined

  constructor(file: string) {
    this.name = file
  }

  read(): Uint8Array | undefined {
    try {
      // Before it is opened: a pipe would keep whoever opens it waiting.
      const stats = statSync(this.name)
      if (!stats.isFile()) throw new Error('it is no regular file')
      if (stats.size > MAX_LEDGER_BYTES) throw new Error(`it has ${stats.size} bytes, too many`)
      return readFileSync(this.name)
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return undefined
      throw error
    }
  }

  append(bytes: Uint8Array): void {
    // Not created: a file that somebody has removed takes all that it said along, and is written anew.
    this.#handle ??= openSync(this.name, constants.O_WRONLY | constants.O_APPEND)
    if (fstatSync(this.#handle).nlink === 0) throw new Error('the file was removed')
    writeWhole(this.#handle, bytes)
    fdatasyncSync(this.#handle)
  }

  replace(bytes: Uint8Array): void {
    this.close()
    mkdirSync(dirname(this.name), { recursive: true })
    const temporary = `${this.name}.tmp`
    const handle = openSync(temporary, 'w', 0o600)
    try {
      writeWhole(handle, bytes)
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
    renameSync(temporary, this.name)
    syncFolder(dirname(this.name))
  }

  setAside(): string {
    const aside = `${this.name}.corrupt`
    copyFileSync(this.name, aside)
    return aside
  }

  close(): void {
    const handle = this.#handle
    this.#handle = undefined
    try {
      if (handle !== undefined) closeSync(handle)
    } catch {
      // What had to be durable has been said to be.
    }
  }
}

function writeWhole(handle: number, bytes: Uint8Array): void {
  const written = writeSync(handle, bytes)
  if (written !== bytes.length) throw new Error(`${written} of ${bytes.length} bytes were written`)
}

/** Makes a new name durable. Windows cannot open a folder, and needs no such call. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return
  const handle = openSync(path, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
