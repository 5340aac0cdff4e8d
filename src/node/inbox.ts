/**
 * Messages for this node: each goes to its service once, in order of arrival, and its receipt goes out when
 * the service is done with it. While nobody listens for plain messages they wait in the store. The store also
 * remembers what was delivered, so that a node that is started anew knows it.
 */
import type { Address } from '../identity/address.ts'
import type { Dedup } from '../routing/dedup.ts'
import type { Clock } from '../runtime/clock.ts'
import { messageOf } from '../runtime/errors.ts'
import type { Logger } from '../runtime/logger.ts'
import type { IncomingMessage } from '../services/service.ts'
import { EnvelopeView, encodeEnvelope } from '../wire/envelope.ts'
import { FrameKind } from '../wire/frame.ts'
import { type FailureReason, failureDetail, ReportType } from '../wire/report.ts'
import type { NodeCounters } from './counters.ts'
import type { Custody } from './custody.ts'

/** Messages in the hands of services at once; more wait in the store. */
const INBOX_CONCURRENCY = 1024

const NOTHING = new Uint8Array(0)

/** Takes a message for good. May throw: then the message has failed. */
export type Handler = (message: IncomingMessage) => Promise<void> | void

export interface InboxOptions {
  readonly address: Address
  readonly clock: Clock
  readonly logger: Logger
  readonly counters: NodeCounters
  readonly custody: Custody
  /** What has been delivered, by this run or an earlier one, whatever the attempt. */
  readonly delivered: Dedup
  /** The handler for a service number; `absent` while its listener is away, undefined where there is none. */
  readonly handlerFor: (service: number) => Handler | 'absent' | undefined
  readonly report: (about: EnvelopeView, type: ReportType, detail?: number) => void
}

export class Inbox {
  readonly #options: InboxOptions
  readonly #inHand = new Set<string>()
  /** Whether more waits in the store than there was room for. */
  #isBehind = false

  constructor(options: InboxOptions) {
    this.#options = options
  }

  get inHand(): number {
    return this.#inHand.size
  }

  /** @param frame a message envelope for this node, its signature checked. Its memory may be reused. */
  receive(frame: Uint8Array): void {
    const { delivered, counters, handlerFor } = this.#options
    if (delivered.has(frame)) {
      // The receipt was lost, so the message came again: say so again, deliver it once.
      counters.replays += 1
      this.#answer(new EnvelopeView(frame), ReportType.delivered)
      return
    }
    const view = new EnvelopeView(Uint8Array.from(frame))
    const handler = handlerFor(view.service)
    if (handler === undefined) this.#fail(view, 'no_service')
    else if (handler === 'absent' || this.#inHand.size >= INBOX_CONCURRENCY) this.#keep(view)
    else this.#hand(view, handler)
  }

  /** Takes up what earlier runs have delivered. To be called when the store is open, before anything arrives. */
  recall(): void {
    const { address: destination, clock, custody, delivered } = this.#options
    const rest = { priority: 0, receipt: false, destination, lifetime: 0, service: 0, body: NOTHING } as const
    for (const key of custody.deliveredBefore(clock.now())) {
      delivered.add(encodeEnvelope({ kind: FrameKind.message, ...key, ...rest }, undefined))
    }
  }

  /** Somebody listens now: what waited for it goes to it, a portion in a tick. */
  drain(): void {
    const { custody, address, handlerFor } = this.#options
    const room = INBOX_CONCURRENCY - this.#inHand.size
    const rows = custody.waitingFor(address, room)
    let handed = 0
    for (const { frame } of rows) {
      const view = new EnvelopeView(frame)
      const handler = handlerFor(view.service)
      if (typeof handler !== 'function') continue
      handed += 1
      this.#handStored(view, handler)
    }
    this.#isBehind = rows.length === room && (handed > 0 || room === 0)
    this.#catchUp()
  }

  #handStored(view: EnvelopeView, handler: Handler): void {
    const { custody, delivered } = this.#options
    if (!delivered.has(view.frame)) {
      this.#hand(view, handler)
      return
    }
    // A node that was killed had it delivered, and not yet out of its store.
    custody.discard(view)
    this.#answer(view, ReportType.delivered)
  }

  /** Goes on with what waits once half of what was in hand is done. */
  #catchUp(): void {
    if (!this.#isBehind || this.#inHand.size > INBOX_CONCURRENCY / 2) return
    this.#isBehind = false
    this.#options.clock.defer(() => this.drain())
  }

  #hand(view: EnvelopeView, handler: Handler): void {
    const { clock, custody, delivered, counters } = this.#options
    const name = `${view.source.toString()}${view.id}`
    if (this.#inHand.has(name)) return
    this.#inHand.add(name)
    const message: IncomingMessage = {
      id: view.id,
      from: view.source,
      payload: Uint8Array.from(view.body),
      service: view.service,
      hops: view.hops,
      createdAt: new Date(view.created * 1000),
      receivedAt: new Date(clock.now()),
    }
    const succeed = (): void => {
      this.#inHand.delete(name)
      delivered.add(view.frame)
      counters.delivered += 1
      custody.delivered(view, message.from)
      this.#catchUp()
      this.#answer(view, ReportType.delivered)
    }
    const fail = (error: unknown): void => {
      this.#options.logger.error(
        { id: view.id, service: view.service, error: messageOf(error) },
        'service failed',
      )
      this.#inHand.delete(name)
      custody.discard(view)
      this.#catchUp()
      this.#fail(view, 'service_failed')
    }
    try {
      const pending = handler(message)
      if (pending === undefined) succeed()
      else pending.then(succeed, fail)
    } catch (error) {
      fail(error)
    }
  }

  async #keep(view: EnvelopeView): Promise<void> {
    const outcome = await this.#options.custody.take(view.frame, this.#options.clock.now())
    if (outcome === 'stored' || outcome === 'duplicate') {
      if (outcome === 'stored') this.#options.counters.stored += 1
      this.#answer(view, ReportType.stored)
      // Its listener may have come while the disk was busy.
      if (typeof this.#options.handlerFor(view.service) === 'function') this.drain()
    } else this.#fail(view, 'store_full')
  }

  #fail(view: EnvelopeView, reason: FailureReason & ('no_service' | 'service_failed' | 'store_full')): void {
    this.#options.counters.drop(reason)
    this.#answer(view, ReportType.failed, failureDetail(reason))
  }

  #answer(view: EnvelopeView, type: ReportType, detail?: number): void {
    if (view.wantsReceipt) this.#options.report(view, type, detail)
  }
}
