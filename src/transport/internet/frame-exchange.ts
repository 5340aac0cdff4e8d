/** One frame at a time over a stream, for the handshake; the link that follows takes over what is left. */
import type { Stream, StreamMessageEvent } from '@libp2p/interface'
import { linkFailure } from './failure.ts'
import { type FrameDecoder, LENGTH_BYTES } from './frame-decoder.ts'

export class FrameExchange {
  readonly #stream: Stream
  readonly #decoder: FrameDecoder
  #wake: (() => void) | undefined
  #isOver = false

  constructor(stream: Stream, decoder: FrameDecoder) {
    this.#stream = stream
    this.#decoder = decoder
    stream.addEventListener('message', this.#onMessage)
    stream.addEventListener('remoteCloseWrite', this.#onEnd)
    stream.addEventListener('close', this.#onEnd)
  }

  send(frame: Uint8Array): void {
    this.#stream.send(withLength(frame))
  }

  /**
   * @throws MeshError of {@link linkFailure} when the stream ends or cannot be read, and the signal's reason
   *   when that comes first.
   */
  async receive(signal: AbortSignal): Promise<Uint8Array> {
    for (;;) {
      signal.throwIfAborted()
      const frame = this.#decoder.next()
      if (frame !== undefined) return frame
      const { fault } = this.#decoder
      if (fault !== undefined) throw linkFailure(fault, `a ${fault} frame length in the handshake`)
      if (this.#isOver) throw linkFailure('handshake_broken', 'the neighbour hung up in the handshake')
      await this.#change(signal)
    }
  }

  /** Stops reading. What has arrived behind the last frame stays in the decoder. */
  release(): void {
    this.#stream.removeEventListener('message', this.#onMessage)
    this.#stream.removeEventListener('remoteCloseWrite', this.#onEnd)
    this.#stream.removeEventListener('close', this.#onEnd)
  }

  readonly #onMessage = ({ data }: StreamMessageEvent): void => {
    feed(this.#decoder, data)
    this.#wake?.()
  }

  readonly #onEnd = (): void => {
    this.#isOver = true
    this.#wake?.()
  }

  async #change(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    signal.addEventListener('abort', this.#onAbort)
    await promise
    signal.removeEventListener('abort', this.#onAbort)
    this.#wake = undefined
  }

  readonly #onAbort = (): void => this.#wake?.()
}

/** Hands what a stream delivers, one chunk or a list of them, to the decoder. */
export function feed(decoder: FrameDecoder, data: StreamMessageEvent['data']): void {
  if (data instanceof Uint8Array) decoder.feed(data)
  else for (const chunk of data) decoder.feed(chunk)
}

function withLength(frame: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(LENGTH_BYTES + frame.length)
  bytes.writeUInt32BE(frame.length)
  bytes.set(frame, LENGTH_BYTES)
  return bytes
}
