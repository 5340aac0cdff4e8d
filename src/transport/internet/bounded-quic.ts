/**
 * libp2p's QUIC with a bound it lacks: a stream that is paused goes on reading, until its buffer is full and
 * the stream is reset. Here a paused stream asks its native part for no more, so that QUIC's own flow control
 * holds the neighbour back. It also reads in larger pieces than the 4 KiB that libp2p asks for.
 */
import type { QuicOptions } from '@chainsafe/libp2p-quic'
import type {
  MultiaddrConnection,
  Stream,
  StreamMuxer,
  StreamMuxerFactory,
  Upgrader,
  UpgraderOptions,
} from '@libp2p/interface'
import type { Libp2pOptions } from 'libp2p'
import {
  MAX_STREAMS,
  QUIC_HANDSHAKE_MS,
  QUIC_IDLE_MS,
  QUIC_KEEP_ALIVE_MS,
  QUIC_READ_BYTES,
  STREAM_WINDOW_BYTES,
} from './limits.ts'

type TransportFactory = NonNullable<Libp2pOptions['transports']>[number]

/** Native code that may be missing on a machine. @throws what the import throws */
export type QuicLoader = () => Promise<Pick<typeof import('@chainsafe/libp2p-quic'), 'quic'>>

export const loadQuic: QuicLoader = () => import('@chainsafe/libp2p-quic')

const OPTIONS: Partial<QuicOptions> = {
  handshakeTimeout: QUIC_HANDSHAKE_MS,
  maxIdleTimeout: QUIC_IDLE_MS,
  keepAliveInterval: QUIC_KEEP_ALIVE_MS,
  maxConcurrentStreamLimit: MAX_STREAMS,
  maxStreamData: STREAM_WINDOW_BYTES,
  maxConnectionData: 2 * STREAM_WINDOW_BYTES,
}

export async function boundedQuic(load: QuicLoader): Promise<TransportFactory> {
  const { quic } = await load()
  const create = quic(OPTIONS)
  return (components) => {
    const transport = create(components)
    const dial = transport.dial.bind(transport)
    const createListener = transport.createListener.bind(transport)
    transport.dial = (address, options) => dial(address, { ...options, upgrader: paced(options.upgrader) })
    transport.createListener = (options) => createListener({ ...options, upgrader: paced(options.upgrader) })
    return transport
  }
}

/** The parts of the library's insides that are used; a test fails should they ever be called otherwise. */
interface NativeStream {
  id(): string
  read(bytes: number): Promise<Uint8Array | null>
}

interface NativeConnection {
  inboundStream(): Promise<NativeStream>
  outboundStream(): Promise<NativeStream>
}

type MuxerFactory = StreamMuxerFactory & { readonly init: { readonly connection: NativeConnection } }
type Pausable = Stream & { sendPause: () => void; sendResume: () => void }

function paced(upgrader: Upgrader): Upgrader {
  const withPace = <T extends { muxerFactory?: StreamMuxerFactory | undefined }>(options: T): T =>
    options.muxerFactory === undefined
      ? options
      : { ...options, muxerFactory: new PacedMuxerFactory(options.muxerFactory as MuxerFactory) }
  const upgradeInbound: Upgrader['upgradeInbound'] = (
    connection: MultiaddrConnection,
    options: UpgraderOptions,
  ) => upgrader.upgradeInbound(connection, withPace(options))
  const upgradeOutbound: Upgrader['upgradeOutbound'] = (
    connection: MultiaddrConnection,
    options: UpgraderOptions,
  ) => upgrader.upgradeOutbound(connection, withPace(options))
  return Object.create(upgrader, {
    upgradeInbound: { value: upgradeInbound },
    upgradeOutbound: { value: upgradeOutbound },
  })
}

class PacedMuxerFactory implements StreamMuxerFactory {
  readonly protocol: string
  readonly #factory: MuxerFactory
  readonly #gates = new Map<string, Gate>()

  constructor(factory: MuxerFactory) {
    this.protocol = factory.protocol
    this.#factory = factory
    const { connection } = factory.init
    const inbound = connection.inboundStream.bind(connection)
    const outbound = connection.outboundStream.bind(connection)
    connection.inboundStream = async () => this.#gated(await inbound())
    connection.outboundStream = async () => this.#gated(await outbound())
  }

  createStreamMuxer(connection: MultiaddrConnection): StreamMuxer {
    const muxer = this.#factory.createStreamMuxer(connection)
    const createStream = muxer.createStream.bind(muxer)
    muxer.createStream = async (options) => {
      const stream = await createStream(options)
      this.#join(stream)
      return stream
    }
    muxer.addEventListener('stream', ({ detail }) => this.#join(detail))
    return muxer
  }

  #gated(stream: NativeStream): NativeStream {
    const gate = new Gate()
    const read = stream.read.bind(stream)
    stream.read = async () => {
      await gate.opened
      return await read(QUIC_READ_BYTES)
    }
    this.#gates.set(stream.id(), gate)
    return stream
  }

  #join(stream: Stream): void {
    const gate = this.#gates.get(stream.id)
    if (gate === undefined) return
    const pausable = stream as Pausable
    pausable.sendPause = () => gate.close()
    pausable.sendResume = () => gate.open()
    stream.addEventListener('close', () => {
      this.#gates.delete(stream.id)
      gate.open()
    })
  }
}

/** Holds the next read back while it is closed. */
class Gate {
  #wait: PromiseWithResolvers<void> | undefined

  get opened(): Promise<void> | undefined {
    return this.#wait?.promise
  }

  close(): void {
    this.#wait ??= Promise.withResolvers()
  }

  open(): void {
    this.#wait?.resolve()
    this.#wait = undefined
  }
}
