/**
 * yamux with a bound it lacks: it buffers a frame whole before it looks at the window, so a header that
 * announces 4 GiB would let a stranger fill the memory.
 */
import { yamux } from '@chainsafe/libp2p-yamux'
import type { MessageStream, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'
import { MAX_STREAMS, READ_BUFFER_BYTES, STREAM_WINDOW_BYTES } from './limits.ts'

/** No honest neighbour has more under way in one frame than the window and a header. */
const MAX_BUFFERED_BYTES = STREAM_WINDOW_BYTES + 64 * 1024

/** The part of yamux' insides that is looked at; a test fails should it ever be called otherwise. */
interface Buffering {
  readonly decoder: { readonly buffer: { readonly byteLength: number } }
}

export function boundedYamux(): () => StreamMuxerFactory {
  const create = yamux({
    maxInboundStreams: MAX_STREAMS,
    maxOutboundStreams: MAX_STREAMS,
    streamOptions: { maxStreamWindowSize: STREAM_WINDOW_BYTES, maxReadBufferLength: READ_BUFFER_BYTES },
  })
  return () => {
    const factory = create()
    return {
      protocol: factory.protocol,
      createStreamMuxer(connection: MessageStream): StreamMuxer {
        const muxer = factory.createStreamMuxer(connection)
        const { decoder } = muxer as unknown as Buffering
        // Added after yamux' own listener, so it sees what yamux could not take out of its buffer.
        connection.addEventListener('message', () => {
          if (decoder.buffer.byteLength <= MAX_BUFFERED_BYTES) return
          connection.abort(new Error(`a yamux frame of more than ${MAX_BUFFERED_BYTES} bytes`))
        })
        return muxer
      },
    }
  }
}
