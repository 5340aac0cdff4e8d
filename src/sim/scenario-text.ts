/** Text files of bounded size, whatever the name leads to. */
import { open } from 'node:fs/promises'
import { MeshError, messageOf, systemCodeOf } from '../runtime/errors.ts'

const CHUNK_BYTES = 65_536

/** @throws MeshError ERR_CONFIG that names the file: it is missing, unreadable, too large or no UTF-8. */
export async function readText(file: string, maxBytes: number): Promise<string> {
  try {
    await using handle = await open(file, 'r')
    const chunks: Buffer[] = []
    let length = 0
    // Not readFile: what `file` names may be a pipe or a device, and have no end.
    for (;;) {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES)
      if (bytesRead === 0) break
      length += bytesRead
      if (length > maxBytes) throw new MeshError('ERR_CONFIG', `${file}: is larger than ${maxBytes} bytes`)
      chunks.push(buffer.subarray(0, bytesRead))
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch (error) {
    if (error instanceof MeshError) throw error
    throw new MeshError('ERR_CONFIG', `${file}: ${unreadable(error)}`, { cause: error, context: { file } })
  }
}

function unreadable(error: unknown): string {
  switch (systemCodeOf(error)) {
    case 'ENOENT':
      return 'does not exist'
    case 'EISDIR':
      return 'is a folder, not a file'
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return 'is not UTF-8 text'
    default:
      return `cannot be read: ${messageOf(error)}`
  }
}
