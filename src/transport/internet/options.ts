/** Apart from the rest of its folder, so that the public types do not drag those of libp2p along. */

export interface InternetOptions {
  /** Multiaddrs to listen on; port 0 is any free one. Default none: the node only dials. */
  readonly listen?: readonly string[]
  /** Multiaddrs of neighbours to stay connected to, with or without `/p2p/<peer id>`. */
  readonly peers?: readonly string[]
  /** Links at once; a neighbour that asks for one more is refused. Default 1,024. */
  readonly maxLinks?: number
  /** Bytes that may wait on one link. Default 4 MiB, at least one frame. */
  readonly queueBytes?: number
  readonly reach?: ReachOptions
}

/**
 * How a node finds and reaches others beyond the configured peers. All is off unless switched on, and what one
 * internet transport of a node switches on holds for all of them: they share one libp2p node.
 */
export interface ReachOptions {
  /** Finds other nodes on the local network, by multicast DNS. */
  readonly mdns?: boolean
  /** Lets neighbours that cannot reach each other connect through this node, within docs/limits.md. */
  readonly relayServer?: boolean
  /** Tries to replace a relayed link by a direct one (DCUtR). Of use with the relay transport only. */
  readonly holePunching?: boolean
  /** Has neighbours try whether this node can be reached from outside (AutoNAT), and tries it for them. */
  readonly autonat?: boolean
  /** Asks the router of the local network to let calls from outside through (UPnP). */
  readonly upnp?: boolean
}
