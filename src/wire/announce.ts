/**
 * Announces: how a node says that it exists, and how paths to it come about (docs/specs/announce.md).
 */
import { MeshError } from '../runtime/errors.ts'
import { readU16, readU32, requireLength, requireUnsigned, writeU16, writeU32 } from './bytes.ts'
import {
  type FormatRefusal,
  FrameKind,
  firstByte,
  PUBLIC_KEY_BYTES,
  SIGNATURE_BYTES,
  WIRE_VERSION,
} from './frame.ts'
import { decodeMinifloat, encodeMinifloat } from './minifloat.ts'

const CAPABILITIES_AT = 2
const SEQUENCE_AT = 4
const CREATED_AT = 8
const LIFETIME_AT = 12
const KEY_AT = 14
const OPTIONS_AT = KEY_AT + PUBLIC_KEY_BYTES

const HAS_SEALING_KEY = 0x01
const HAS_KEY_PACKAGE = 0x02
const HAS_DATA = 0x04
const KNOWN_FLAGS = HAS_SEALING_KEY | HAS_KEY_PACKAGE | HAS_DATA

export const SEALING_KEY_BYTES = 32
export const KEY_PACKAGE_HASH_BYTES = 16
/** The most application data an announce may carry, bytes. */
export const MAX_ANNOUNCE_DATA_BYTES = 128
export const ANNOUNCE_TRAILER_BYTES = 3
/** Without any of the optional fields. */
export const MIN_ANNOUNCE_BYTES = OPTIONS_AT + SIGNATURE_BYTES + ANNOUNCE_TRAILER_BYTES

/** What a node offers to others. Bits of the 16-bit field. */
export const Capability = {
  /** Forwards for others. */
  relay: 0x0001,
  /** Takes custody of what it cannot deliver. */
  store: 0x0002,
  /** Joins links of different kinds and answers path requests. */
  gateway: 0x0004,
  /** Sits behind a thin link: spare it. */
  constrained: 0x0008,
  fappTherapist: 0x0100,
  fappRelay: 0x0200,
  fappPatient: 0x0400,
} as const

export type CapabilityName = keyof typeof Capability

export function capabilityNames(bits: number): CapabilityName[] {
  return (Object.keys(Capability) as CapabilityName[]).filter((name) => (bits & Capability[name]) !== 0)
}

export interface AnnounceFields {
  readonly capabilities: number
  /** Grows with every announce of the same key, across restarts. 32 bits. */
  readonly sequence: number
  /** Whole seconds since the Unix epoch. */
  readonly created: number
  /** Seconds it may be believed; rounded up to what the 16-bit field can hold. */
  readonly lifetime: number
  readonly publicKey: Uint8Array
  /** X25519 public key, 32 bytes, for sealed messages to this node. */
  readonly sealingKey?: Uint8Array
  /** First 16 bytes of the SHA-256 of the node's current MLS key package. */
  readonly keyPackageHash?: Uint8Array
  /** At most {@link MAX_ANNOUNCE_DATA_BYTES}. */
  readonly data?: Uint8Array
}

/** Makes a frame with zero hops and a metric of zero. @throws MeshError ERR_WIRE for fields out of range. */
export function encodeAnnounce(fields: AnnounceFields, sign: (signed: Uint8Array) => Uint8Array): Uint8Array {
  const { sealingKey, keyPackageHash, data } = fields
  requireUnsigned('the capabilities field', fields.capabilities, 16)
  requireUnsigned('a sequence number', fields.sequence, 32)
  requireUnsigned('a creation time', fields.created, 32)
  requireLength('a public key', fields.publicKey, PUBLIC_KEY_BYTES)
  if (sealingKey !== undefined) requireLength('a sealing key', sealingKey, SEALING_KEY_BYTES)
  if (keyPackageHash !== undefined)
    requireLength('a key package hash', keyPackageHash, KEY_PACKAGE_HASH_BYTES)
  if (data !== undefined && data.length > MAX_ANNOUNCE_DATA_BYTES) {
    throw new MeshError('ERR_WIRE', `announces carry at most ${MAX_ANNOUNCE_DATA_BYTES} bytes of data`)
  }
  const options = [sealingKey, keyPackageHash, data && Uint8Array.of(data.length), data].filter(isPresent)
  const signedBytes = options.reduce((sum, option) => sum + option.length, OPTIONS_AT)
  const frame = new Uint8Array(signedBytes + SIGNATURE_BYTES + ANNOUNCE_TRAILER_BYTES)
  frame[0] = firstByte(FrameKind.announce)
  frame[1] =
    (sealingKey === undefined ? 0 : HAS_SEALING_KEY) |
    (keyPackageHash === undefined ? 0 : HAS_KEY_PACKAGE) |
    (data === undefined ? 0 : HAS_DATA)
  writeU16(frame, CAPABILITIES_AT, fields.capabilities)
  writeU32(frame, SEQUENCE_AT, fields.sequence)
  writeU32(frame, CREATED_AT, fields.created)
  writeU16(frame, LIFETIME_AT, encodeMinifloat(fields.lifetime))
  frame.set(fields.publicKey, KEY_AT)
  let at = OPTIONS_AT
  for (const option of options) {
    frame.set(option, at)
    at += option.length
  }
  frame.set(sign(frame.subarray(0, signedBytes)), signedBytes)
  return frame
}

function isPresent<T>(value: T | undefined): value is T {
  return value !== undefined
}

/** Whether the bytes have the form of an announce. Everything below relies on this check. */
export function checkAnnounce(frame: Uint8Array): FormatRefusal | undefined {
  const first = frame[0]
  if (first === undefined) return 'truncated'
  // Before the length: only the version and the kind say how short a frame may be.
  if (first >>> 4 !== WIRE_VERSION) return 'unknown_version'
  if ((first & 0x0f) !== FrameKind.announce) return 'unknown_kind'
  if (frame.length < MIN_ANNOUNCE_BYTES) return 'truncated'
  const flags = frame[1] as number
  if ((flags & ~KNOWN_FLAGS) !== 0) return 'malformed'
  const tail = SIGNATURE_BYTES + ANNOUNCE_TRAILER_BYTES
  let end = optionsEnd(flags)
  if ((flags & HAS_DATA) !== 0) {
    if (end + 1 + tail > frame.length) return 'truncated'
    const length = frame[end] as number
    if (length > MAX_ANNOUNCE_DATA_BYTES) return 'malformed'
    end += 1 + length
  }
  if (end + tail > frame.length) return 'truncated'
  return end + tail < frame.length ? 'malformed' : undefined
}

/** Where the options of fixed length end. */
function optionsEnd(flags: number): number {
  return (
    OPTIONS_AT +
    ((flags & HAS_SEALING_KEY) === 0 ? 0 : SEALING_KEY_BYTES) +
    ((flags & HAS_KEY_PACKAGE) === 0 ? 0 : KEY_PACKAGE_HASH_BYTES)
  )
}

/** An announce read field by field where it stands. */
export class AnnounceView {
  readonly frame: Uint8Array

  /** @param frame has passed {@link checkAnnounce}. */
  constructor(frame: Uint8Array) {
    this.frame = frame
  }

  get capabilities(): number {
    return readU16(this.frame, CAPABILITIES_AT)
  }

  get sequence(): number {
    return readU32(this.frame, SEQUENCE_AT)
  }

  get created(): number {
    return readU32(this.frame, CREATED_AT)
  }

  get lifetime(): number {
    return decodeMinifloat(readU16(this.frame, LIFETIME_AT))
  }

  /** A view into the frame, like all byte strings here. */
  get publicKey(): Uint8Array {
    return this.frame.subarray(KEY_AT, KEY_AT + PUBLIC_KEY_BYTES)
  }

  get sealingKey(): Uint8Array | undefined {
    if (((this.frame[1] as number) & HAS_SEALING_KEY) === 0) return undefined
    return this.frame.subarray(OPTIONS_AT, OPTIONS_AT + SEALING_KEY_BYTES)
  }

  get keyPackageHash(): Uint8Array | undefined {
    const flags = this.frame[1] as number
    if ((flags & HAS_KEY_PACKAGE) === 0) return undefined
    const end = optionsEnd(flags)
    return this.frame.subarray(end - KEY_PACKAGE_HASH_BYTES, end)
  }

  get data(): Uint8Array | undefined {
    const flags = this.frame[1] as number
    if ((flags & HAS_DATA) === 0) return undefined
    const at = optionsEnd(flags) + 1
    return this.frame.subarray(at, at + (this.frame[at - 1] as number))
  }

  get signedPart(): Uint8Array {
    return this.frame.subarray(0, this.frame.length - ANNOUNCE_TRAILER_BYTES - SIGNATURE_BYTES)
  }

  get signature(): Uint8Array {
    const end = this.frame.length - ANNOUNCE_TRAILER_BYTES
    return this.frame.subarray(end - SIGNATURE_BYTES, end)
  }

  /** Links it has crossed. In the trailer, outside the signature. */
  get hops(): number {
    return this.frame[this.frame.length - 3] as number
  }

  /** Expected transit time of a 200-byte frame from the last sender to the origin, in 0.1 ms. */
  get metric(): number {
    return decodeMinifloat(readU16(this.frame, this.frame.length - 2))
  }
}

/** A copy as a relay passes it on. `metric` in 0.1 ms, rounded up. */
export function relayedAnnounce(frame: Uint8Array, hops: number, metric: number): Uint8Array {
  const copy = Uint8Array.from(frame)
  copy[copy.length - 3] = hops
  writeU16(copy, copy.length - 2, encodeMinifloat(metric))
  return copy
}
