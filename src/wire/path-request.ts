/**
 * Path requests: a question that spreads from node to node until one that knows the target answers with its
 * announce (docs/specs/routing.md, "Path requests"). Not signed: a request changes nothing for good, and is
 * limited by the link it comes in on.
 *
 * | offset | bytes | |
 * |---|---|---|
 * | 0 | 1 | version and kind |
 * | 1 | 1 | reach: links it may still cross, this one included |
 * | 2 | 16 | target |
 * | 18 | 4 | an announce with a greater sequence number than this is asked for; 0 for any |
 * | 22 | 4 | number of the request, drawn at random |
 */
import { readU32, requireLength, requireUnsigned, textKey, writeU32 } from './bytes.ts'
import { type FormatRefusal, FrameKind, firstByte, MAX_HOPS, WIRE_VERSION } from './frame.ts'

export const PATH_REQUEST_BYTES = 26
const REACH_AT = 1
/** Where the target stands: what names a request, with the number behind it. */
export const TARGET_AT = 2
const NEWER_AT = 18
const NUMBER_AT = 22

export interface PathRequestFields {
  /** Links it may cross, 1 to 128. */
  readonly reach: number
  /** 16 bytes. */
  readonly target: Uint8Array
  /** The sequence number that is known and of no use; 0 where none is. */
  readonly newerThan: number
  /** 32 bits. */
  readonly number: number
}

/** @throws MeshError ERR_WIRE for fields out of range. */
export function encodePathRequest({ reach, target, newerThan, number }: PathRequestFields): Uint8Array {
  requireUnsigned('the reach of a path request', reach, 16)
  requireLength('a target', target, 16)
  requireUnsigned('a sequence number', newerThan, 32)
  requireUnsigned('the number of a path request', number, 32)
  const frame = new Uint8Array(PATH_REQUEST_BYTES)
  frame[0] = firstByte(FrameKind.request)
  frame[REACH_AT] = Math.min(reach, MAX_HOPS)
  frame.set(target, TARGET_AT)
  writeU32(frame, NEWER_AT, newerThan)
  writeU32(frame, NUMBER_AT, number)
  return frame
}

/** Whether the bytes have the form of a path request. Everything below relies on this check. */
export function checkPathRequest(frame: Uint8Array): FormatRefusal | undefined {
  const first = frame[0]
  if (first === undefined) return 'truncated'
  if (first >>> 4 !== WIRE_VERSION) return 'unknown_version'
  if ((first & 0x0f) !== FrameKind.request) return 'unknown_kind'
  if (frame.length < PATH_REQUEST_BYTES) return 'truncated'
  const reach = frame[REACH_AT] as number
  return frame.length > PATH_REQUEST_BYTES || reach === 0 || reach > MAX_HOPS ? 'malformed' : undefined
}

export function reachIn(request: Uint8Array): number {
  return request[REACH_AT] as number
}

/** A view of the 16 bytes. */
export function targetIn(request: Uint8Array): Uint8Array {
  return request.subarray(TARGET_AT, NEWER_AT)
}

export function newerThanIn(request: Uint8Array): number {
  return readU32(request, NEWER_AT)
}

/** The same request on its next link. */
export function passedOn(request: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(request)
  copy[REACH_AT] = reachIn(request) - 1
  return copy
}

/** What two copies of a request have in common, as a key of maps. */
export function requestKey(request: Uint8Array): string {
  return textKey(request, TARGET_AT, PATH_REQUEST_BYTES - TARGET_AT)
}
