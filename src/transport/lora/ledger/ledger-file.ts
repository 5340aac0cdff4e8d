/** The bytes of a ledger's file (docs/specs/duty-cycle.md). */
import { crc32 } from 'node:zlib'
import { MeshError } from '../../../runtime/errors.ts'
import type { Transmission } from './air-window.ts'

const MAGIC = 0x687764 // "hwd"
const VERSION = 1
/** The header has the length of a record, so that no record lies across two sectors. */
export const RECORD_BYTES = 16
const CHECKED_BYTES = RECORD_BYTES - 4
/** Further from the start of a machine no clock gets. */
const FURTHEST_US = 2 ** 52

export interface SavedLedger {
  readonly slackUs: number
  readonly transmissions: readonly Transmission[]
}

/** A whole file. */
export function encodeLedger({ slackUs, transmissions }: SavedLedger): Uint8Array {
  const bytes = new Uint8Array(RECORD_BYTES * (1 + transmissions.length))
  const view = new DataView(bytes.buffer)
  view.setUint32(0, MAGIC * 256 + VERSION)
  view.setUint32(4, transmissions.length)
  view.setUint32(8, slackUs)
  view.setUint32(CHECKED_BYTES, crc32(bytes.subarray(0, CHECKED_BYTES)))
  for (const [index, transmission] of transmissions.entries()) {
    bytes.set(encodeRecord(index, transmission), RECORD_BYTES * (1 + index))
  }
  return bytes
}

/** What is appended for the transmission with that index. */
export function encodeRecord(index: number, { at, us }: Transmission): Uint8Array {
  const bytes = new Uint8Array(RECORD_BYTES)
  const view = new DataView(bytes.buffer)
  view.setBigInt64(0, BigInt(at))
  view.setUint32(8, us)
  view.setUint32(CHECKED_BYTES, recordChecksum(bytes, index))
  return bytes
}

/**
 * What a file says. A last record that was being written when the power went is left out: its transmission
 * was not made.
 *
 * @throws MeshError ERR_WIRE for a file that no crash makes.
 */
export function decodeLedger(bytes: Uint8Array): SavedLedger {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < RECORD_BYTES) throw unusable('is shorter than its header')
  if (view.getUint32(0) !== MAGIC * 256 + VERSION) throw unusable('begins with something else')
  if (view.getUint32(CHECKED_BYTES) !== crc32(bytes.subarray(0, CHECKED_BYTES))) {
    throw unusable('has a wrong checksum in its header')
  }
  const transmissions: Transmission[] = []
  const whole = Math.floor(bytes.length / RECORD_BYTES) - 1
  if (whole < view.getUint32(4)) throw unusable('is cut off')
  for (let index = 0; index < whole; index++) {
    const record = bytes.subarray(RECORD_BYTES * (index + 1), RECORD_BYTES * (index + 2))
    const before = transmissions.at(-1)
    const read = decodeRecord(record, index)
    if (read !== undefined && (before === undefined || read.at >= before.at + before.us)) {
      transmissions.push(read)
    } else if (index < whole - 1 || !record.every((byte) => byte === 0)) {
      // File systems may leave zeros where a length was saved before its content, and nothing else.
      throw unusable(`has a wrong record at byte ${RECORD_BYTES * (index + 1)}`)
    }
  }
  return { slackUs: view.getUint32(8), transmissions }
}

function decodeRecord(record: Uint8Array, index: number): Transmission | undefined {
  const view = new DataView(record.buffer, record.byteOffset, RECORD_BYTES)
  if (view.getUint32(CHECKED_BYTES) !== recordChecksum(record, index)) return undefined
  const at = Number(view.getBigInt64(0))
  return Math.abs(at) <= FURTHEST_US ? { at, us: view.getUint32(8) } : undefined
}

/** Of the record with its index in the checksum's place, so that one that is missing is found by the next. */
function recordChecksum(record: Uint8Array, index: number): number {
  const checked = Uint8Array.from(record)
  new DataView(checked.buffer).setUint32(CHECKED_BYTES, index)
  return crc32(checked)
}

function unusable(what: string): MeshError {
  return new MeshError('ERR_WIRE', `a ledger of airtime is expected, this file ${what}`)
}
