/** A call to a neighbour: from a multiaddr to a handshake that both ends have agreed on. */
import type { Connection, Libp2p } from '@libp2p/interface'
import type { Clock } from '../../runtime/clock.ts'
import { MAX_FRAME_BYTES } from '../../wire/frame.ts'
import type { Established } from './acceptor.ts'
import { linkFailure } from './failure.ts'
import { FrameDecoder } from './frame-decoder.ts'
import { FrameExchange } from './frame-exchange.ts'
import { dialHandshake } from './handshake.ts'
import { LINK_PROTOCOL } from './limits.ts'
import type { PeerAddress } from './multiaddrs.ts'
import { addressOf } from './node.ts'
import type { Resolver } from './resolve.ts'

/**
 * Opens an authenticated connection.
 *
 * @throws MeshError whose reason is `self` or `wrong_peer`, the signal's reason, or libp2p's own error
 */
export async function openConnection(
  node: Libp2p,
  peer: PeerAddress,
  resolve: Resolver,
  signal: AbortSignal,
): Promise<Connection> {
  const own = node.peerId.toString()
  if (peer.peerId === own) throw selfDial(peer)
  let connection: Connection
  try {
    connection = await node.dial(await resolve(peer.dial, signal), { signal, force: true })
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof Error && error.name === 'InvalidPeerIdError') throw selfDial(peer)
    throw error
  }
  const found = connection.remotePeer.toString()
  if (peer.peerId === undefined || peer.peerId === found) return connection
  const wrong = linkFailure(
    'wrong_peer',
    `${peer.text} is peer ${found}, not ${peer.peerId}: correct the address or its /p2p/ part`,
  )
  connection.abort(wrong)
  throw wrong
}

/** @throws MeshError of {@link dialHandshake}, one whose reason is `no_protocol`, or libp2p's own error. */
export async function beginLink(
  connection: Connection,
  clock: Clock,
  session: number,
  signal: AbortSignal,
): Promise<Established> {
  const neighbour = addressOf(connection.remotePeer)
  const stream = await connection
    .newStream(LINK_PROTOCOL, { signal, runOnLimitedConnection: true })
    .catch((error: unknown) => {
      signal.throwIfAborted()
      if (!(error instanceof Error && error.name === 'UnsupportedProtocolError')) throw error
      throw linkFailure(
        'no_protocol',
        `a libp2p node that does not speak ${LINK_PROTOCOL} answers there`,
        error,
      )
    })
  const decoder = new FrameDecoder(MAX_FRAME_BYTES)
  const exchange = new FrameExchange(stream, decoder)
  try {
    const handshake = await dialHandshake(exchange, clock, session, signal)
    return { connection, stream, decoder, neighbour, handshake }
  } finally {
    exchange.release()
  }
}

function selfDial(peer: PeerAddress): Error {
  return linkFailure('self', `${peer.text} is this node itself: remove it from the peers`)
}
