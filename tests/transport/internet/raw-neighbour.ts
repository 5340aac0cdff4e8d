/** A neighbour that speaks libp2p but whose end of the link protocol a test plays itself. */
import assert from 'node:assert/strict'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import type { Identity } from '../../../src/identity/identity.ts'
import { FrameDecoder } from '../../../src/transport/internet/frame-decoder.ts'
import { FrameExchange } from '../../../src/transport/internet/frame-exchange.ts'
import { LINK_PROTOCOL } from '../../../src/transport/internet/limits.ts'
import {
  decodeLinkFrame,
  encodeReady,
  encodeTerms,
  FEATURES,
  type LinkFrame,
  type LinkTerms,
} from '../../../src/transport/internet/link-frames.ts'
import { createNode } from '../../../src/transport/internet/node.ts'
import type { CarrierTransport } from '../../../src/transport/internet/shared-node.ts'
import { MAX_FRAME_BYTES } from '../../../src/wire/frame.ts'
import { ANY_PORT, componentsOf } from './tcp-bench.ts'

export const RAW_TERMS: LinkTerms = {
  version: 1,
  maxFrameBytes: MAX_FRAME_BYTES,
  agent: 'raw',
  features: FEATURES.acknowledges,
}

/** One stream of the link protocol. */
export class RawLink {
  readonly connection: Connection
  readonly stream: Stream
  readonly #exchange: FrameExchange
  readonly #signal: AbortSignal

  constructor(connection: Connection, stream: Stream, signal: AbortSignal) {
    this.connection = connection
    this.stream = stream
    this.#exchange = new FrameExchange(stream, new FrameDecoder(MAX_FRAME_BYTES))
    this.#signal = signal
    stream.addEventListener('remoteCloseWrite', () => void stream.close().catch(() => undefined))
  }

  send(frame: Uint8Array): void {
    this.#exchange.send(frame)
  }

  /** The next frame, of any kind. */
  receive(): Promise<Uint8Array> {
    return this.#exchange.receive(this.#signal)
  }

  async receiveLinkFrame(): Promise<LinkFrame | undefined> {
    return decodeLinkFrame(await this.receive())
  }

  /** Asks for the link. @returns the answer; READY has been sent when that is 'accept'. */
  async hello(terms: Partial<LinkTerms> = {}): Promise<LinkFrame | undefined> {
    this.send(encodeTerms('hello', { ...RAW_TERMS, ...terms }))
    const answer = await this.receiveLinkFrame()
    if (answer?.type === 'accept') this.send(encodeReady())
    return answer
  }

  /** Grants the link to whoever has opened this stream. */
  async grant(): Promise<void> {
    assert.equal((await this.receiveLinkFrame())?.type, 'hello')
    this.send(encodeTerms('accept', RAW_TERMS))
    assert.equal((await this.receiveLinkFrame())?.type, 'ready')
  }

  /** Resolves when the other end has ended the connection. */
  async closed(): Promise<void> {
    if (this.connection.status !== 'open') return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.connection.addEventListener('close', () => resolve())
    await promise
  }
}

export interface RawCarrier {
  readonly transport?: CarrierTransport
  readonly listen?: string
}

export class RawNeighbour {
  readonly node: Libp2p
  readonly #signal: AbortSignal
  readonly #incoming: RawLink[] = []
  #wake: (() => void) | undefined

  private constructor(node: Libp2p, signal: AbortSignal) {
    this.node = node
    this.#signal = signal
  }

  static async start(
    identity: Identity,
    signal: AbortSignal,
    { transport = tcp(), listen = ANY_PORT }: RawCarrier = {},
  ): Promise<RawNeighbour> {
    const node = await createNode(componentsOf(identity), {
      transports: [transport],
      listen: [multiaddr(listen)],
      maxLinks: 10,
      accepts: () => true,
    })
    const neighbour = new RawNeighbour(node, signal)
    await node.handle(LINK_PROTOCOL, (stream, connection) => {
      neighbour.#incoming.push(new RawLink(connection, stream, signal))
      neighbour.#wake?.()
    })
    await node.start()
    return neighbour
  }

  get address(): string {
    return String(this.node.getMultiaddrs()[0])
  }

  async dial(address: string): Promise<RawLink> {
    const connection = await this.node.dial(multiaddr(address), { force: true, signal: this.#signal })
    return new RawLink(connection, await connection.newStream(LINK_PROTOCOL), this.#signal)
  }

  /** The next stream that somebody opens to this neighbour. */
  async accept(): Promise<RawLink> {
    for (;;) {
      const link = this.#incoming.shift()
      if (link !== undefined) return link
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
    }
  }

  async stop(): Promise<void> {
    await this.node.stop()
  }
}
