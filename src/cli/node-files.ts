/** The two files that make a node. */
import { link, lstat, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { sampleConfig } from '../config/config.ts'
import { Identity } from '../identity/identity.ts'
import { MeshError, messageOf, systemCodeOf } from '../runtime/errors.ts'
import { makeFolder } from '../runtime/make-folder.ts'
import { DEFAULT_CONFIG } from './node-client.ts'

const KEY_FILE = 'identity.key'

/**
 * Writes both files or neither.
 *
 * @throws MeshError ERR_USAGE where one of them exists or the folder cannot be written
 */
export async function makeNodeFiles(dir: string): Promise<{ address: string; files: readonly string[] }> {
  const configFile = join(dir, DEFAULT_CONFIG)
  const keyFile = join(dir, KEY_FILE)
  const files = [configFile, keyFile]
  const present = await Promise.all(files.map(exists))
  const taken = files.filter((_, index) => present[index])
  if (taken.length > 0) throw new MeshError('ERR_USAGE', taken.map(notOverwritten).join('\n'))
  const identity = Identity.generate()
  try {
    await makeFolder(dir)
    await identity.save(keyFile)
  } catch (error) {
    if (error instanceof MeshError) throw error
    throw new MeshError('ERR_USAGE', `${dir}: cannot be written: ${messageOf(error)}`, { cause: error })
  }
  try {
    await writeNew(configFile, sampleConfig())
  } catch (error) {
    // Made a moment ago and told nobody: without its configuration it only stands in the way.
    await rm(keyFile)
    if (systemCodeOf(error) === 'EEXIST') throw new MeshError('ERR_USAGE', notOverwritten(configFile))
    throw new MeshError('ERR_USAGE', `${configFile}: cannot be written: ${messageOf(error)}`, {
      cause: error,
    })
  }
  return { address: identity.address.toString(), files }
}

async function exists(file: string): Promise<boolean> {
  try {
    await lstat(file)
    return true
  } catch {
    // What cannot be looked at fails again, with its own reason, when it is to be written.
    return false
  }
}

/** Whole or not at all, and never over another file. */
async function writeNew(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`
  try {
    await using handle = await open(temporary, 'wx')
    await handle.writeFile(text)
    await handle.sync()
    await link(temporary, file)
  } finally {
    await rm(temporary, { force: true })
  }
}

function notOverwritten(file: string): string {
  return `${file} exists and is not overwritten: move it away, or give another --dir`
}
