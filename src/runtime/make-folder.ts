import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemCodeOf } from './errors.ts'

/**
 * Makes a folder, and those it lies in. Node's own recursive mkdir never ends where the system says that there is no
 * such folder though it lies in one that there is, as in /proc.
 *
 * @param mode of the folders that are made.
 */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  try {
    await makeOne(path, mode)
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT' || dirname(path) === path) throw error
    await makeFolder(dirname(path), mode)
    await makeOne(path, mode)
  }
}

/** One that is there already will do, also if another process has just made it. */
async function makeOne(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, mode)
  } catch (error) {
    if (systemCodeOf(error) !== 'EEXIST' || !(await stat(path)).isDirectory()) throw error
  }
}
