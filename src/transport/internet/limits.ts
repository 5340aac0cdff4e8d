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
 * How long a neighbour is not heard before another connection to it is tried, beside a round trip. A sign of life
 * every 1.2 s, looked at three times as often, is 1.6 s late at most; what is left is for a busy machine.
 */
export const MISSED_SIGN_MS = 2000

/** The same after a question to which the answer comes at once, beside a round trip. */
export const NO_ANSWER_MS = 500

/** How often links are looked at for these. */
export const VIGIL_MS = 250

/**
 * What a call may take that is one of many: QUIC and TCP send their first packet at 0, 1, 3 and 7 s, so that calls
 * of this length, one behind the other, find a peer within a second of its return.
 */
export const SHORT_CALL_MS = 2000

/** And so many times as long as a frame to the neighbour took while there was a link: a call has 6 round trips. */
export const SHORT_CALL_TRIPS = 20

/** Of calls that are one of many, one in so many has {@link DIAL_TIMEOUT_MS}. */
export const LONG_CALL_EVERY = 4

/** How often neighbours are asked to try what they have not been asked for, and how long what they say holds. */
export const REACH_ASK_MS = 5000
export const REACH_HOLDS_MS = 10 * 60_000

/** How often the addresses of this machine are read. */
export const OWN_ADDRESSES_MS = 1000

/**
 * The most of the queue one write takes. With yamux' header of 12 bytes it just fits the 65,519 bytes of
 * one Noise message, so a write costs one encryption and no second, small one.
 */
export const WRITE_BYTES = 65_519 - 12

/** For routing, where nobody has measured: a modest line. */
export const EXPECTED_BITS_PER_SECOND = 100_000_000

/** Beyond the links: connections in their handshake, or refused and not yet gone. */
export const SPARE_CONNECTIONS = 128

/**
 * New connections a second from one host. libp2p's 5 break a mesh behind one NAT, or on one machine; what
 * an attacker gains is bounded by `AdmissionRules.handshakes`.
 */
export const MAX_INBOUND_PER_HOST = 100

/** Streams a neighbour may have open: ours, those of libp2p's own protocols, and those that are being refused. */
export const MAX_STREAMS = 8

/**
 * The most a neighbour may send ahead of what has been read: 80 Mbit/s at 100 ms. It bounds what a paused
 * link holds.
 */
export const STREAM_WINDOW_BYTES = 1024 * 1024

/** Above the window, so that a stream that is only paused is never reset for it. */
export const READ_BUFFER_BYTES = 2 * STREAM_WINDOW_BYTES

/** What QUIC has for its own handshake; libp2p cannot cut it short. */
export const QUIC_HANDSHAKE_MS = 5000

/** QUIC's own sign of life, and how long its absence is borne. */
export const QUIC_KEEP_ALIVE_MS = 5000
export const QUIC_IDLE_MS = 15_000

/** What one read takes out of QUIC at most: with libp2p's 4 KiB the calls into native code cost the most. */
export const QUIC_READ_BYTES = 64 * 1024

/**
 * The most that may have left without the neighbour having said that it has it. Four times the window of the
 * stream: the question asked when a quarter of it is used is answered long before the rest is.
 */
export const ACK_WINDOW = { bytes: 4 * STREAM_WINDOW_BYTES, frames: 16_384 } as const

/** How long a receiver that is not asked may keep to itself what it has received. */
export const ACK_DELAY_MS = 100

/** Nodes that were found, not configured, and are tried or linked at once. */
export const MAX_FOUND_PEERS = 64

/** Failures in a row after which a found node is left alone, and for how long. */
export const FOUND_PEER_TRIES = 3
export const FOUND_PEER_REST_MS = 10 * 60_000

/** Addresses of one found node that are tried. */
export const MAX_FOUND_ADDRESSES = 8

/** Under this name nodes answer on the local network, so other libp2p programs are never called. */
export const MDNS_SERVICE = '_hopwire._udp.local'
export const MDNS_INTERVAL_MS = 10_000

/** Neighbours that can be called through a relay at once, and for how long without asking anew. */
export const MAX_RESERVATIONS = 128
export const RESERVATION_MS = 60 * 60_000

/** What one relayed connection may carry, both ways together, and how long it may last. */
export const MAX_RELAYED_BYTES = 64 * 1024 * 1024
export const MAX_RELAYED_MS = 30 * 60_000

/** For routing: what a relay in between leaves. */
export const RELAYED_BITS_PER_SECOND = 10_000_000

/**
 * What a relayed link has to send its last frames once there is a direct one. The end that does not close it
 * waits for twice that. What is left goes over the direct link.
 */
export const GIVE_WAY_MS = 500

/**
 * Between two neighbours that a stopping node lets go, on average: 100 of them in a quarter of a second, 1,000 in
 * two and a half, faster where less time is left.
 */
export const FAREWELL_MS_PER_LINK = 2.5

/** Addresses that a node names when it tries for a direct connection, of those at which neighbours saw it. */
export const MAX_SEEN_ADDRESSES = 3

/** How long a node with a relayed link tries to call the other end without its help. */
export const ALONE_MS = 2000

/** How often, and how often at most, a node calls another one that calls it at the same moment. */
export const MEET_AGAIN_MS = 50
export const MEET_TRIES = 40
