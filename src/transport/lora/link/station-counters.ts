/** Plain numbers of one radio; they never go down. */
export interface StationCounters {
  packetsSent: number
  packetsReceived: number
  /** By the formula of the chip. */
  airtimeMs: number
  /** Packets with something in them that was lost before. */
  retransmissions: number
  /** Frames that a neighbour has acknowledged. */
  acknowledged: number
}

export function newStationCounters(): StationCounters {
  return { packetsSent: 0, packetsReceived: 0, airtimeMs: 0, retransmissions: 0, acknowledged: 0 }
}
