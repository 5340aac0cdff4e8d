/**
 * The one frame by which the two ends of a link talk about the link itself once it is up
 * (docs/specs/link.md, "Acknowledgement"). Eight bytes, fixed: it goes with the data, many times a second.
 */
import { FrameKind, firstByte } from '../../wire/frame.ts'

export const ACK_BYTES = 8
const LINK_FRAME = firstByte(FrameKind.link)
const ACK_TYPE = 5
/** The same of an end that is about to go. */
const GOODBYE_TYPE = 6

export interface Ack {
  /** Data frames received since the link came up, modulo 2^32. */
  readonly received: number
  /** The number of the sender's latest question, modulo 256. */
  readonly question: number
  /** The number of the latest question of the other end that the sender has seen. */
  readonly answer: number
  /** Whether the sender is stopping. */
  readonly isLeaving: boolean
}

/** Writes {@link ACK_BYTES} bytes. @returns where they end */
export function writeAck(
  { received, question, answer, isLeaving }: Ack,
  into: Buffer,
  offset: number,
): number {
  into[offset] = LINK_FRAME
  into[offset + 1] = isLeaving ? GOODBYE_TYPE : ACK_TYPE
  into.writeUInt32BE(received, offset + 2)
  into[offset + 6] = question
  into[offset + 7] = answer
  return offset + ACK_BYTES
}

/** Whether a frame is an ACK and so none of the node's. */
export function isAck(frame: Uint8Array): boolean {
  if (frame.length !== ACK_BYTES || frame[0] !== LINK_FRAME) return false
  return frame[1] === ACK_TYPE || frame[1] === GOODBYE_TYPE
}

/** @param frame has passed {@link isAck}. */
export function readAck({ buffer, byteOffset }: Uint8Array): Ack {
  const view = new DataView(buffer, byteOffset, ACK_BYTES)
  return {
    received: view.getUint32(2),
    question: view.getUint8(6),
    answer: view.getUint8(7),
    isLeaving: view.getUint8(1) === GOODBYE_TYPE,
  }
}
