/** What `hopwire send` sends: an argument, a file, or stdin. */
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { MeshError, messageOf, systemCodeOf } from '../runtime/errors.ts'
import { MAX_BODY_BYTES } from '../wire/frame.ts'

export interface Payload {
  readonly content: Buffer
  /** Of the file, where it is one. */
  readonly name?: string
}

/** @throws MeshError ERR_USAGE where there is nothing to send, ERR_PAYLOAD_TOO_LARGE where it is too much */
export async function readPayload(text: string | undefined, file: string | undefined): Promise<Payload> {
  if (text !== undefined && file !== undefined) {
    throw new MeshError('ERR_USAGE', 'send: TEXT and --file are two messages: send one, then the other')
  }
  if (file !== undefined) {
    const content = await readFileUpTo(file)
    // Fails here rather than at the node, which may not even run.
    const { encodeFile } = await import('../services/file-message.ts')
    const name = basename(file)
    encodeFile({ name, content })
    return { content, name }
  }
  if (text === undefined) return { content: await readStdin() }
  const content = Buffer.from(text)
  if (content.length > MAX_BODY_BYTES) throw tooLarge('TEXT', `${content.length}`)
  return { content }
}

async function readFileUpTo(file: string): Promise<Buffer> {
  try {
    await using handle = await open(file, 'r')
    const { size } = await handle.stat()
    if (size > MAX_BODY_BYTES) throw tooLarge(`file ${file}`, `${size}`)
    const buffer = Buffer.alloc(MAX_BODY_BYTES + 1)
    let length = 0
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    return buffer.subarray(0, length)
  } catch (error) {
    if (error instanceof MeshError) throw error
    const reason = systemCodeOf(error) === 'ENOENT' ? 'does not exist' : `cannot be read: ${messageOf(error)}`
    throw new MeshError('ERR_USAGE', `file ${file} ${reason}`, { cause: error })
  }
}

async function readStdin(): Promise<Buffer> {
  if (process.stdin.isTTY) {
    throw new MeshError('ERR_USAGE', 'send: nothing to send: give TEXT or --file FILE, or pipe it in')
  }
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    if (length > MAX_BODY_BYTES) throw tooLarge('stdin', `more than ${MAX_BODY_BYTES}`)
  }
  return Buffer.concat(chunks)
}

function tooLarge(what: string, bytes: string): MeshError {
  const most = `a message carries at most ${MAX_BODY_BYTES}`
  return new MeshError('ERR_PAYLOAD_TOO_LARGE', `${what} has ${bytes} bytes: ${most}`)
}
