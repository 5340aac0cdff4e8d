/** libp2p's name for the same Ed25519 key, so that a handshake over TCP or QUIC proves the mesh address. */
import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPublicKey } from '@libp2p/peer-id'

/** The peer id of a 32-byte Ed25519 public key, in base58: `12D3Koo…`. */
export function peerIdOf(publicKey: Uint8Array): string {
  return peerIdFromPublicKey(publicKeyFromRaw(publicKey)).toString()
}
