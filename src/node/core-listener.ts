import type { Address } from '../identity/address.ts'
import type { Link } from '../transport/transport.ts'
import type { Delivery } from './delivery.ts'
import type { Handler } from './inbox.ts'

/** Where the core tells what happened: the node's own events. */
export interface CoreListener {
  linkUp(link: Link): void
  linkDown(link: Link, reason: string): void
  pathFound(destination: Address): void
  delivery(delivery: Delivery): void
  /** The handler for plain messages and files, or undefined while nobody listens. */
  messageHandler(): Handler | undefined
}
