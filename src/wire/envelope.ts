/**
 * Envelopes: messages, reports and traces (docs/specs/envelope.md). A relay reads the few header fields it
 * needs where they stand in the received bytes and patches the trailer there: nothing is decoded or copied.
 */
import { Address } from '../identity/address.ts'
import { MeshError } from '../runtime/errors.ts'
import { readU16, readU32, requireLength, requireUnsigned, writeU16, writeU32 } from './bytes.ts'
import {
  type FormatRefusal,
  FrameKind,
  firstByte,
  kindOf,
  MAX_BODY_BYTES,
  type Priority,
  PUBLIC_KEY_BYTES,
  SIGNATURE_BYTES,
  WIRE_VERSION,
} from './frame.ts'
import { decodeMinifloat, encodeMinifloat, MINIFLOAT_MAX } from './minifloat.ts'

export const HEADER_BYTES = 46
export const TRAILER_BYTES = 2

// Where the fields stand, from the start of the frame.
export const DESTINATION_AT = 2
export const SOURCE_AT = 18
const SEQUENCE_AT = 34
const CREATED_AT = 38
const LIFETIME_AT = 42
const SERVICE_AT = 44

// Byte 1. The two highest bits are the priority; the three lowest must be zero.
const SIGNED = 0x20
const KEYED = 0x10
const RECEIPT = 0x08
const RESERVED = 0x07

/** The bytes that name a transmission: source, sequence and creation time, in one run. */
export const IDENTITY_AT = SOURCE_AT
export const IDENTITY_BYTES = 24

/** Whether a frame, as yet unchecked, claims to be an envelope and has the header of one. */
export function isEnvelope(frame: Uint8Array): boolean {
  if (frame.length < HEADER_BYTES) return false
  const kind = kindOf(frame)
  return kind === FrameKind.message || kind === FrameKind.report || kind === FrameKind.trace
}

/** Whether two envelopes are the same, but for the attempt. Both have the form of one. */
export function isSameEnvelope(a: Uint8Array, b: Uint8Array): boolean {
  if (a[0] !== b[0]) return false
  for (let at = IDENTITY_AT; at < IDENTITY_AT + IDENTITY_BYTES; at++) if (a[at] !== b[at]) return false
  return true
}

export type EnvelopeKind = typeof FrameKind.message | typeof FrameKind.report | typeof FrameKind.trace

export interface EnvelopeFields {
  readonly kind: EnvelopeKind
  readonly priority: Priority
  /** Whether the recipient is asked for a signed receipt. */
  readonly receipt: boolean
  readonly destination: Address
  readonly source: Address
  /** 32 bits, counted up by the source. */
  readonly sequence: number
  /** Whole seconds since the Unix epoch. */
  readonly created: number
  /** Seconds; rounded up to what the 16-bit field can hold. */
  readonly lifetime: number
  /** 16 bits: which service of the recipient it is for. */
  readonly service: number
  readonly body: Uint8Array
  /** The source's public key, for recipients that have not heard its announce. */
  readonly key?: Uint8Array
}

/**
 * Makes a frame. Its trailer says zero hops and attempt zero.
 *
 * @param sign returns the 64-byte Ed25519 signature of the bytes it is given; without it the envelope is
 *   unsigned.
 * @throws MeshError ERR_PAYLOAD_TOO_LARGE for a body over {@link MAX_BODY_BYTES}; ERR_WIRE for a field that
 *   its place in the header cannot hold.
 */
export function encodeEnvelope(
  fields: EnvelopeFields,
  sign: ((signed: Uint8Array) => Uint8Array) | undefined,
): Uint8Array {
  const { body, key } = fields
  if (body.length > MAX_BODY_BYTES) {
    throw new MeshError(
      'ERR_PAYLOAD_TOO_LARGE',
      `${body.length} bytes are too many: an envelope carries at most ${MAX_BODY_BYTES}`,
    )
  }
  requireUnsigned('a sequence number', fields.sequence, 32)
  requireUnsigned('a creation time', fields.created, 32)
  requireUnsigned('a service number', fields.service, 16)
  if (key !== undefined) requireLength('a public key', key, PUBLIC_KEY_BYTES)
  const signedBytes = HEADER_BYTES + (key === undefined ? 0 : PUBLIC_KEY_BYTES) + body.length
  const frame = new Uint8Array(signedBytes + (sign === undefined ? 0 : SIGNATURE_BYTES) + TRAILER_BYTES)
  frame[0] = firstByte(fields.kind)
  frame[1] =
    (fields.priority << 6) |
    (sign === undefined ? 0 : SIGNED) |
    (key === undefined ? 0 : KEYED) |
    (fields.receipt ? RECEIPT : 0)
  frame.set(fields.destination.bytes, DESTINATION_AT)
  frame.set(fields.source.bytes, SOURCE_AT)
  writeU32(frame, SEQUENCE_AT, fields.sequence)
  writeU32(frame, CREATED_AT, fields.created)
  writeU16(frame, LIFETIME_AT, encodeMinifloat(fields.lifetime))
  writeU16(frame, SERVICE_AT, fields.service)
  if (key !== undefined) frame.set(key, HEADER_BYTES)
  frame.set(body, signedBytes - body.length)
  if (sign !== undefined) frame.set(sign(frame.subarray(0, signedBytes)), signedBytes)
  return frame
}

/** Longest lifetime an envelope can have, seconds. */
export const MAX_LIFETIME_S = MINIFLOAT_MAX

/** Whether the bytes have the form of an envelope. Everything below relies on this check. */
export function checkEnvelope(frame: Uint8Array): FormatRefusal | undefined {
  const first = frame[0]
  if (first === undefined) return 'truncated'
  // Before the length: only the version and the kind say how short a frame may be.
  if (first >>> 4 !== WIRE_VERSION) return 'unknown_version'
  const kind = first & 0x0f
  if (kind !== FrameKind.message && kind !== FrameKind.report && kind !== FrameKind.trace)
    return 'unknown_kind'
  if (frame.length < HEADER_BYTES + TRAILER_BYTES) return 'truncated'
  if (((frame[1] as number) & RESERVED) !== 0) return 'malformed'
  const body = bodyEnd(frame) - bodyStart(frame)
  if (body < 0) return 'truncated'
  if (body > MAX_BODY_BYTES) return 'oversized'
  return undefined
}

function bodyStart(frame: Uint8Array): number {
  return ((frame[1] as number) & KEYED) === 0 ? HEADER_BYTES : HEADER_BYTES + PUBLIC_KEY_BYTES
}

/** Also the number of signed bytes. */
function bodyEnd(frame: Uint8Array): number {
  return frame.length - TRAILER_BYTES - (isSigned(frame) ? SIGNATURE_BYTES : 0)
}

export function isSigned(frame: Uint8Array): boolean {
  return ((frame[1] as number) & SIGNED) !== 0
}

export function priorityIn(frame: Uint8Array): Priority {
  return ((frame[1] as number) >>> 6) as Priority
}

/** Creation time, seconds since the Unix epoch. */
export function createdIn(frame: Uint8Array): number {
  return readU32(frame, CREATED_AT)
}

/** When it may be thrown away, seconds since the Unix epoch. */
export function expiryIn(frame: Uint8Array): number {
  return createdIn(frame) + decodeMinifloat(readU16(frame, LIFETIME_AT))
}

/** Links it has crossed. In the trailer, outside the signature. */
export function hopsIn(frame: Uint8Array): number {
  return frame[frame.length - 2] as number
}

/** Counts the hop in place. */
export function addHop(frame: Uint8Array): void {
  frame[frame.length - 2] = hopsIn(frame) + 1
}

/** How often whoever has custody has tried before; 8 bits, outside the signature. */
export function attemptIn(frame: Uint8Array): number {
  return frame[frame.length - 1] as number
}

/** Makes it a later attempt, in place. */
export function setAttempt(frame: Uint8Array, attempt: number): void {
  frame[frame.length - 1] = attempt
}

/** A copy for another try: the next attempt, modulo 256, and no hops yet. */
export function nextAttempt(frame: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(frame)
  copy[frame.length - 2] = 0
  copy[frame.length - 1] = attemptIn(frame) + 1
  return copy
}

/** The key the envelope brings along, or undefined. A view into the frame. */
export function keyIn(frame: Uint8Array): Uint8Array | undefined {
  if (((frame[1] as number) & KEYED) === 0) return undefined
  return frame.subarray(HEADER_BYTES, HEADER_BYTES + PUBLIC_KEY_BYTES)
}

/** What the signature covers. A view into the frame. */
export function signedPartOf(frame: Uint8Array): Uint8Array {
  return frame.subarray(0, bodyEnd(frame))
}

/** A view into the frame. */
export function signatureIn(frame: Uint8Array): Uint8Array {
  const end = bodyEnd(frame)
  return frame.subarray(end, end + SIGNATURE_BYTES)
}

/** An envelope read field by field, for its sender and recipient: relays use the functions above. */
export class EnvelopeView {
  readonly frame: Uint8Array

  /** @param frame has passed {@link checkEnvelope}. */
  constructor(frame: Uint8Array) {
    this.frame = frame
  }

  get kind(): EnvelopeKind {
    return kindOf(this.frame) as EnvelopeKind
  }

  get priority(): Priority {
    return priorityIn(this.frame)
  }

  get wantsReceipt(): boolean {
    return ((this.frame[1] as number) & RECEIPT) !== 0
  }

  get destination(): Address {
    return Address.at(this.frame, DESTINATION_AT)
  }

  get source(): Address {
    return Address.at(this.frame, SOURCE_AT)
  }

  get sequence(): number {
    return readU32(this.frame, SEQUENCE_AT)
  }

  get created(): number {
    return createdIn(this.frame)
  }

  get lifetime(): number {
    return decodeMinifloat(readU16(this.frame, LIFETIME_AT))
  }

  get service(): number {
    return readU16(this.frame, SERVICE_AT)
  }

  get hops(): number {
    return hopsIn(this.frame)
  }

  /** A view into the frame. */
  get body(): Uint8Array {
    return this.frame.subarray(bodyStart(this.frame), bodyEnd(this.frame))
  }

  /** 16 hexadecimal digits: creation time and sequence number. Unique for its source. */
  get id(): string {
    return messageId(this.created, this.sequence)
  }
}

export function messageId(created: number, sequence: number): string {
  return created.toString(16).padStart(8, '0') + sequence.toString(16).padStart(8, '0')
}
