/** What bounds the internet transports, with the reasons. docs/limits.md lists the same. */

/** The libp2p protocol of the one stream two neighbours share. */
export const LINK_PROTOCOL = '/hopwire/1'

/** Links a node keeps, unless configured. One more asks and is refused with the code `full`. */
export const DEFAULT_MAX_LINKS = 1024

/** From the first try to connect to a link that is up. */
export const DIAL_TIMEOUT_MS = 10_000

/** What an accepted connection has, from being encrypted to being a link, before it is closed. */
export const HANDSHAKE_TIMEOUT_MS = 10_000

/**
 * How long two nodes may have dialled each other without either having heard of it. A second link within
 * this time of the first is a simultaneous dial; later it means that the neighbour has lost its end.
 */
export const SIMULTANEOUS_DIAL_MS = 10_000

/** A link that lived this long was a good one: the next attempt after it starts with the shortest wait. */
export const STABLE_LINK_MS = 10_000

/** What a connection has to send its last bytes once it is being closed. */
export const HANG_UP_MS = 1000

/** What libp2p has to stop once all links are closed: its own stop() has no deadline. */
export const NODE_STOP_MS = 2000

/**
 * The most of the queue one write takes. With yamux' header of 12 bytes it just fits the 65,519 bytes of
 * one Noise message, so a write costs one encryption and no second, small one.
 */
export const WRITE_BYTES = 65_519 - 12

/** For routing, where nobody has measured: a modest line. */
export const EXPECTED_BITS_PER_SECOND = 100_000_000

/** Beyond the links: connections in their handshake, or refused and not yet gone. */
export const SPARE_CONNECTIONS = 128

/** TCP connections at once that have not finished Noise. libp2p's 10 are few when a relay comes back. */
export const MAX_PENDING_INBOUND = 128

/**
 * New connections a second from one host. libp2p's 5 break a mesh behind one NAT, or on one machine; what
 * an attacker gains is bounded by {@link MAX_PENDING_INBOUND}.
 */
export const MAX_INBOUND_PER_HOST = 100

/**
 * Streams a neighbour may have open: ours, libp2p's probe whether the other end lives, and those that are
 * being refused.
 */
export const MAX_STREAMS = 8

/**
 * The most a neighbour may send ahead of what has been read: 80 Mbit/s at 100 ms. It bounds what a paused
 * link holds.
 */
export const STREAM_WINDOW_BYTES = 1024 * 1024

/** Above the window, so that a stream that is only paused is never reset for it. */
export const READ_BUFFER_BYTES = 2 * STREAM_WINDOW_BYTES

/** How often libp2p probes a connection. */
export const PROBE_INTERVAL_MS = 10_000

/**
 * How long an answer to a probe may take. libp2p's 5 s cut off a slow line that is merely busy: 2 MB in the
 * kernel's buffer take 16 s at 1 Mbit/s.
 */
export const PROBE_TIMEOUT_MS = 20_000
