/**
 * Keeps a node connected to its configured peers: the first try is immediate, every further one waits
 * longer, and a link that comes to be in another way, such as by the peer's own call, counts as well.
 */
import type { Address } from '../../identity/address.ts'
import type { Clock, Timer } from '../../runtime/clock.ts'
import { messageOf } from '../../runtime/errors.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Random } from '../../runtime/random.ts'
import { countTransportError, type DialTarget, type TransportCounters } from '../transport.ts'
import { Backoff } from './backoff.ts'
import { failureReason, linkFailure } from './failure.ts'
import { DIAL_TIMEOUT_MS, STABLE_LINK_MS } from './limits.ts'
import type { PeerAddress } from './multiaddrs.ts'
import type { StreamLink } from './stream-link.ts'

export interface DiallerOptions {
  readonly peers: readonly PeerAddress[]
  /** Makes a link, or returns the one there is. Its errors carry the reason of {@link linkFailure}. */
  readonly dial: (peer: PeerAddress, signal: AbortSignal) => Promise<StreamLink>
  readonly linkTo: (neighbour: Address) => StreamLink | undefined
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly counters: TransportCounters
}

interface Target {
  readonly peer: PeerAddress
  readonly backoff: Backoff
  state: DialTarget['state']
  lastError: string | undefined
  /** Who answered there last. */
  neighbour: Address | undefined
  link: StreamLink | undefined
  timer: Timer | undefined
}

export class Dialler {
  readonly #options: DiallerOptions
  readonly #targets: readonly Target[]
  readonly #dials = new Set<Promise<void>>()
  readonly #stopped = new AbortController()

  constructor(options: DiallerOptions) {
    this.#options = options
    this.#targets = options.peers.map((peer) => ({
      peer,
      backoff: new Backoff(options.random.fork(peer.text)),
      state: 'waiting',
      lastError: undefined,
      neighbour: undefined,
      link: undefined,
      timer: undefined,
    }))
  }

  get targets(): DialTarget[] {
    return this.#targets.map(({ peer, state, lastError }) => ({
      address: peer.text,
      state,
      ...(lastError !== undefined && { lastError }),
    }))
  }

  start(): void {
    for (const target of this.#targets) this.#try(target)
  }

  /** Gives up what is under way, and resolves when it has ended. */
  async stop(): Promise<void> {
    this.#stopped.abort(linkFailure('stopping', 'this node is stopping'))
    for (const { timer } of this.#targets) timer?.cancel()
    await Promise.all(this.#dials)
  }

  linkUp(link: StreamLink): void {
    for (const target of this.#targets) {
      if (target.neighbour?.equals(link.neighbour)) this.#connected(target, link)
    }
  }

  linkDown(link: StreamLink): void {
    for (const target of this.#targets) {
      if (target.link !== link) continue
      target.link = undefined
      if (this.#options.clock.monotonic() - link.upSince >= STABLE_LINK_MS) target.backoff.reset()
      this.#wait(target)
    }
  }

  #try(target: Target): void {
    if (this.#stopped.signal.aborted) return
    const present = target.neighbour && this.#options.linkTo(target.neighbour)
    if (present !== undefined) {
      this.#connected(target, present)
      return
    }
    target.state = 'connecting'
    const dial = this.#dial(target).finally(() => this.#dials.delete(dial))
    this.#dials.add(dial)
  }

  async #dial(target: Target): Promise<void> {
    const { dial, clock } = this.#options
    const late = new AbortController()
    const timeout = linkFailure('dial_timeout', `no answer within ${DIAL_TIMEOUT_MS / 1000} s`)
    const timer = clock.setTimer(DIAL_TIMEOUT_MS, () => late.abort(timeout))
    try {
      const link = await dial(target.peer, AbortSignal.any([this.#stopped.signal, late.signal]))
      target.neighbour = link.neighbour
      if (!link.isClosed) this.#connected(target, link)
      else if (target.link === undefined) this.#wait(target)
    } catch (error) {
      this.#failed(target, error)
    } finally {
      timer.cancel()
    }
  }

  #connected(target: Target, link: StreamLink): void {
    target.timer?.cancel()
    target.timer = undefined
    target.link = link
    target.state = 'connected'
    target.lastError = undefined
  }

  #failed(target: Target, error: unknown): void {
    if (this.#stopped.signal.aborted || target.state === 'connected') return
    const { logger, counters } = this.#options
    const reason = failureReason(error) ?? 'dial_failed'
    target.lastError = messageOf(error)
    countTransportError(counters, reason)
    const fields = { peer: target.peer.text, reason, error: target.lastError }
    if (reason === 'self') {
      target.state = 'refused'
      logger.warn(fields, 'a configured peer is this node itself: not tried again')
      return
    }
    logger.debug(fields, 'dial failed')
    this.#wait(target)
  }

  #wait(target: Target): void {
    if (this.#stopped.signal.aborted) return
    target.state = 'waiting'
    target.timer?.cancel()
    target.timer = this.#options.clock.setTimer(target.backoff.next(), () => this.#try(target))
  }
}
