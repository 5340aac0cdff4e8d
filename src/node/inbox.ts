/**
 * Messages for this node: each goes to its service once, in order of arrival, and its receipt goes out when
 * the service is done with it. While nobody listens for plain messages they wait in the store.
 */
import type { Address } from '../identity/address.ts'
import type { Dedup } from '../routing/dedup.ts'
import type { Clock } from '../runtime/clock.ts'
import { messageOf } from '../runtime/errors.ts'
import type { Logger } from '../runtime/logger.ts'
import type { IncomingMessage } from '../services/service.ts'
import { EnvelopeView } from '../wire/envelope.ts'
import { type FailureReason, failureDetail, ReportType } from '../wire/report.ts'
import type { NodeCounters } from './counters.ts'
import type { Custody } from './custody.ts'

/** Messages in the hands of services at once; more wait in the store. */
export const INBOX_CONCURRENCY = 1024

/** Takes a message for good. May throw: then the message has failed. */
export type Handler = (message: IncomingMessage) => Promise<void> | void

export interface InboxOptions {
  readonly address: Address
  readonly clock: Clock
  readonly logger: Logger
  readonly counters: NodeCounters
  readonly custody: Custody
  /** What has been delivered, whatever the attempt. */
  readonly delivered: Dedup
  /** The handler for a service number; `absent` while its listener is away, undefined where there is none. */
  readonly handlerFor: (service: number) => Handler | 'absent' | undefined
  readonly report: (about: EnvelopeView, type: ReportType, detail?: number) => void
}

export class Inbox {
  readonly #options: InboxOptions
  readonly #inHand = new Set<string>()

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

  /** Somebody listens now: what waited for it goes to it. */
  drain(): void {
    const { custody, address, handlerFor } = this.#options
    const room = INBOX_CONCURRENCY - this.#inHand.size
    for (const row of custody.waitingFor(address, room)) {
      const view = new EnvelopeView(row.frame)
      const handler = handlerFor(view.service)
      if (typeof handler === 'function') this.#hand(view, handler)
    }
  }

  #hand(view: EnvelopeView, handler: Handler): void {
    const { clock, delivered, counters } = this.#options
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
    const done = (): void => {
      this.#inHand.delete(name)
      this.#options.custody.release(view, view.destination, clock.monotonic())
    }
    const succeed = (): void => {
      delivered.add(view.frame)
      counters.delivered += 1
      done()
      this.#answer(view, ReportType.delivered)
    }
    const fail = (error: unknown): void => {
      this.#options.logger.error(
        { id: view.id, service: view.service, error: messageOf(error) },
        'service failed',
      )
      done()
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
