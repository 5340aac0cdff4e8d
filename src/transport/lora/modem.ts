/**
 * A packet radio as the LoRa link sees it: it takes whole packets into a short queue of its own, finds a quiet
 * moment for each, and says what it hears. Nobody confirms that a packet has left, so the driver keeps an
 * account of what it still holds.
 */
import type { Modulation } from './airtime.ts'

/** What a radio is told. All radios of one network agree on all but the power. */
export interface ModemSettings {
  readonly frequencyHz: number
  readonly bandwidthHz: number
  readonly spreadingFactor: number
  /** The denominator of the code rate 4/5 to 4/8: 5 to 8. */
  readonly codingRate: number
  readonly txPowerDbm: number
  /** Above this share of the last hour on the air, 0 to 1, the modem itself shall fall silent. Absent: no lock. */
  readonly airtimeLock?: number
}

/** How well a packet was heard. */
export interface Signal {
  readonly rssiDbm: number
  readonly snrDb: number
}

/** What the modem measures; every field is absent until it has said it. */
export interface ModemTelemetry {
  /** Share of the last 15 s and of the last hour that it sent itself, 0 to 1. */
  readonly airtimeShort?: number
  readonly airtimeLong?: number
  /** Share of the last 15 s and of the last hour that the channel was in use, 0 to 1. */
  readonly channelShort?: number
  readonly channelLong?: number
  readonly noiseFloorDbm?: number
  /** Before each frame, as an SX126x sends it, and the unit in which it waits. */
  readonly preambleSymbols?: number
  readonly slotMs?: number
  readonly batteryPercent?: number
  readonly temperatureC?: number
  /** Such as `1.86`. */
  readonly firmware?: string
  /** Such as `esp32`. */
  readonly platform?: string
}

/** Called from the event loop, never from within a call into the modem. */
export interface ModemListener {
  /** It is configured, its echoes are right, and it sends and receives. */
  up(): void
  /**
   * It is gone, or has to be brought up anew, which the driver tries by itself.
   *
   * @param reason one line for people
   * @param lost packets that were handed over and may not have left, oldest first
   */
  down(reason: string, lost: readonly Uint8Array[]): void
  /** A packet has arrived; it is the listener's own. */
  received(packet: Uint8Array, signal: Signal | undefined): void
  /** A packet has probably left, so the modem holds less than before. */
  room(): void
}

export interface Modem {
  /** The port, as configured: the `port` label of its metrics. */
  readonly port: string
  /** As the radio really modulates, with its preamble and its low data rate rule: airtime is told from it. */
  readonly modulation: Modulation
  readonly isUp: boolean
  /** Why it is not up, or what is odd about it, in one line. */
  readonly problem: string | undefined
  readonly telemetry: ModemTelemetry
  /** Packets that were handed over and have probably not left. */
  readonly heldPackets: number
  /** Opens the port, in the background and again and again; resolves at once. */
  start(listener: ModemListener): void
  /**
   * Hands a packet of 1 to 507 bytes over.
   *
   * @returns false when the modem is not up or has no room: the packet was not taken.
   */
  send(packet: Uint8Array): boolean
  /** Sends nothing more, switches the radio off and closes the port, as far as `signal` allows. Never rejects. */
  stop(signal: AbortSignal): Promise<void>
}
