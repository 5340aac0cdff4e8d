/** One message of a simulation, from its sender's call to the receipt. */
import type { Address } from '../identity/address.ts'
import type { Delivery, DeliveryState } from '../node/delivery.ts'
import { MeshError, messageOf } from '../runtime/errors.ts'
import type { MessageKey } from '../store/store.ts'

/**
 * A delivery's states, and before it `sending`, while the node has not said yes or no; `refused`: it said no;
 * `lost`: the sender crashed while only it knew of the message.
 */
export type FlowState = 'sending' | 'refused' | 'lost' | DeliveryState

/** Kept up to date while the simulation runs. Times are virtual ms. */
export interface Flow {
  readonly from: number
  readonly to: number
  readonly sentAt: number
  readonly state: FlowState
  /** When the application at `to` got it. */
  readonly deliveredAt?: number | undefined
  /** When the sender had the receipt. */
  readonly receiptAt?: number | undefined
  /** Why it was refused, has failed or expired. */
  readonly error?: string | undefined
}

/** The number of the flow stands in the first bytes of its payload. */
export const MIN_PAYLOAD_BYTES = 4

export class TrackedFlow implements Flow {
  readonly number: number
  readonly from: number
  readonly to: number
  readonly sentAt: number
  readonly bytes: number
  readonly source: Address
  readonly destination: Address
  /** Which run of the source's process sent it. */
  readonly sourceRun: number
  state: FlowState = 'sending'
  deliveredAt: number | undefined
  receiptAt: number | undefined
  error: string | undefined
  /** The run of the recipient's process that got it last. */
  deliveredInRun: number | undefined
  /** For the stores that may hold it; known once the node has accepted it. */
  key: MessageKey | undefined

  constructor(
    given: Pick<
      TrackedFlow,
      'number' | 'from' | 'to' | 'sentAt' | 'bytes' | 'source' | 'destination' | 'sourceRun'
    >,
  ) {
    this.number = given.number
    this.from = given.from
    this.to = given.to
    this.sentAt = given.sentAt
    this.bytes = Math.max(MIN_PAYLOAD_BYTES, given.bytes)
    this.source = given.source
    this.destination = given.destination
    this.sourceRun = given.sourceRun
  }

  get payload(): Uint8Array {
    const payload = new Uint8Array(this.bytes)
    new DataView(payload.buffer).setUint32(0, this.number)
    for (let at = MIN_PAYLOAD_BYTES; at < payload.length; at++) payload[at] = this.number * 31 + at
    return payload
  }

  /** Whether nothing more will be heard of it. */
  get isSettled(): boolean {
    const { state } = this
    return (
      state === 'delivered' ||
      state === 'expired' ||
      state === 'failed' ||
      state === 'refused' ||
      state === 'lost'
    )
  }

  accepted(delivery: Delivery): void {
    this.key = {
      source: this.source,
      created: Number.parseInt(delivery.id.slice(0, 8), 16),
      sequence: Number.parseInt(delivery.id.slice(8), 16),
    }
  }

  refused(thrown: unknown): void {
    this.state = 'refused'
    const code = thrown instanceof MeshError ? `${thrown.code}: ` : ''
    this.error = `${code}${messageOf(thrown)}`
  }
}
