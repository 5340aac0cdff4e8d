/**
 * Fields of fixed width. Reads and writes are big-endian at an offset, without a DataView to allocate, and
 * their bounds are the caller's to check.
 */
import { MeshError } from '../runtime/errors.ts'

export function readU16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] as number) << 8) | (bytes[offset + 1] as number)
}

export function readU32(bytes: Uint8Array, offset: number): number {
  return ((readU16(bytes, offset) << 16) | readU16(bytes, offset + 2)) >>> 0
}

export function writeU16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 8
  bytes[offset + 1] = value
}

export function writeU32(bytes: Uint8Array, offset: number, value: number): void {
  writeU16(bytes, offset, value >>> 16)
  writeU16(bytes, offset + 2, value)
}

/** @throws MeshError ERR_WIRE unless `value` is an integer that a field of `bits` bits can hold. */
export function requireUnsigned(what: string, value: number, bits: 16 | 32): void {
  if (Number.isInteger(value) && value >= 0 && value < 2 ** bits) return
  throw new MeshError('ERR_WIRE', `${what} is an integer of 0 to ${2 ** bits - 1}, not ${value}`)
}

/** @throws MeshError ERR_WIRE unless `bytes` has `length` bytes. */
export function requireLength(what: string, bytes: Uint8Array, length: number): void {
  if (bytes.length === length) return
  throw new MeshError('ERR_WIRE', `${what} has ${length} bytes, not ${bytes.length}`)
}

/** Some bytes as a key of maps: a character for each. */
export function textKey(bytes: Uint8Array, at: number, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + at, length).toString('latin1')
}
