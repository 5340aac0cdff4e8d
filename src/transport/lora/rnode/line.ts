/** The line to a modem: bytes both ways over a serial port, a TCP connection or, in simulations, memory. */

/** Called from the event loop, never from within a call into the line. */
export interface LineListener {
  bytes(data: Uint8Array): void
  /** The line is gone: unplugged, closed by the other end, or broken. */
  closed(reason: string): void
}

export interface Line {
  /** @returns false, and takes nothing, when too much of what was written before still waits: nobody reads it. */
  write(bytes: Uint8Array): boolean
  /** Idempotent; `closed` does not follow. */
  close(): void
}

/**
 * Opens the line.
 *
 * @throws MeshError ERR_TRANSPORT with one line that names the port and the cure.
 */
export type OpenLine = (listener: LineListener, signal: AbortSignal) => Promise<Line>

/** When more than this waits to be written, a line takes nothing further, bytes: about a second of a serial port. */
export const MAX_BACKLOG_BYTES = 8192
