/** Makes and signs everything a node says in its own name: announces, messages, reports and traces. */
import type { Address } from '../identity/address.ts'
import type { Identity } from '../identity/identity.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Random } from '../runtime/random.ts'
import { encodeAnnounce } from '../wire/announce.ts'
import { type EnvelopeKind, EnvelopeView, encodeEnvelope } from '../wire/envelope.ts'
import { FrameKind, type Priority, priorityOf } from '../wire/frame.ts'
import { encodeReport, type ReportType } from '../wire/report.ts'
import type { NodeCounters } from './counters.ts'

/** How long relays may keep a report. A receipt that is later than this has lost its point. */
const REPORT_LIFETIME_S = 24 * 3600
const TRACE_LIFETIME_S = 60

export interface OriginatorOptions {
  readonly identity: Identity
  readonly clock: Clock
  readonly random: Random
  readonly counters: NodeCounters
  readonly announceLifetimeS: number
  /** Asked at each announce, since services come and go. */
  readonly capabilities: () => number
}

export interface MessageSpec {
  readonly destination: Address
  readonly body: Uint8Array
  readonly priority: Priority
  readonly receipt: boolean
  readonly lifetimeS: number
  readonly service: number
}

export class Originator {
  readonly #options: OriginatorOptions
  readonly #sign: (signed: Uint8Array) => Uint8Array
  #sequence: number
  #announceSequence = 0

  constructor(options: OriginatorOptions) {
    this.#options = options
    this.#sequence = options.random.uint32()
    this.#sign = (signed) => {
      options.counters.signatures += 1
      return options.identity.sign(signed)
    }
  }

  announce(): Uint8Array {
    const created = this.#nowS()
    // Seconds, so that a restarted node goes on above what it said before; never twice the same.
    this.#announceSequence = Math.max(this.#announceSequence + 1, created)
    return encodeAnnounce(
      {
        capabilities: this.#options.capabilities(),
        sequence: this.#announceSequence,
        created,
        lifetime: this.#options.announceLifetimeS,
        publicKey: this.#options.identity.publicKey,
      },
      this.#sign,
    )
  }

  message(spec: MessageSpec): Uint8Array {
    return this.#envelope(FrameKind.message, spec)
  }

  /** The same message for another try, with the key along: relays may not have known who it was from. */
  again(frame: Uint8Array, attempt: number): Uint8Array {
    const view = new EnvelopeView(frame)
    const copy = encodeEnvelope(
      {
        kind: view.kind,
        priority: view.priority,
        receipt: view.wantsReceipt,
        destination: view.destination,
        source: view.source,
        sequence: view.sequence,
        created: view.created,
        lifetime: view.lifetime,
        service: view.service,
        body: view.body,
        key: this.#options.identity.publicKey,
      },
      this.#sign,
    )
    copy[copy.length - 1] = attempt
    return copy
  }

  /** Tells the source of `about` what became of it. */
  report(about: EnvelopeView, type: ReportType, detail = 0): Uint8Array {
    return this.#envelope(FrameKind.report, {
      destination: about.source,
      body: encodeReport({ type, detail, created: about.created, sequence: about.sequence }),
      priority: priorityOf('receipt'),
      receipt: false,
      lifetimeS: REPORT_LIFETIME_S,
      service: 0,
    })
  }

  /** A probe that the node `limit` hops along the path answers, or the destination if it is nearer. */
  trace(destination: Address, limit: number): Uint8Array {
    return this.#envelope(FrameKind.trace, {
      destination,
      body: Uint8Array.of(limit),
      priority: priorityOf('control'),
      receipt: false,
      lifetimeS: TRACE_LIFETIME_S,
      service: 0,
    })
  }

  #envelope(kind: EnvelopeKind, spec: MessageSpec): Uint8Array {
    this.#sequence = (this.#sequence + 1) >>> 0
    return encodeEnvelope(
      {
        kind,
        priority: spec.priority,
        receipt: spec.receipt,
        destination: spec.destination,
        source: this.#options.identity.address,
        sequence: this.#sequence,
        created: this.#nowS(),
        lifetime: spec.lifetimeS,
        service: spec.service,
        body: spec.body,
      },
      this.#sign,
    )
  }

  #nowS(): number {
    return Math.floor(this.#options.clock.now() / 1000)
  }
}
