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
}
