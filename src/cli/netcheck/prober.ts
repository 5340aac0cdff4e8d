/**
 * Asks who answers at an address, in the link protocol, without becoming a neighbour: HELLO, and the end of
 * the connection behind the answer. It comes under a key of its own, made for the occasion, since a HELLO of
 * a running node's key would take the place of its link.
 */
import type { Connection, Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { Libp2pOptions } from 'libp2p'
import { defaultProvider } from '../../crypto/provider/select.ts'
import { Identity } from '../../identity/identity.ts'
import { systemClock, withinDeadline } from '../../runtime/clock.ts'
import { silentLogger } from '../../runtime/logger.ts'
import { systemRandom } from '../../runtime/random.ts'
import { FrameDecoder } from '../../transport/internet/frame-decoder.ts'
import { FrameExchange } from '../../transport/internet/frame-exchange.ts'
import { OWN_TERMS } from '../../transport/internet/handshake.ts'
import { cutOff } from '../../transport/internet/hang-up.ts'
import { LINK_PROTOCOL, NODE_STOP_MS } from '../../transport/internet/limits.ts'
import {
  decodeLinkFrame,
  encodeTerms,
  MAX_HANDSHAKE_FRAME_BYTES,
} from '../../transport/internet/link-frames.ts'
import { createNode } from '../../transport/internet/node.ts'

/** Calls that can be under way at once. */
export const MAX_CALLS = 16

export interface Answer {
  readonly peerId: string
  /** From the first packet to the answer. */
  readonly tookMs: number
  /** What the other end has made of the HELLO: its version and program, or the reason for its refusal. */
  readonly link:
    | { readonly version: number; readonly agent: string }
    | { readonly refusal: string }
    | undefined
}

export class Prober implements AsyncDisposable {
  readonly #node: Libp2p

  static async start(transports: NonNullable<Libp2pOptions['transports']>): Promise<Prober> {
    const components = {
      identity: Identity.generate(),
      crypto: defaultProvider(),
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
    }
    const node = await createNode(components, {
      transports,
      listen: [],
      maxLinks: MAX_CALLS,
      accepts: () => false,
    })
    await node.start()
    return new Prober(node)
  }

  private constructor(node: Libp2p) {
    this.#node = node
  }

  /** @param address a multiaddr without a peer id @throws what libp2p throws, or the signal's reason */
  async ask(address: string, signal: AbortSignal): Promise<Answer> {
    const start = systemClock.monotonic()
    const connection = await this.#node.dial(multiaddr(address), { signal, force: true })
    try {
      const link = await hello(connection, signal)
      return { peerId: connection.remotePeer.toString(), tookMs: systemClock.monotonic() - start, link }
    } finally {
      cutOff(connection, 'netcheck has its answer')
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // libp2p's stop() has no deadline.
    await withinDeadline(systemClock, NODE_STOP_MS, Promise.resolve(this.#node.stop()))
  }
}

async function hello(connection: Connection, signal: AbortSignal): Promise<Answer['link']> {
  const stream = await connection.newStream(LINK_PROTOCOL, { signal }).catch((error: unknown) => {
    if (error instanceof Error && error.name === 'UnsupportedProtocolError') return undefined
    throw error
  })
  if (stream === undefined) return undefined
  const exchange = new FrameExchange(stream, new FrameDecoder(MAX_HANDSHAKE_FRAME_BYTES))
  try {
    exchange.send(encodeTerms('hello', OWN_TERMS))
    const answer = decodeLinkFrame(await exchange.receive(signal))
    switch (answer?.type) {
      case 'accept':
        return { version: answer.terms.version, agent: answer.terms.agent }
      case 'refuse':
        return { refusal: answer.refusal ?? 'a reason that this version does not know' }
      default:
        return undefined
    }
  } finally {
    exchange.release()
  }
}
