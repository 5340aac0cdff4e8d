/** The files of a store: the database and, next to it, SQLite's write-ahead log. */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { systemCodeOf } from '../../runtime/errors.ts'
import { ForeignDatabase } from './errors.ts'

const SUFFIXES = ['', '-wal', '-shm', '-journal']
/** Of any SQLite database: https://sqlite.org/fileformat2.html#the_database_header */
const HEADER_BYTES = 100
/** SQLite's default, and so what every file of ours has. */
export const PAGE_BYTES = 4096
const MAX_SET_ASIDE = 1000

/** Makes the folder and an empty file, and the file readable by its owner alone: SQLite's own take its mode. */
export function prepareFile(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  // SQLite takes a file of one byte for a new one, and throws the log of a new one away.
  const size = sizeOf(file)
  if (size > 0 && size < HEADER_BYTES) throw new ForeignDatabase(`it is cut off after byte ${size}`)
  if (size === 0 && sizeOf(`${file}-wal`) > 0) {
    throw new ForeignDatabase('it is empty or gone, but its write-ahead log is not')
  }
  try {
    // Never opens an existing file: closing it again would drop the locks that this process may have on it.
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    if (systemCodeOf(error) !== 'EEXIST') throw error
    const stat = statSync(file)
    if (!stat.isFile()) throw new Error('it is not a regular file')
    // Windows has no such bits: there the folder's own protection has to do.
    if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0) chmodSync(file, 0o600)
  }
}

/**
 * Checks that the file ends with a whole page. To be called when the log has been taken over into it, which
 * completes a page that a power cut left half written.
 */
export function checkEnd(file: string): void {
  const size = sizeOf(file)
  if (size % PAGE_BYTES !== 0) throw new ForeignDatabase(`it is cut off after byte ${size}`)
}

/**
 * Renames the files to FILE.corrupt-N, FILE.corrupt-N-wal and so on, with the first free N, so that
 * `sqlite3 FILE.corrupt-N .recover` finds them together. @returns the new name.
 */
export function setAside(file: string): string {
  let number = 1
  while (SUFFIXES.some((suffix) => existsSync(`${file}.corrupt-${number}${suffix}`))) {
    number += 1
    if (number > MAX_SET_ASIDE) throw new Error(`there are ${MAX_SET_ASIDE} corrupt files next to it already`)
  }
  const aside = `${file}.corrupt-${number}`
  // The log first: a crash in between must not leave it to the next database.
  for (const suffix of SUFFIXES.toReversed()) {
    if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix)
  }
  return aside
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}
