import type { Address } from '../identity/address.ts'
import type { IncomingMessage } from '../services/service.ts'
import type { Link } from '../transport/transport.ts'
import type { Delivery } from './delivery.ts'

/** What a node tells its embedder: `node.on('message', (message) => …)`. */
export interface MeshNodeEvents {
  /** A plain message or a file. While nobody listens for this event, they wait in the store. */
  message: [IncomingMessage]
  /** A neighbour can be talked to. */
  linkUp: [Link]
  linkDown: [Link, reason: string]
  /** An announce of a destination that was not known before. */
  pathFound: [Address]
  /** A message of this node's own has come further. */
  delivery: [Delivery]
  /** Node's own: somebody begins to listen. */
  newListener: [event: string | symbol]
}
