/** Reads hopwire.toml and what overrides it, in this order: the file, `HOPWIRE_*` variables, `--set`. */
import { open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { MeshError, messageOf, systemCodeOf } from '../runtime/errors.ts'
import { type Assignments, collect } from './collect.ts'
import { collectEnvironment, collectSet, type Environment } from './overrides.ts'
import { type Place, Problems } from './problems.ts'
import { complete } from './resolve.ts'
import type { Config } from './schema.ts'
import { MAX_CONFIG_BYTES, readToml } from './toml.ts'

export interface Overrides {
  /** `KEY=VALUE`, where VALUE is TOML or plain text. A later one wins. */
  readonly set?: readonly string[]
  /** Its `HOPWIRE_*` variables override the file. None unless given: pass `process.env`. */
  readonly env?: Environment
}

/** A configuration with the paths it names made absolute. */
export interface LoadedConfig {
  readonly config: Config
  readonly file: string
  readonly keyFile: string
  readonly dataDir: string
  /** Where the sqlite store lies, whatever the kind of store in use. */
  readonly storeFile: string
  readonly controlSocket: string
  readonly blocklistFile: string | undefined
  /** Names the place where a key was set, and the key, for errors: `hopwire.toml:12: http.listen`. */
  readonly placeOf: (key: string) => string
}

// sockaddr_un holds 108 bytes on Linux, the last of them zero (unix(7)).
const LONGEST_SOCKET_PATH = 107

/**
 * Reads a configuration file.
 *
 * @throws MeshError ERR_CONFIG: a line for each problem, with the file, its line and the key.
 */
export async function loadConfig(file: string, overrides: Overrides = {}): Promise<LoadedConfig> {
  return parseConfig(await readBounded(file), { ...overrides, file })
}

/**
 * The same for a text that has been read already.
 *
 * @param file names the text in errors; relative paths start from its folder.
 */
export function parseConfig(
  text: string,
  { file, set = [], env = {} }: Overrides & { readonly file: string },
): LoadedConfig {
  const problems = new Problems()
  const assigned: Assignments = new Map()
  const unset: Place = (path) => `${file}: ${path}`
  let inFile = unset
  const toml = readToml(text)
  if ('tree' in toml) {
    // A key that is not set has no line, but the table it is missing from may have.
    const lineOf = (path: string): number =>
      toml.lines.get(path) ?? toml.lines.get(path.replace(/\.[^.]*$/, '')) ?? 1
    inFile = (path) => `${file}:${lineOf(path)}: ${path}`
    collect(toml.tree, inFile, assigned, problems)
  } else {
    problems.add(`${file}${toml.at}`, toml.complaint)
  }
  collectEnvironment(env, assigned, problems)
  collectSet(set, assigned, problems)

  const config = complete(assigned, unset, problems)
  // A list of tables is assigned as one; only the file has lines for what is in it.
  const placeOf: Place = (path) =>
    assigned.get(path)?.place ?? (path.includes('[') ? inFile(path) : unset(path))
  const folder = dirname(resolve(file))
  const dataDir = resolve(folder, config.node.data_dir)
  const controlSocket = resolve(dataDir, config.control.socket)
  const length = Buffer.byteLength(controlSocket)
  if (length > LONGEST_SOCKET_PATH) {
    const place = placeOf('control.socket')
    const most = `a Unix socket's takes at most ${LONGEST_SOCKET_PATH}: set a shorter absolute path`
    problems.add(place, `the path, with its folders, has ${length} bytes, and ${most}`)
  }
  problems.throwIfAny()
  return {
    config,
    file: resolve(file),
    keyFile: resolve(folder, config.identity.key_file),
    dataDir,
    storeFile: resolve(dataDir, config.store.path),
    controlSocket,
    blocklistFile: config.blocklist.file === '' ? undefined : resolve(folder, config.blocklist.file),
    placeOf,
  }
}

async function readBounded(file: string): Promise<string> {
  try {
    await using handle = await open(file, 'r')
    // Not readFile: what `file` names may be a pipe or a device, and have no end.
    const buffer = Buffer.alloc(MAX_CONFIG_BYTES + 1)
    let length = 0
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    if (length > MAX_CONFIG_BYTES) throw configFileError(file, `is larger than ${MAX_CONFIG_BYTES} bytes`)
    return new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, length))
  } catch (error) {
    if (error instanceof MeshError) throw error
    throw configFileError(file, unreadable(error), error)
  }
}

function unreadable(error: unknown): string {
  switch (systemCodeOf(error)) {
    case 'ENOENT':
      return "does not exist: 'hopwire init' writes one"
    case 'EISDIR':
      return 'is a folder, not a file'
    case 'EACCES':
      return 'cannot be read: permission denied'
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return 'is not UTF-8 text'
    default:
      return `cannot be read: ${messageOf(error)}`
  }
}

function configFileError(file: string, what: string, cause?: unknown): MeshError {
  return new MeshError('ERR_CONFIG', `${file}: ${what}`, { cause, context: { file } })
}
