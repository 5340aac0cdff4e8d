import { MeshError } from '../../../runtime/errors.ts'
import type { Modulation } from '../airtime.ts'
import { longestPacketWithin } from '../rnode-timing.ts'
import { MAX_PACKET_BYTES } from './packet.ts'

/** A signed message of a few words, with head and tag, has to fit. */
const MIN_PACKET_BYTES = 128

/**
 * The longest packet that the law lets be sent in one go, bytes.
 *
 * @param port of the radio, for people.
 * @param maxAirtimeUs the longest that one packet may be on the air.
 * @throws MeshError ERR_CONFIG where none of use fits.
 */
export function longestPacket(port: string, modulation: Modulation, maxAirtimeUs: number): number {
  const bytes = Math.min(MAX_PACKET_BYTES, longestPacketWithin(modulation, maxAirtimeUs))
  if (bytes >= MIN_PACKET_BYTES) return bytes
  const limit = `the ${maxAirtimeUs / 1000} ms that one may take here`
  throw new MeshError(
    'ERR_CONFIG',
    `radio ${port}: no packet of use fits into ${limit}: set a lower spreading factor or a wider channel`,
  )
}
