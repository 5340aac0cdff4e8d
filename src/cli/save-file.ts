/** Saves a received file without trusting its name. */
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { MeshError, systemCodeOf } from '../runtime/errors.ts'

const MOST_OF_A_NAME = 1000

/**
 * Writes a new file, readable by its owner alone, never over another: `name`, else `name-1`, `name-2` before
 * the extension. A name that begins with a dot gets a `_` in front: a sender has no business hiding files, or
 * writing a shell's settings.
 *
 * @returns the path it was saved as
 * @throws what the file system does
 */
export function saveFile(dir: string, name: string, content: Uint8Array): string {
  mkdirSync(dir, { recursive: true })
  const base = basename(name)
  const safe = base.startsWith('.') ? `_${base}` : base
  const extension = extname(safe)
  const stem = safe.slice(0, safe.length - extension.length)
  for (let copy = 0; copy < MOST_OF_A_NAME; copy++) {
    const path = join(dir, copy === 0 ? safe : `${stem}-${copy}${extension}`)
    if (writeNew(path, content)) return path
  }
  throw new MeshError('ERR_USAGE', `there are ${MOST_OF_A_NAME} files of this name in ${dir} already`)
}

/** @returns false where the name is taken. */
function writeNew(path: string, content: Uint8Array): boolean {
  let file: number
  try {
    file = openSync(path, 'wx', 0o600)
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false
    throw error
  }
  try {
    writeFileSync(file, content)
    return true
  } catch (error) {
    rmSync(path, { force: true })
    throw error
  } finally {
    closeSync(file)
  }
}
