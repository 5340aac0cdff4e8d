/**
 * A file as a message: the CBOR array `[name, content]` (docs/specs/control.md, "Files"). The name is a base
 * name on both ends, whatever the other end wrote: a received file goes nowhere its sender chose.
 */
import { MeshError } from '../runtime/errors.ts'
import { decodeCbor, encodeCbor } from '../wire/cbor.ts'
import { MAX_BODY_BYTES } from '../wire/frame.ts'

export interface FileMessage {
  /** One path component, at most {@link MAX_NAME_BYTES} bytes of UTF-8, without control characters. */
  readonly name: string
  readonly content: Uint8Array
}

const MAX_NAME_BYTES = 255

/** What a terminal acts on, and what turns the text around it: a name holds none of these. */
const FORBIDDEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u

/**
 * @throws MeshError ERR_USAGE for a name that cannot be one; ERR_PAYLOAD_TOO_LARGE where name and content
 *   are over what a message carries
 */
export function encodeFile({ name, content }: FileMessage): Uint8Array {
  const base = baseNameOf(name)
  if (base === undefined) {
    throw new MeshError(
      'ERR_USAGE',
      `${JSON.stringify(name)} is no name for a file: expected 1 to ${MAX_NAME_BYTES} bytes without control characters`,
    )
  }
  const most = mostContentBytes(base)
  if (content.length > most) {
    const shown = JSON.stringify(base)
    throw new MeshError(
      'ERR_PAYLOAD_TOO_LARGE',
      `file ${shown} has ${content.length} bytes: a message carries at most ${most} with this name`,
    )
  }
  return encodeCbor([base, content])
}

/** The file in a body, or undefined where there is none that may be kept. The content is a copy. */
export function decodeFile(body: Uint8Array): FileMessage | undefined {
  const value = decodeCbor(body, { bytes: MAX_BODY_BYTES, depth: 1, items: 3 })
  if (!Array.isArray(value) || value.length !== 2) return undefined
  const [name, content] = value
  if (typeof name !== 'string' || !(content instanceof Uint8Array)) return undefined
  const base = baseNameOf(name)
  return base === undefined ? undefined : { name: base, content }
}

/** The last component of a path of any system, or undefined where that is no name for a file. */
function baseNameOf(path: string): string | undefined {
  const base = path.split(/[/\\]/).at(-1) ?? ''
  const bytes = Buffer.byteLength(base)
  const good = bytes > 0 && bytes <= MAX_NAME_BYTES && base !== '.' && base !== '..'
  return good && !FORBIDDEN.test(base) ? base : undefined
}

/** What a body leaves beside the heads of the array, the name and a content so long that the limit matters. */
function mostContentBytes(name: string): number {
  const bytes = Buffer.byteLength(name)
  return MAX_BODY_BYTES - 1 - (bytes < 24 ? 1 : 2) - bytes - 3
}
