/**
 * The Service seam: an application on the mesh. Messages carry a 16-bit service number; a node hands each
 * to the service registered for it. Every implementation passes `serviceCompliance` of `hopwire/testing`.
 */
import type { Address } from '../identity/address.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Random } from '../runtime/random.ts'
import type { SendOptions } from './send-options.ts'

/** A message as its recipient gets it: the source's signature has been checked. */
export interface IncomingMessage {
  readonly id: string
  readonly from: Address
  /** The recipient's own copy. */
  readonly payload: Uint8Array
  readonly service: number
  /** Relays it came through, plus one. */
  readonly hops: number
  /** By the sender's clock, to the second. */
  readonly createdAt: Date
  /** By this node's clock. */
  readonly receivedAt: Date
}

export interface Service {
  /** 0 to 65,535. 0 to 255 are hopwire's own (docs/specs/envelope.md); choose from 256 up. */
  readonly id: number
  /** For logs and errors. */
  readonly name: string
  readonly version: number
  /** Capability bits to announce while the service runs (docs/specs/announce.md); 0 for none. */
  readonly capabilities: number
  /** Names of services that must be registered too. */
  readonly requires?: readonly string[]
  /** Called once before any message. A rejection stops the node from starting. */
  start?(context: ServiceContext): Promise<void> | void
  /**
   * Called for each message, in order of arrival. When it returns, or its promise resolves, the message
   * counts as delivered and the receipt goes out; when it throws, the message counts as failed.
   */
  handle(message: IncomingMessage, context: ServiceContext): Promise<void> | void
  /** Called once after the last message. It has until `signal` aborts. */
  stop?(signal: AbortSignal): Promise<void> | void
}

/** What a service may do to the node it runs on. */
export interface ServiceContext {
  readonly address: Address
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Sends to the same service on another node. */
  send(
    destination: Address,
    payload: Uint8Array,
    options?: Omit<SendOptions, 'service'>,
  ): Promise<{ id: string }>
}
