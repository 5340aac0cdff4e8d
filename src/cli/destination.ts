import { MeshError } from '../runtime/errors.ts'

/**
 * Checks that a destination can be one before a node is asked: 32 hexadecimal digits, or the first 6 or more.
 *
 * @throws MeshError ERR_ADDRESS_INVALID
 */
export function requireAddress(text: string): string {
  if (/^[0-9a-f]{6,32}$/i.test(text)) return text.toLowerCase()
  const shown = text.length > 48 ? `${text.slice(0, 48)}…` : text
  throw new MeshError(
    'ERR_ADDRESS_INVALID',
    `'${shown}' is no address: expected 32 hexadecimal digits, or the first 6 or more`,
  )
}
