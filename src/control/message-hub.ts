/**
 * The listeners of the control socket as one listener of the node. While there is none, or none that keeps
 * up, the node has no listener either, and messages wait in its store.
 */
import type { MeshNode } from '../node/mesh-node.ts'
import type { IncomingMessage } from '../services/service.ts'

export type Taker = (message: IncomingMessage) => void

export class MessageHub {
  readonly #node: MeshNode
  readonly #takers = new Set<Taker>()

  constructor(node: MeshNode) {
    this.#node = node
  }

  get size(): number {
    return this.#takers.size
  }

  /** Every message goes to every taker. The first one also gets what has waited. */
  add(taker: Taker): void {
    this.#takers.add(taker)
    if (this.#takers.size === 1) this.#node.on('message', this.#hand)
  }

  remove(taker: Taker): void {
    if (this.#takers.delete(taker) && this.#takers.size === 0) this.#node.off('message', this.#hand)
  }

  readonly #hand = (message: IncomingMessage): void => {
    for (const taker of this.#takers) taker(message)
  }
}
