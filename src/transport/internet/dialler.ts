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
import { Backoff, EAGER_DELAY_MS, FIRST_DELAY_MS } from './backoff.ts'
import { failureReason, linkFailure } from './failure.ts'
import {
  DIAL_TIMEOUT_MS,
  FOUND_PEER_REST_MS,
  FOUND_PEER_TRIES,
  LONG_CALL_EVERY,
  MAX_FOUND_PEERS,
  SHORT_CALL_MS,
  SHORT_CALL_TRIPS,
  STABLE_LINK_MS,
} from './limits.ts'
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
  /** Tries left; a configured peer has any number of them. */
  triesLeft: number
  readonly backoff: Backoff
  state: DialTarget['state']
  lastError: string | undefined
  /** Who answered there last. */
  neighbour: Address | undefined
  link: StreamLink | undefined
  timer: Timer | undefined
  calls: number
  /** What a call may take that is one of many, ms. */
  shortCallMs: number
  calledAt: number
  /** Gives up the call that is under way. */
  call: AbortController | undefined
}

export class Dialler {
  readonly #options: DiallerOptions
  readonly #targets: Target[]
  /** Found nodes that did not answer, by peer id, with the time until which they are left alone. */
  readonly #resting = new Map<string, number>()
  readonly #dials = new Set<Promise<void>>()
  readonly #stopped = new AbortController()

  constructor(options: DiallerOptions) {
    this.#options = options
    this.#targets = options.peers.map((peer) => this.#target(peer, Number.POSITIVE_INFINITY))
  }

  /** The configured peers. */
  get targets(): DialTarget[] {
    return this.#targets.filter(isConfigured).map(({ peer, state, lastError }) => ({
      address: peer.text,
      state,
      ...(lastError !== undefined && { lastError }),
    }))
  }

  start(): void {
    for (const target of this.#targets) this.#try(target)
  }

  /**
   * Calls a node that was found, and stays connected to it until it fails {@link FOUND_PEER_TRIES} times in a
   * row. At most {@link MAX_FOUND_PEERS} at once; more are ignored, and found again later.
   */
  offer(peer: PeerAddress): void {
    const { clock, linkTo } = this.#options
    const { neighbour, peerId } = peer
    if (neighbour === undefined || peerId === undefined) return
    if (this.#stopped.signal.aborted || linkTo(neighbour) !== undefined) return
    if ((this.#resting.get(peerId) ?? Number.NEGATIVE_INFINITY) > clock.monotonic()) return
    const isKnown = this.#targets.some((target) => target.neighbour?.equals(neighbour))
    if (isKnown || this.#targets.filter((target) => !isConfigured(target)).length >= MAX_FOUND_PEERS) return
    const target = this.#target(peer, FOUND_PEER_TRIES)
    this.#targets.push(target)
    this.#try(target)
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
    for (const target of [...this.#targets]) {
      if (target.link !== link) continue
      target.link = undefined
      const wasStable = this.#options.clock.monotonic() - link.upSince >= STABLE_LINK_MS
      if (wasStable) target.backoff.reset()
      if (wasStable && !isConfigured(target)) target.triesLeft = FOUND_PEER_TRIES
      // A call from when the link was in doubt goes on.
      if (target.call !== undefined) target.state = 'connecting'
      else if (wasStable || this.#mayTryAgain(target)) this.#wait(target)
    }
  }

  /** Calls the neighbour of a link that may be dead, unless it does so already, and no more than once a second. */
  doubt(link: StreamLink): void {
    const latest = this.#options.clock.monotonic() - EAGER_DELAY_MS
    for (const target of this.#targets) {
      if (target.link !== link || target.call !== undefined || target.calledAt > latest) continue
      this.#call(target, target.shortCallMs)
    }
  }

  /** The link lives: a relay that was busy for a while shall not be so again with the calls of all its neighbours. */
  relief(link: StreamLink): void {
    for (const target of this.#targets) {
      if (target.link === link) target.call?.abort(linkFailure('heard_again', 'the neighbour has been heard'))
    }
  }

  /** What failed on the network before may go well on this one: all waits begin anew. */
  networkChanged(): void {
    for (const target of this.#targets) {
      target.backoff.reset()
      if (target.state === 'waiting') this.#wait(target)
      target.call?.abort(linkFailure('network_changed', 'this machine has moved to another network'))
    }
  }

  #target(peer: PeerAddress, triesLeft: number): Target {
    return {
      peer,
      triesLeft,
      backoff: new Backoff(this.#options.random.fork(peer.text)),
      state: 'waiting',
      lastError: undefined,
      neighbour: peer.neighbour,
      link: undefined,
      timer: undefined,
      calls: 0,
      shortCallMs: SHORT_CALL_MS,
      calledAt: Number.NEGATIVE_INFINITY,
      call: undefined,
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
    const isLong = !target.backoff.isEager || target.calls % LONG_CALL_EVERY === 0
    target.calls += 1
    this.#call(target, isLong ? DIAL_TIMEOUT_MS : target.shortCallMs)
  }

  #call(target: Target, timeoutMs: number): void {
    if (this.#stopped.signal.aborted) return
    const call = new AbortController()
    target.call = call
    target.calledAt = this.#options.clock.monotonic()
    const dial = this.#dial(target, call, timeoutMs).finally(() => this.#dials.delete(dial))
    this.#dials.add(dial)
  }

  async #dial(target: Target, call: AbortController, timeoutMs: number): Promise<void> {
    const { dial, clock } = this.#options
    const timeout = linkFailure('dial_timeout', `no answer within ${timeoutMs / 1000} s`)
    const timer = clock.setTimer(timeoutMs, () => call.abort(timeout))
    try {
      const link = await dial(target.peer, AbortSignal.any([this.#stopped.signal, call.signal]))
      target.call = undefined
      target.neighbour = link.neighbour
      if (!link.isClosed) this.#connected(target, link)
      else if (target.link === undefined) this.#wait(target)
    } catch (error) {
      target.call = undefined
      this.#failed(target, error)
    } finally {
      timer.cancel()
    }
  }

  #connected(target: Target, link: StreamLink): void {
    target.timer?.cancel()
    target.timer = undefined
    target.link = link
    // How far away it is, is known by now: the first call after this one need not be long.
    target.calls = 1
    target.shortCallMs = Math.min(DIAL_TIMEOUT_MS, Math.max(SHORT_CALL_MS, SHORT_CALL_TRIPS * link.latencyMs))
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
    if (!this.#mayTryAgain(target)) return
    if (reason === 'self') {
      target.state = 'refused'
      logger.warn(fields, 'a configured peer is this node itself: not tried again')
      return
    }
    logger.debug(fields, 'dial failed')
    this.#wait(target, !reason.startsWith('refused_'))
  }

  /** Counts one failure. A found node that has had its tries is left alone from here on. */
  #mayTryAgain(target: Target): boolean {
    target.triesLeft -= 1
    if (target.triesLeft > 0) return true
    this.#targets.splice(this.#targets.indexOf(target), 1)
    const oldest = this.#resting.size < MAX_FOUND_PEERS ? undefined : this.#resting.keys().next().value
    if (oldest !== undefined) this.#resting.delete(oldest)
    this.#resting.set(target.peer.peerId ?? '', this.#options.clock.monotonic() + FOUND_PEER_REST_MS)
    return false
  }

  #wait(target: Target, isAbsent = false): void {
    if (this.#stopped.signal.aborted) return
    const { clock } = this.#options
    // Whoever has waited for an answer in vain has waited already.
    const waitedMs = isAbsent ? clock.monotonic() - target.calledAt : 0
    const delayMs = Math.max(FIRST_DELAY_MS / 2, target.backoff.next(isAbsent) - waitedMs)
    target.state = 'waiting'
    target.timer?.cancel()
    target.timer = clock.setTimer(delayMs, () => this.#try(target))
  }
}

function isConfigured({ triesLeft }: Target): boolean {
  return triesLeft === Number.POSITIVE_INFINITY
}
