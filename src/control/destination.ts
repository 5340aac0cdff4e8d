/** Addresses as people type them: whole, or only as much of the beginning as tells them apart. */
import { Address } from '../identity/address.ts'
import type { MeshNode } from '../node/mesh-node.ts'
import { MeshError } from '../runtime/errors.ts'

const ADDRESS_DIGITS = 32
const MOST_LISTED = 5

/**
 * @param text 6 to 32 hexadecimal digits.
 * @throws MeshError ERR_ADDRESS_INVALID for a beginning of none or several of the addresses the node knows
 */
export function findDestination(node: MeshNode, text: string): Address {
  if (text.length === ADDRESS_DIGITS) return Address.parse(text)
  const { paths, pathCount } = node.status()
  if (pathCount > paths.length) {
    throw invalid(`'${text}' is short, and this node knows ${pathCount} destinations: give all 32 digits`)
  }
  const known = [node.address.toString(), ...paths.map(({ destination }) => destination)]
  const found = known.filter((address) => address.startsWith(text.toLowerCase()))
  const [first, ...others] = found
  if (first === undefined) {
    throw invalid(`'${text}' is neither an address of 32 hexadecimal digits nor the beginning of a known one`)
  }
  if (others.length > 0) {
    const more = found.length > MOST_LISTED ? ` and ${found.length - MOST_LISTED} more` : ''
    throw invalid(`'${text}' may be ${found.slice(0, MOST_LISTED).join(', ')}${more}: give more digits`)
  }
  return Address.parse(first)
}

function invalid(message: string): MeshError {
  return new MeshError('ERR_ADDRESS_INVALID', message)
}
