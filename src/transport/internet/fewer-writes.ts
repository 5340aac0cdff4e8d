/**
 * libp2p writes in more pieces than it has to. On TCP the two bytes of length in front of each Noise message go
 * to the kernel by themselves, and so mostly over the line; and yamux gives back window for each write that
 * comes in, which is a message of its own and lets the sender cut its writes to whatever window there is. Both
 * cost more than all that a link does.
 */
import type { Socket } from 'node:net'
import type { Connection, Stream } from '@libp2p/interface'

/** Up to this many bytes it is cheaper to put the pieces together than to hand the kernel a list. */
const COPIED_BYTES = 8192

/** Window is given back when this part of it has been used: the sender still has the rest. */
const WINDOW_PARTS = 4

/** The parts of the libraries' insides that are used; a test fails should they ever be called otherwise. */
interface TcpConnection {
  readonly socket: Socket
  sendData(data: Pieces): { sentBytes: number; canSendMore: boolean }
}

interface Pieces extends Iterable<Uint8Array> {
  readonly byteLength: number
  subarray(): Uint8Array
}

interface YamuxStream {
  readonly recvWindow: number
  readonly recvWindowCapacity: number
  sendWindowUpdate(): void
}

interface Muxed {
  readonly encryption?: string
  readonly multiplexer?: string
  readonly muxer?: { readonly maConn?: { readonly writeBufferLength: number } }
}

/** For the connection of a link, and its stream, once it is up. Does nothing to what is neither. */
export function writeLess(connection: Connection, stream: Stream): void {
  const { maConn } = connection as unknown as { readonly maConn?: Partial<TcpConnection> }
  if (maConn?.socket !== undefined) writeWhole(maConn as TcpConnection)
  const yamux = stream as unknown as Partial<YamuxStream>
  if (yamux.recvWindowCapacity !== undefined) updateSeldom(yamux as YamuxStream)
}

function writeWhole(connection: TcpConnection): void {
  const { socket } = connection
  connection.sendData = (data) => {
    if (data.byteLength <= COPIED_BYTES) {
      socket.write(data.subarray())
    } else {
      socket.cork()
      for (const piece of data) socket.write(piece)
      socket.uncork()
    }
    // While corked the socket counts what has left by now: its own answers would have us wait for nothing.
    return { sentBytes: data.byteLength, canSendMore: socket.writableLength < socket.writableHighWaterMark }
  }
}

function updateSeldom(stream: YamuxStream): void {
  const update = stream.sendWindowUpdate.bind(stream)
  stream.sendWindowUpdate = () => {
    const used = stream.recvWindow - stream.recvWindowCapacity
    if (used * WINDOW_PARTS >= stream.recvWindow) update()
  }
}

/**
 * Tells whether nobody needs any more what was written to a stream, so that its memory may be used again: Noise has
 * encrypted it, or QUIC has taken it over. Of other connections this cannot be told.
 */
export function holdsNothing(connection: Connection, stream: Stream): () => boolean {
  const { muxer, encryption, multiplexer } = connection as unknown as Muxed
  // QUIC has one write under way at a time, and wants none until it is done.
  if (multiplexer === 'quic') return () => stream.writeBufferLength === 0 && !stream.writableNeedsDrain
  const encrypted = muxer?.maConn
  if (encryption !== '/noise' || encrypted?.writeBufferLength === undefined) return () => false
  return () => stream.writeBufferLength === 0 && encrypted.writeBufferLength === 0
}
