/** What an RNode's driver counts. Plain numbers that never go down. */

/** Packets handed over to a modem and taken from it. */
export interface PacketCounters {
  packetsSent: number
  packetsReceived: number
  /** Frames with no packet in them, or with one that no RNode sends. */
  malformedPackets: number
  /** Packets whose leaving the modem's own airtime has shown, and those of which it was estimated. */
  confirmed: number
  estimated: number
}

export interface RnodeCounters extends PacketCounters {
  /** Attempts to bring it up, and those that succeeded. */
  attempts: number
  cameUp: number
  /** It restarted of its own; what it is set to was changed while it was in use. */
  restarts: number
  changed: number
  /** It stopped answering; it answered and sent nothing. */
  silences: number
  wedges: number
  /** What it reported, by the code of the error. */
  readonly errors: Map<number, number>
}

export function newCounters(): RnodeCounters {
  return {
    attempts: 0,
    cameUp: 0,
    restarts: 0,
    changed: 0,
    silences: 0,
    wedges: 0,
    errors: new Map(),
    packetsSent: 0,
    packetsReceived: 0,
    malformedPackets: 0,
    confirmed: 0,
    estimated: 0,
  }
}
