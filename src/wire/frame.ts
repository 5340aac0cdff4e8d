/**
 * What all frames share (docs/specs/envelope.md, "Frames"). Byte 0 holds the version and the kind; what
 * relays may change stands in a trailer behind everything that is signed.
 */

/** The protocol version in the high half of byte 0. */
export const WIRE_VERSION = 1

/** The low half of byte 0. */
export const FrameKind = {
  announce: 1,
  message: 2,
  report: 3,
  trace: 4,
  /** A question for the way to a node. */
  request: 5,
  /** An address's owner has another key from now on. */
  succession: 6,
  /** Between the two ends of one link; never forwarded. */
  link: 15,
} as const

export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind]

/** Urgency, most urgent first. Two bits on the wire. */
export const PRIORITIES = ['control', 'receipt', 'text', 'bulk'] as const
export type PriorityName = (typeof PRIORITIES)[number]
export type Priority = 0 | 1 | 2 | 3

export const CONTROL: Priority = 0

export function priorityOf(name: PriorityName): Priority {
  return PRIORITIES.indexOf(name) as Priority
}

/** The most a body may hold, bytes. */
export const MAX_BODY_BYTES = 65_536

/** Header 46, key 32, body, signature 64, trailer 2: the longest frame there is. */
export const MAX_FRAME_BYTES = 46 + 32 + MAX_BODY_BYTES + 64 + 2

/** How far a frame may travel. A path longer than this is none. */
export const MAX_HOPS = 128

/** How far the clock of a source may be ahead of ours, seconds. Beyond, its frames are refused. */
export const MAX_CLOCK_SKEW_S = 600

export const SIGNATURE_BYTES = 64
export const PUBLIC_KEY_BYTES = 32

export function firstByte(kind: FrameKind): number {
  return (WIRE_VERSION << 4) | kind
}

export function kindOf(frame: Uint8Array): number {
  return (frame[0] as number) & 0x0f
}

/** Why bytes are no frame of this protocol. Labels of metrics: never renamed. */
export type FormatRefusal = 'truncated' | 'oversized' | 'unknown_version' | 'unknown_kind' | 'malformed'
