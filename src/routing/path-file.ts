/**
 * What a node knows of others, as bytes that outlive it: the announces of its path table, each with the time
 * until which it may be believed. Paths are not kept, only whom they led to: after a restart neighbours tell
 * within moments which paths there are, and one from before may by then lead in a circle.
 *
 * Layout, big-endian: "hopwpth" and the version 1; the number of entries (4 bytes); for each the wall clock
 * when it runs out (seconds, 4), the length of the announce (2) and the announce, its hops and metric as they
 * were from here; the first 16 bytes of the SHA-256 of all that.
 */
import { hash } from 'node:crypto'
import { Address } from '../identity/address.ts'
import { MeshError } from '../runtime/errors.ts'
import {
  AnnounceView,
  checkAnnounce,
  KEY_PACKAGE_HASH_BYTES,
  MAX_ANNOUNCE_DATA_BYTES,
  MIN_ANNOUNCE_BYTES,
  SEALING_KEY_BYTES,
} from '../wire/announce.ts'
import { readU16, readU32, writeU16, writeU32 } from '../wire/bytes.ts'
import { MAX_CLOCK_SKEW_S } from '../wire/frame.ts'
import type { PathTable } from './path-table.ts'

/** The best of a larger table. Every one costs the check of a signature at the next start. */
export const MAX_SAVED_PATHS = 8192

const MAGIC = Buffer.from('hopwpth')
const VERSION = 1
const COUNT_AT = MAGIC.length + 1
const ENTRIES_AT = COUNT_AT + 4
const ENTRY_HEADER_BYTES = 6
const CHECKSUM_BYTES = 16
const MAX_ANNOUNCE_BYTES =
  MIN_ANNOUNCE_BYTES + SEALING_KEY_BYTES + KEY_PACKAGE_HASH_BYTES + 1 + MAX_ANNOUNCE_DATA_BYTES

export const MAX_PATH_FILE_BYTES =
  ENTRIES_AT + MAX_SAVED_PATHS * (ENTRY_HEADER_BYTES + MAX_ANNOUNCE_BYTES) + CHECKSUM_BYTES

export interface SavedPath {
  readonly announce: AnnounceView
  /** Wall clock, ms. In the file it is rounded down to seconds. */
  readonly expiresAt: number
}

/**
 * What is worth keeping of a table, the best first: what has a path before what has none, then what was used
 * last, then what is nearest.
 */
export function pathsToSave(table: PathTable<unknown>, now: number, wallMs: number): SavedPath[] {
  const rows = [...table.rows()].filter((row) => table.expiresAt(row) > now)
  const isDead = (row: number): number => (table.linkOf(row) === undefined ? 1 : 0)
  rows.sort(
    (a, b) =>
      isDead(a) - isDead(b) || table.usedAt(b) - table.usedAt(a) || table.metricOf(a) - table.metricOf(b),
  )
  return rows.slice(0, MAX_SAVED_PATHS).map((row) => ({
    announce: table.announceOf(row),
    expiresAt: wallMs + table.expiresAt(row) - now,
  }))
}

/** Takes them into a table as destinations without a path. @returns how many. */
export function restorePaths(
  table: PathTable<unknown>,
  paths: Iterable<SavedPath>,
  now: number,
  wallMs: number,
): number {
  let count = 0
  for (const { announce, expiresAt } of paths) {
    const origin = Address.ofPublicKey(announce.publicKey)
    if (table.restore(origin.bytes, announce, now + expiresAt - wallMs, now)) count += 1
  }
  return count
}

/** At most {@link MAX_SAVED_PATHS} of them. */
export function encodePathFile(paths: readonly SavedPath[]): Uint8Array {
  const kept = paths.slice(0, MAX_SAVED_PATHS)
  const length = kept.reduce((sum, { announce }) => sum + ENTRY_HEADER_BYTES + announce.frame.length, 0)
  const bytes = new Uint8Array(ENTRIES_AT + length + CHECKSUM_BYTES)
  bytes.set(MAGIC)
  bytes[MAGIC.length] = VERSION
  writeU32(bytes, COUNT_AT, kept.length)
  let at = ENTRIES_AT
  for (const { announce, expiresAt } of kept) {
    writeU32(bytes, at, Math.floor(expiresAt / 1000))
    writeU16(bytes, at + 4, announce.frame.length)
    bytes.set(announce.frame, at + ENTRY_HEADER_BYTES)
    at += ENTRY_HEADER_BYTES + announce.frame.length
  }
  bytes.set(checksum(bytes), at)
  return bytes
}

/**
 * Those that may still be believed, in their order. Signatures are not checked here.
 *
 * @param maxAgeMs the longest that any announce is believed from now on.
 * @throws MeshError ERR_WIRE where the bytes are not what {@link encodePathFile} makes.
 */
export function decodePathFile(bytes: Uint8Array, wallMs: number, maxAgeMs: number): SavedPath[] {
  const end = bytes.length - CHECKSUM_BYTES
  if (end < ENTRIES_AT || !MAGIC.equals(bytes.subarray(0, MAGIC.length))) throw unreadable('is none')
  if (bytes[MAGIC.length] !== VERSION) {
    throw unreadable(`has version ${bytes[MAGIC.length]}, this hopwire reads ${VERSION}`)
  }
  if (!checksum(bytes).equals(bytes.subarray(end))) throw unreadable('has a wrong checksum')
  const count = readU32(bytes, COUNT_AT)
  if (count > MAX_SAVED_PATHS) throw unreadable(`has ${count} entries, more than ${MAX_SAVED_PATHS}`)
  const paths: SavedPath[] = []
  let at = ENTRIES_AT
  for (let entry = 0; entry < count; entry++) {
    const start = at + ENTRY_HEADER_BYTES
    if (start > end) throw unreadable('is cut off')
    at = start + readU16(bytes, start - 2)
    const frame = Uint8Array.from(bytes.subarray(start, at))
    if (checkAnnounce(frame) !== undefined) throw unreadable(`has no announce at byte ${start}`)
    const announce = new AnnounceView(frame)
    const saved = readU32(bytes, start - ENTRY_HEADER_BYTES) * 1000
    const own = (announce.created + announce.lifetime) * 1000
    const expiresAt = Math.min(saved, own, wallMs + maxAgeMs)
    const isFromTheFuture = announce.created * 1000 > wallMs + MAX_CLOCK_SKEW_S * 1000
    if (expiresAt > wallMs && !isFromTheFuture) paths.push({ announce, expiresAt })
  }
  if (at !== end) throw unreadable('has bytes left over')
  return paths
}

function checksum(bytes: Uint8Array): Buffer {
  const content = bytes.subarray(0, bytes.length - CHECKSUM_BYTES)
  return hash('sha256', content, 'buffer').subarray(0, CHECKSUM_BYTES)
}

function unreadable(what: string): MeshError {
  return new MeshError('ERR_WIRE', `a file of paths is expected, this ${what}`)
}
