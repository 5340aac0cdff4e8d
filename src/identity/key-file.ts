/**
 * The key file: one line of text, `hopwire-ed25519-seed-v1 <64 hexadecimal digits>`, readable by its owner
 * alone. Text, so that a person can tell what it is and print it on paper as a backup.
 */
import { link, mkdir, open, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { MeshError, messageOf, systemCodeOf } from '../runtime/errors.ts'
import { systemRandom } from '../runtime/random.ts'

const FORMAT = /^hopwire-ed25519-seed-v1 ([0-9a-f]{64})\r?\n?$/
const OTHERS = 0o077

/** @throws MeshError ERR_IDENTITY_FILE, naming the file and the fix. */
export async function readKeyFile(file: string): Promise<Uint8Array> {
  let text: string
  try {
    await using handle = await open(file, 'r')
    const stats = await handle.stat()
    if (!stats.isFile()) throw keyFileError(file, 'is no regular file')
    const { mode, size } = stats
    // Windows has no such bits: there the folder's own protection has to do.
    if (process.platform !== 'win32' && (mode & OTHERS) !== 0) {
      const shown = (mode & 0o777).toString(8).padStart(4, '0')
      throw keyFileError(file, `has mode ${shown}, so others can read the key: chmod 600 ${file}`)
    }
    if (size > 256) throw keyFileError(file, 'is no hopwire key file')
    text = await handle.readFile('utf8')
  } catch (error) {
    if (error instanceof MeshError) throw error
    if (systemCodeOf(error) === 'ENOENT') {
      throw keyFileError(file, "does not exist: 'hopwire init' makes one", error)
    }
    throw keyFileError(file, `cannot be read: ${messageOf(error)}`, error)
  }
  const seed = FORMAT.exec(text)?.[1]
  if (seed === undefined) throw keyFileError(file, 'is no hopwire key file')
  return Uint8Array.from(Buffer.from(seed, 'hex'))
}

/** Writes a new key file, durably, and never over another. @throws MeshError ERR_IDENTITY_FILE. */
export async function writeKeyFile(file: string, seed: Uint8Array): Promise<void> {
  const text = `hopwire-ed25519-seed-v1 ${Buffer.from(seed).toString('hex')}\n`
  const temporary = `${file}.${Buffer.from(systemRandom.bytes(6)).toString('hex')}.tmp`
  try {
    await mkdir(dirname(file), { recursive: true })
    try {
      await using handle = await open(temporary, 'wx', 0o600)
      await handle.writeFile(text)
      await handle.sync()
      // link() and not rename(): it fails where the name is taken, so two inits cannot lose a key.
      await link(temporary, file).catch((error: unknown) => {
        if (systemCodeOf(error) !== 'EEXIST') throw error
        throw keyFileError(file, 'exists and is not overwritten', error)
      })
    } finally {
      await unlink(temporary).catch(ignoreMissing)
    }
    await syncFolder(dirname(file))
  } catch (error) {
    if (error instanceof MeshError) throw error
    throw keyFileError(file, `cannot be written: ${messageOf(error)}`, error)
  }
}

/** Makes a new name in the folder durable. Windows cannot open a folder, and needs no such call. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  await using folder = await open(path, 'r')
  await folder.sync()
}

function ignoreMissing(error: unknown): void {
  if (systemCodeOf(error) !== 'ENOENT') throw error
}

function keyFileError(file: string, what: string, cause?: unknown): MeshError {
  return new MeshError('ERR_IDENTITY_FILE', `key file ${file} ${what}`, { cause, context: { file } })
}
