/**
 * The way of a frame through a node, one straight line: link, limits, cheap refusals, signature, routing;
 * then it is forwarded here, or handed to whoever delivers or stores. A forwarded envelope leaves as the
 * very bytes that came in, with its hop counted in place.
 */
import type { CryptoProvider } from '../crypto/provider/provider.ts'
import { Address } from '../identity/address.ts'
import { LinkLimits, type LinkLimitsConfig } from '../limits/link-limits.ts'
import { isGarbage, type Refusal } from '../routing/refusal.ts'
import type { MeshRouter, Verdict } from '../routing/router.ts'
import type { SuccessionNews } from '../routing/succession-table.ts'
import type { Clock, Timer } from '../runtime/clock.ts'
import type { Link, LinkHost } from '../transport/transport.ts'
import { AnnounceView } from '../wire/announce.ts'
import {
  DESTINATION_AT,
  EnvelopeView,
  hopsIn,
  priorityIn,
  signatureIn,
  signedPartOf,
} from '../wire/envelope.ts'
import { CONTROL, FrameKind, kindOf } from '../wire/frame.ts'
import { SuccessionView } from '../wire/succession.ts'
import type { BackPressure } from './back-pressure.ts'
import type { NodeCounters } from './counters.ts'
import type { Parking } from './parking.ts'

/** Why an envelope cannot go on. */
export type Stop = 'no_path' | 'congested' | 'too_large'

/** What happens to frames that end or rest here. The frame's memory is the link's: copy what is kept. */
export interface DataPathSink {
  /** An envelope for this node. */
  deliver(frame: Uint8Array): void
  /** An envelope for somebody else that cannot go on now. */
  hold(frame: Uint8Array, why: Stop): void
  /** A report for somebody else is passing through. */
  reportPasses(frame: Uint8Array): void
  /** A trace for somebody else ends here. */
  answerTrace(frame: Uint8Array): void
  /** There is a path to this destination, new or renewed. */
  pathFound(destination: Address, isNew: boolean): void
  /** Nobody who could be asked has a path to this destination. */
  pathNotFound(destination: Address): void
  /** A succession was judged. */
  succession(news: SuccessionNews): void
  /** An envelope waits for the announce of its source. */
  parked(): void
  linkUp(link: Link): void
  linkDown(link: Link, reason: string, unsent: readonly Uint8Array[]): void
  /** The link has room again. */
  roomOn(link: Link): void
}

export interface DataPathOptions {
  readonly router: MeshRouter<Link>
  readonly crypto: CryptoProvider
  readonly clock: Clock
  readonly counters: NodeCounters
  readonly limits: LinkLimitsConfig
  readonly parking: Parking<Link>
  readonly backPressure: BackPressure
  readonly sink: DataPathSink
}

/** What {@link DataPath.process} did with a frame. */
export type Processed = Verdict<Link> | { readonly action: 'park' }

const PARKED = { action: 'park' } as const

export class DataPath implements LinkHost {
  readonly #options: DataPathOptions
  readonly #router: MeshRouter<Link>
  readonly #counters: NodeCounters
  readonly #limits = new Map<Link, LinkLimits>()
  #timer: Timer | undefined
  #timerDue = Number.POSITIVE_INFINITY

  constructor(options: DataPathOptions) {
    this.#options = options
    this.#router = options.router
    this.#counters = options.counters
  }

  linkUp(link: Link): void {
    if (link.neighbour !== undefined && this.#router.blocklist.has(link.neighbour)) {
      this.#counters.drop('blocked')
      link.close('blocked')
      return
    }
    const now = this.#options.clock.monotonic()
    this.#limits.set(link, new LinkLimits(this.#options.limits, now))
    this.#router.linkUp(link, now)
    this.pollRouter()
    this.#options.sink.linkUp(link)
  }

  frame(link: Link, frame: Uint8Array): void {
    const limits = this.#limits.get(link)
    if (limits === undefined) return
    const now = this.#options.clock.monotonic()
    const kind = frame.length > 0 ? kindOf(frame) : undefined
    const isAnnounce = kind === FrameKind.announce || kind === FrameKind.succession
    const limited = limits.admitFrame(frame.length, isAnnounce, now)
    if (limited !== undefined) {
      this.#counters.limit(limited)
      return
    }
    const done = this.process(frame, link)
    if (done.action === 'refuse' && isGarbage(done.reason) && limits.garbage(now)) {
      this.#counters.limit('garbage')
      link.close('garbage')
    }
  }

  drained(link: Link): void {
    this.#options.backPressure.drained(link)
    this.#options.sink.roomOn(link)
  }

  linkDown(link: Link, reason: string, unsent: readonly Uint8Array[]): void {
    if (!this.#limits.delete(link)) return // it was refused
    this.#router.linkDown(link)
    this.#options.backPressure.forget(link)
    this.#options.sink.linkDown(link, reason, unsent)
  }

  /** All that follows the limits. The hop byte of `frame` may be changed. */
  process(frame: Uint8Array, from: Link): Processed {
    const now = this.#options.clock.monotonic()
    const wallMs = this.#options.clock.now()
    const refusal = this.#router.inspect(frame, wallMs)
    if (refusal !== undefined) {
      if (refusal === 'own') this.#router.echoed(from)
      return this.#refuse(refusal)
    }
    const kind = kindOf(frame)
    if (kind === FrameKind.succession) {
      if (!this.#verifySuccession(frame)) return this.#refuse('bad_signature')
    } else if (kind !== FrameKind.request) {
      const key = this.#router.keyFor(frame)
      if (key === undefined) {
        if (!this.#options.parking.park(frame, from, now)) return this.#refuse('unknown_source')
        this.#options.sink.parked()
        return PARKED
      }
      if (!this.#verify(frame, key)) return this.#refuse('bad_signature')
    }
    const verdict = this.#router.accept(frame, from, now, wallMs)
    this.#carryOut(verdict, frame, from)
    return verdict
  }

  /**
   * Sends an envelope of this node's own, or one from its store, towards its destination. The link keeps
   * `frame`.
   */
  transmit(frame: Uint8Array): 'sent' | 'no_path' | 'congested' {
    const now = this.#options.clock.monotonic()
    const verdict = this.#router.forwarding.onward(frame, undefined, now)
    if (verdict.action === 'spread' && this.#spread(frame, verdict.links) > 0) return 'sent'
    if (verdict.action !== 'forward') {
      this.seek(Address.at(frame, DESTINATION_AT))
      return 'no_path'
    }
    return verdict.link.send(frame, priorityIn(frame)) ? 'sent' : 'congested'
  }

  /** Whether a link still has a copy of this envelope in hand. */
  isHeld(envelope: Uint8Array): boolean {
    for (const link of this.#limits.keys()) if (link.holds?.(envelope)) return true
    return false
  }

  /** Asks the mesh for a path. @returns `not_found` where there is nobody to ask, or it was asked just now. */
  seek(destination: Address): 'asking' | 'not_found' {
    const outcome = this.#router.want(destination, this.#options.clock.monotonic())
    if (outcome === 'asking') this.#setTimer()
    return outcome
  }

  /** Sends what the router has to say by itself, and sets the timer for the next time. */
  pollRouter(): void {
    for (const { link, frame } of this.#router.poll(this.#options.clock.monotonic())) {
      if (!link.send(frame, CONTROL)) this.#counters.drop('congested')
    }
    for (const target of this.#router.requests.takeGivenUp()) this.#options.sink.pathNotFound(target)
    this.#setTimer()
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerDue = Number.NEGATIVE_INFINITY // earlier than anything: no timer is set again
  }

  #refuse(reason: Refusal): Processed {
    this.#counters.drop(reason)
    if (reason === 'duplicate') this.#counters.replays += 1
    return { action: 'refuse', reason }
  }

  #verify(frame: Uint8Array, key: Uint8Array): boolean {
    this.#counters.verifications += 1
    const { crypto } = this.#options
    if (kindOf(frame) === FrameKind.announce) {
      const announce = new AnnounceView(frame)
      return crypto.ed25519Verify(announce.signature, announce.signedPart, key)
    }
    return crypto.ed25519Verify(signatureIn(frame), signedPartOf(frame), key)
  }

  #verifySuccession(frame: Uint8Array): boolean {
    const { crypto } = this.#options
    return new SuccessionView(frame).isSigned((signature, signed, key) => {
      this.#counters.verifications += 1
      return crypto.ed25519Verify(signature, signed, key)
    })
  }

  #carryOut(verdict: Verdict<Link>, frame: Uint8Array, from: Link): void {
    const onItsWay = verdict.action === 'forward' || verdict.action === 'hold'
    if (onItsWay && kindOf(frame) === FrameKind.trace && endsHere(frame)) {
      this.#options.sink.answerTrace(frame)
      return
    }
    switch (verdict.action) {
      case 'forward':
        this.#forward(frame, from, verdict.link)
        break
      case 'spread':
        this.#counters.forwarded += this.#spread(frame, verdict.links)
        break
      case 'deliver':
        this.#options.sink.deliver(frame)
        break
      case 'hold':
        this.#hold(frame, 'no_path')
        break
      case 'learned':
        this.#setTimer()
        this.#options.sink.pathFound(verdict.origin, verdict.isNew)
        for (const parked of this.#options.parking.take(verdict.origin))
          this.process(parked.frame, parked.from)
        break
      case 'moved':
        this.#setTimer()
        this.#options.sink.succession(verdict.news)
        if (verdict.news.refusal !== undefined) this.#refuse(verdict.news.refusal)
        break
      case 'asked':
        this.#setTimer()
        break
      case 'refuse':
        this.#refuse(verdict.reason)
        break
    }
  }

  #forward(frame: Uint8Array, from: Link, link: Link): void {
    if (frame.length > link.profile.mtu) {
      this.#hold(frame, 'too_large')
      return
    }
    if (kindOf(frame) === FrameKind.report) this.#options.sink.reportPasses(frame)
    if (!link.send(frame, priorityIn(frame))) {
      this.#options.backPressure.hold(from, link)
      this.#hold(frame, 'congested')
      return
    }
    this.#counters.forwarded += 1
    if (link.congested) this.#options.backPressure.hold(from, link)
  }

  /** @returns how many links have taken a copy. */
  #spread(frame: Uint8Array, links: readonly Link[]): number {
    return links.filter((link) => link.send(Uint8Array.from(frame), priorityIn(frame))).length
  }

  #hold(frame: Uint8Array, why: Stop): void {
    if (why === 'no_path') this.seek(Address.at(frame, DESTINATION_AT))
    if (kindOf(frame) === FrameKind.trace) this.#counters.drop(why)
    else this.#options.sink.hold(frame, why)
  }

  #setTimer(): void {
    const due = this.#router.nextDue
    if (due >= this.#timerDue) return
    this.#timer?.cancel()
    this.#timerDue = due
    this.#timer = this.#options.clock.setTimer(due - this.#options.clock.monotonic(), () => {
      this.#timerDue = Number.POSITIVE_INFINITY
      this.pollRouter()
    })
  }
}

/** Whether a trace has come as far as it was to go. */
function endsHere(trace: Uint8Array): boolean {
  return hopsIn(trace) === new EnvelopeView(trace).body[0]
}
