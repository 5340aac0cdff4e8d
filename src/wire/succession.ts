/**
 * Successions: how a key tells those who know it by which key it is followed (docs/specs/succession.md).
 */
import { MeshError } from '../runtime/errors.ts'
import { readU32, requireLength, requireUnsigned, writeU32 } from './bytes.ts'
import {
  type FormatRefusal,
  FrameKind,
  firstByte,
  PUBLIC_KEY_BYTES,
  SIGNATURE_BYTES,
  WIRE_VERSION,
} from './frame.ts'

const CREATED_AT = 2
const OLD_KEY_AT = 6
const NEW_KEY_AT = OLD_KEY_AT + PUBLIC_KEY_BYTES
const OLD_SIGNATURE_AT = NEW_KEY_AT + PUBLIC_KEY_BYTES
const NEW_SIGNATURE_AT = OLD_SIGNATURE_AT + SIGNATURE_BYTES
const HOPS_AT = NEW_SIGNATURE_AT + SIGNATURE_BYTES

/** Every succession has this length. */
export const SUCCESSION_BYTES = HOPS_AT + 1

export interface SuccessionFields {
  /** Whole seconds since the Unix epoch. */
  readonly created: number
  readonly oldKey: Uint8Array
  readonly newKey: Uint8Array
}

export type Sign = (signed: Uint8Array) => Uint8Array
export type Verify = (signature: Uint8Array, signed: Uint8Array, publicKey: Uint8Array) => boolean

/** Makes a frame with zero hops. @throws MeshError ERR_WIRE for fields out of range. */
export function encodeSuccession(fields: SuccessionFields, signOld: Sign, signNew: Sign): Uint8Array {
  requireUnsigned('a creation time', fields.created, 32)
  requireLength('a public key', fields.oldKey, PUBLIC_KEY_BYTES)
  requireLength('a public key', fields.newKey, PUBLIC_KEY_BYTES)
  const frame = new Uint8Array(SUCCESSION_BYTES)
  frame[0] = firstByte(FrameKind.succession)
  writeU32(frame, CREATED_AT, fields.created)
  frame.set(fields.oldKey, OLD_KEY_AT)
  frame.set(fields.newKey, NEW_KEY_AT)
  if (isOneKey(frame)) throw new MeshError('ERR_WIRE', 'a key cannot be its own successor')
  const signed = frame.subarray(0, OLD_SIGNATURE_AT)
  frame.set(signOld(signed), OLD_SIGNATURE_AT)
  frame.set(signNew(signed), NEW_SIGNATURE_AT)
  return frame
}

/** Whether the bytes have the form of a succession. Everything below relies on this check. */
export function checkSuccession(frame: Uint8Array): FormatRefusal | undefined {
  const first = frame[0]
  if (first === undefined) return 'truncated'
  // Before the length: only the version and the kind say how long a frame must be.
  if (first >>> 4 !== WIRE_VERSION) return 'unknown_version'
  if ((first & 0x0f) !== FrameKind.succession) return 'unknown_kind'
  if (frame.length < SUCCESSION_BYTES) return 'truncated'
  if (frame.length > SUCCESSION_BYTES || frame[1] !== 0) return 'malformed'
  return isOneKey(frame) ? 'malformed' : undefined
}

function isOneKey(frame: Uint8Array): boolean {
  for (let i = 0; i < PUBLIC_KEY_BYTES; i++) {
    if (frame[OLD_KEY_AT + i] !== frame[NEW_KEY_AT + i]) return false
  }
  return true
}

/** A succession read field by field where it stands. */
export class SuccessionView {
  readonly frame: Uint8Array

  /** @param frame has passed {@link checkSuccession}. */
  constructor(frame: Uint8Array) {
    this.frame = frame
  }

  get created(): number {
    return readU32(this.frame, CREATED_AT)
  }

  /** A view into the frame, like all byte strings here. */
  get oldKey(): Uint8Array {
    return this.frame.subarray(OLD_KEY_AT, NEW_KEY_AT)
  }

  get newKey(): Uint8Array {
    return this.frame.subarray(NEW_KEY_AT, OLD_SIGNATURE_AT)
  }

  get signedPart(): Uint8Array {
    return this.frame.subarray(0, OLD_SIGNATURE_AT)
  }

  get oldSignature(): Uint8Array {
    return this.frame.subarray(OLD_SIGNATURE_AT, NEW_SIGNATURE_AT)
  }

  get newSignature(): Uint8Array {
    return this.frame.subarray(NEW_SIGNATURE_AT, HOPS_AT)
  }

  /** Links it has crossed. In the trailer, outside the signatures. */
  get hops(): number {
    return this.frame[HOPS_AT] as number
  }

  /** Whether both keys have signed it. One alone says nothing. */
  isSigned(verify: Verify): boolean {
    const { signedPart } = this
    return (
      verify(this.oldSignature, signedPart, this.oldKey) && verify(this.newSignature, signedPart, this.newKey)
    )
  }
}

/**
 * Which of two successions holds where only one can: negative for `a`. The earlier; of the same second the
 * one with the smaller keys, the old one first. Zero where creation time and keys are the same.
 */
export function compareSuccessions(a: Uint8Array, b: Uint8Array): number {
  // Creation time, old key and new key stand side by side, big-endian: one comparison from left to right.
  for (let at = CREATED_AT; at < OLD_SIGNATURE_AT; at++) {
    const difference = (a[at] as number) - (b[at] as number)
    if (difference !== 0) return difference
  }
  return 0
}

/** A copy with these hops, as a relay passes it on. */
export function relayedSuccession(frame: Uint8Array, hops: number): Uint8Array {
  const copy = Uint8Array.from(frame)
  copy[HOPS_AT] = hops
  return copy
}
