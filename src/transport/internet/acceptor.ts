/** The neighbours that call: from an open connection to a link, within a deadline and a bound. */
import type { Connection, Stream } from '@libp2p/interface'
import type { Address } from '../../identity/address.ts'
import type { Clock } from '../../runtime/clock.ts'
import { MAX_FRAME_BYTES } from '../../wire/frame.ts'
import { networkOf } from '../network-of.ts'
import { countTransportError, type TransportCounters } from '../transport.ts'
import { failureReason, linkFailure } from './failure.ts'
import { FrameDecoder } from './frame-decoder.ts'
import { FrameExchange } from './frame-exchange.ts'
import { hostOf } from './gate.ts'
import { acceptHandshake, type HandshakeResult } from './handshake.ts'
import { cutOff, hangUp } from './hang-up.ts'
import { HANDSHAKE_TIMEOUT_MS } from './limits.ts'
import type { Refusal } from './link-frames.ts'
import type { Neighbours } from './neighbours.ts'
import { addressOf } from './node.ts'

/** A handshake that both ends have agreed on: all a link is made of. */
export interface Established {
  readonly connection: Connection
  readonly stream: Stream
  readonly decoder: FrameDecoder
  readonly neighbour: Address
  readonly handshake: HandshakeResult
}

export interface AcceptorOptions {
  readonly neighbours: Neighbours
  /** Whether a neighbour that asks for a link is refused. */
  readonly refusalFor: (neighbour: Address, remote: string, session: number) => Refusal | undefined
  /** This end's, for the handshake. */
  readonly session: number
  /** Connections that may be on their way to a link at once. */
  readonly mostAtOnce: () => number
  readonly clock: Clock
  readonly counters: TransportCounters
  /** Takes over the connection. */
  readonly onEstablished: (established: Established) => void
}

type GivenUp = 'handshake_timeout' | 'handshakes_full'

const GIVEN_UP: ReadonlySet<string> = new Set<GivenUp>(['handshake_timeout', 'handshakes_full'])

export class Acceptor {
  readonly #options: AcceptorOptions
  /** Inbound connections that are no link yet, the oldest first, with what ends their wait. */
  readonly #pending = new Map<Connection, AbortController>()
  #isStopping = false

  constructor(options: AcceptorOptions) {
    this.#options = options
  }

  get isOpen(): boolean {
    return !this.#isStopping
  }

  /** Neighbours that ask from now on are told that the node is stopping. */
  close(): void {
    this.#isStopping = true
  }

  /** An inbound connection is open: from now on its time runs. */
  opened(connection: Connection): void {
    const { clock, mostAtOnce } = this.#options
    if (this.#pending.size >= mostAtOnce()) this.#makeRoom()
    const wait = new AbortController()
    this.#pending.set(connection, wait)
    const timer = clock.setTimer(HANDSHAKE_TIMEOUT_MS, () => {
      this.#giveUp(connection, 'handshake_timeout', 'the neighbour did not finish the handshake in time')
    })
    wait.signal.addEventListener('abort', () => {
      timer.cancel()
      this.#pending.delete(connection)
    })
    connection.addEventListener('close', () => wait.abort())
  }

  /**
   * Gives up the oldest of the network that has the most: whoever holds places without going on loses them to
   * those who do, and somebody from elsewhere is not in its way.
   */
  #makeRoom(): void {
    const byNetwork = Map.groupBy(this.#pending.keys(), ({ remoteAddr }) => networkOf(hostOf(remoteAddr)))
    let crowd: readonly Connection[] = []
    for (const connections of byNetwork.values()) if (connections.length > crowd.length) crowd = connections
    const [oldest] = crowd
    if (oldest !== undefined)
      this.#giveUp(oldest, 'handshakes_full', 'too many others are in their handshake')
  }

  #giveUp(connection: Connection, reason: GivenUp, text: string): void {
    const failure = linkFailure(reason, text)
    countTransportError(this.#options.counters, reason)
    this.#pending.get(connection)?.abort(failure)
    cutOff(connection, failure)
  }

  /** A neighbour has opened the link's stream. Never rejects. */
  async accept(stream: Stream, connection: Connection): Promise<void> {
    const wait = this.#pending.get(connection)
    if (wait === undefined) {
      // Whoever dialled the connection opens its one stream: a further one is no way to a second link.
      countTransportError(this.#options.counters, 'malformed')
      stream.abort(new Error('an unexpected link stream'))
      return
    }
    try {
      const neighbour = addressOf(connection.remotePeer)
      await this.#options.neighbours.during('accepting', neighbour, () =>
        this.#handshake(stream, connection, neighbour, wait),
      )
    } catch (error) {
      this.#failed(stream, connection, error)
    } finally {
      wait.abort()
    }
  }

  async #handshake(
    stream: Stream,
    connection: Connection,
    neighbour: Address,
    wait: AbortController,
  ): Promise<void> {
    const { refusalFor, session, clock, onEstablished } = this.#options
    const decoder = new FrameDecoder(MAX_FRAME_BYTES)
    const exchange = new FrameExchange(stream, decoder)
    const remote = connection.remoteAddr.toString()
    const decide = (theirs: number) => (this.#isStopping ? 'stopping' : refusalFor(neighbour, remote, theirs))
    try {
      const handshake = await acceptHandshake(exchange, clock, session, decide, wait.signal)
      onEstablished({ connection, stream, decoder, neighbour, handshake })
    } finally {
      exchange.release()
    }
  }

  #failed(stream: Stream, connection: Connection, error: unknown): void {
    const reason = failureReason(error) ?? 'handshake_broken'
    // What was given up was counted then.
    if (!GIVEN_UP.has(reason)) countTransportError(this.#options.counters, reason)
    // A refusal has to reach the neighbour; for all else there is nothing left to say.
    if (reason.startsWith('refused_')) void hangUp(connection, stream, this.#options.clock)
    else cutOff(connection, error)
  }
}
