/** The key of a radio network: 64 hexadecimal digits, in the configuration or in a file of their own. */
import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { MeshError, messageOf, systemCodeOf } from '../runtime/errors.ts'
import type { LoraConfig } from './lora-schema.ts'

const FORMAT = /^([0-9a-f]{64})\r?\n?$/i
const OTHERS = 0o077

/**
 * The key that a radio is configured with, 32 bytes; undefined for none.
 *
 * @param folder that of the configuration file, from which its paths start
 * @throws MeshError ERR_CONFIG that names the file and the fix.
 */
export async function readNetworkKey(
  { network_key, network_key_file }: Pick<LoraConfig, 'network_key' | 'network_key_file'>,
  folder: string,
): Promise<Uint8Array | undefined> {
  if (network_key !== '') return Uint8Array.from(Buffer.from(network_key, 'hex'))
  return network_key_file === '' ? undefined : await readKeyFile(resolve(folder, network_key_file))
}

async function readKeyFile(file: string): Promise<Uint8Array> {
  let text: string
  try {
    await using handle = await open(file, 'r')
    const stats = await handle.stat()
    if (!stats.isFile()) throw unusable(file, 'is no regular file')
    // Windows has no such bits: there the folder's own protection has to do.
    if (process.platform !== 'win32' && (stats.mode & OTHERS) !== 0) {
      const shown = (stats.mode & 0o777).toString(8).padStart(4, '0')
      throw unusable(file, `has mode ${shown}, so others can read the key: chmod 600 ${file}`)
    }
    text = stats.size > 256 ? '' : await handle.readFile('utf8')
  } catch (error) {
    if (error instanceof MeshError) throw error
    if (systemCodeOf(error) === 'ENOENT') {
      throw unusable(file, `does not exist: (umask 077; openssl rand -hex 32 > ${file}) makes one`, error)
    }
    throw unusable(file, `cannot be read: ${messageOf(error)}`, error)
  }
  const digits = FORMAT.exec(text)?.[1]
  if (digits === undefined) throw unusable(file, 'does not hold 64 hexadecimal digits and nothing else')
  return Uint8Array.from(Buffer.from(digits, 'hex'))
}

function unusable(file: string, what: string, cause?: unknown): MeshError {
  return new MeshError('ERR_CONFIG', `network key file ${file} ${what}`, { cause, context: { file } })
}
