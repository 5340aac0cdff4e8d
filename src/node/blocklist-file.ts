/**
 * The blocklist as people write it: a line for each node, by its public key (64 hexadecimal digits) or its
 * address (32), and comments behind a `#`.
 */
import { open } from 'node:fs/promises'
import { Address } from '../identity/address.ts'
import { MAX_BLOCKED } from '../routing/blocklist.ts'
import { MeshError, messageOf, systemCodeOf } from '../runtime/errors.ts'

/** Room for {@link MAX_BLOCKED} keys with a comment of 60 bytes each. */
const MAX_FILE_BYTES = 8 * 2 ** 20
/** Problems that one error lists. */
const MOST_TOLD = 10

/**
 * Reads a blocklist.
 *
 * @param own the node's own address, which has no business in it.
 * @throws MeshError ERR_CONFIG: a line for each problem, with the file and the line. Nothing is half read.
 */
export async function readBlocklist(file: string, own: Address): Promise<readonly Address[]> {
  return parseBlocklist(await readBounded(file), file, own)
}

/** The same for a text that has been read already; `file` names it in errors. */
export function parseBlocklist(text: string, file: string, own: Address): readonly Address[] {
  const blocked: Address[] = []
  const problems: string[] = []
  text.split(/\r?\n/).forEach((line, index) => {
    const entry = line.replace(/#.*/s, '').trim()
    if (entry === '') return
    const address = addressNamed(entry)
    if (address === undefined) {
      const expected = 'expected an address of 32 hexadecimal digits or a public key of 64'
      problems.push(`${file}:${index + 1}: ${expected}, got ${shown(entry)}`)
    } else if (address.equals(own))
      problems.push(`${file}:${index + 1}: ${entry} is this very node: take it out`)
    else blocked.push(address)
  })
  if (blocked.length > MAX_BLOCKED) {
    problems.push(`${file}: ${blocked.length} entries are too many: a blocklist holds ${MAX_BLOCKED}`)
  }
  if (problems.length > 0) throw blocklistError(file, told(problems))
  return blocked
}

/** An address, given as one or by the public key that it belongs to, in hexadecimal digits. */
export function addressNamed(entry: string): Address | undefined {
  if (/^[0-9a-f]{32}$/i.test(entry)) return Address.parse(entry)
  if (/^[0-9a-f]{64}$/i.test(entry)) return Address.ofPublicKey(Uint8Array.from(Buffer.from(entry, 'hex')))
  return undefined
}

function shown(entry: string): string {
  return JSON.stringify(entry.length > 72 ? `${entry.slice(0, 72)}…` : entry)
}

function told(problems: readonly string[]): string {
  const more = problems.length - MOST_TOLD
  const lines = problems.slice(0, MOST_TOLD)
  return [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n')
}

async function readBounded(file: string): Promise<string> {
  try {
    await using handle = await open(file, 'r')
    if (!(await handle.stat()).isFile()) throw blocklistError(file, `${file}: is no regular file`)
    const buffer = Buffer.alloc(Math.min((await handle.stat()).size, MAX_FILE_BYTES) + 1)
    let length = 0
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    if (length > MAX_FILE_BYTES) throw blocklistError(file, `${file}: is larger than ${MAX_FILE_BYTES} bytes`)
    // A file that grew while it was read would be cut in the middle of a line.
    if (length === buffer.length) throw blocklistError(file, `${file}: changed while it was read: try again`)
    return new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, length))
  } catch (error) {
    if (error instanceof MeshError) throw error
    throw blocklistError(file, `${file}: ${unreadable(error)}`, error)
  }
}

function unreadable(error: unknown): string {
  switch (systemCodeOf(error)) {
    case 'ENOENT':
      return 'does not exist: make it, or leave blocklist.file empty'
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return 'is not UTF-8 text'
    default:
      return `cannot be read: ${messageOf(error)}`
  }
}

function blocklistError(file: string, message: string, cause?: unknown): MeshError {
  return new MeshError('ERR_CONFIG', message, { cause, context: { file } })
}
