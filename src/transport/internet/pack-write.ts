/** What goes into one write of a link. */
import type { SendQueue } from '../send-queue.ts'
import type { TransportCounters } from '../transport.ts'
import { ACK_WRITE_BYTES, type Acknowledgement } from './acknowledgement.ts'
import { LENGTH_BYTES } from './frame-decoder.ts'
import { WRITE_BYTES } from './limits.ts'
import type { WriteBuffers } from './write-buffers.ts'

/**
 * Takes as many frames out of the queue as fit, at least one, and puts each behind its length.
 *
 * @param acks keeps the frames until they are acknowledged.
 * @param withAck whether an ACK goes first.
 */
export function packWrite(
  queue: SendQueue,
  acks: Acknowledgement,
  withAck: boolean,
  counters: TransportCounters,
  buffers: WriteBuffers,
): Buffer {
  const ackBytes = withAck ? ACK_WRITE_BYTES : 0
  const frames: Uint8Array[] = []
  let length = ackBytes
  for (let frame = queue.peek(); frame !== undefined; frame = queue.peek()) {
    const end = length + LENGTH_BYTES + frame.length
    if (frames.length > 0 && end > WRITE_BYTES) break
    queue.shift()
    frames.push(frame)
    length = end
  }
  const frameBytes = length - ackBytes - frames.length * LENGTH_BYTES
  acks.sent.add(frames, frameBytes)
  counters.framesSent += frames.length
  counters.bytesSent += frameBytes
  const bytes = buffers.take(length)
  let offset = withAck ? acks.write(bytes, 0) : 0
  for (const frame of frames) {
    offset = bytes.writeUInt32BE(frame.length, offset)
    bytes.set(frame, offset)
    offset += frame.length
  }
  return bytes
}
