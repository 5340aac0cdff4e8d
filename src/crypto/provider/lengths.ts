/** Length checks that both providers share, so that they refuse the same calls in the same words. */
import { MeshError } from '../../runtime/errors.ts'

/** @throws MeshError ERR_USAGE unless `bytes` has `expected` bytes. The message never shows the bytes. */
export function requireLength(what: string, bytes: Uint8Array, expected: number): void {
  if (bytes.length === expected) return
  throw new MeshError('ERR_USAGE', `${what} has ${expected} bytes, not ${bytes.length}`)
}

/** 255 blocks of SHA-256: the most that HKDF can give. RFC 5869, section 2.3. */
const HKDF_MAX_BYTES = 255 * 32

/** @throws MeshError ERR_USAGE unless HKDF can give `length` bytes. */
export function requireHkdfLength(length: number): void {
  if (Number.isInteger(length) && length > 0 && length <= HKDF_MAX_BYTES) return
  throw new MeshError('ERR_USAGE', `HKDF-SHA256 gives 1 to ${HKDF_MAX_BYTES} bytes, not ${length}`)
}
