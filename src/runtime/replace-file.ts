/** Files that are replaced whole, and survive a loss of power as the old one or the new one. */
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemRandom } from './random.ts'

/** The user and group that a file is to belong to. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

/**
 * Writes a file, readable by its owner alone, in place of the one of that name if there is one.
 *
 * @throws what the file system does; then the old file is there as it was.
 */
export async function replaceFile(file: string, content: string | Uint8Array, owner?: Owner): Promise<void> {
  const temporary = `${file}.${Buffer.from(systemRandom.bytes(6)).toString('hex')}.tmp`
  try {
    {
      await using handle = await open(temporary, 'wx', 0o600)
      if (owner !== undefined) await handle.chown(owner.uid, owner.gid)
      await handle.writeFile(content)
      await handle.sync()
    }
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(dirname(file))
}

/** Makes new names in a folder durable. Windows cannot open a folder, and needs no such call. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  await using folder = await open(path, 'r')
  await folder.sync()
}
