/** A stream may close at any moment, and libp2p throws at whoever pauses or resumes one that has. */
import type { Stream } from '@libp2p/interface'

export function pauseReading(stream: Stream): void {
  try {
    stream.pause()
  } catch {
    // It has closed, and sends nothing any more.
  }
}

export function resumeReading(stream: Stream): void {
  try {
    stream.resume()
  } catch {
    // It has closed; what it still held has been delivered all the same.
  }
}
