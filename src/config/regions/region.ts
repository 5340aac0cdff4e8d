/** What the radio law of a region says of a LoRa channel, as data. */

/** One way to use a band: what may be radiated, and for how long. */
export interface Allowance {
  /** Effective radiated power: over a half-wave dipole, 2.15 dB less than over an isotropic antenna. */
  readonly maxErpDbm: number
  /** What the transmitter may feed into the antenna, where that is limited too. */
  readonly maxPowerDbm?: number
  /** Share of any hour that one transmitter may be on the air; 1 for no limit. */
  readonly dutyShare: number
  /** For bandwidths from here on, Hz. */
  readonly minBandwidthHz?: number
  /** And up to here, Hz, both included. */
  readonly maxBandwidthHz?: number
  /** The longest that one transmission may last, microseconds. */
  readonly dwellUs?: number
}

export interface Band {
  /** Short, and unique in its region: it labels metrics and names the ledger's file. */
  readonly id: string
  readonly fromHz: number
  readonly toHz: number
  /** The one with the greatest share that allows a power is taken. */
  readonly allowances: readonly Allowance[]
  /** What else the law says there, a sentence for people. */
  readonly note?: string
}

/** Spectrum between the bands that is for others. */
export interface Reserved {
  readonly fromHz: number
  readonly toHz: number
  readonly for: string
}

/** What a radio is set to where the configuration is silent. Legal with an antenna of 2.15 dBi. */
export interface DefaultChannel {
  readonly frequencyHz: number
  readonly bandwidthHz: number
  readonly spreadingFactor: number
  readonly codingRate: number
  readonly txPowerDbm: number
}

export interface Region {
  readonly id: string
  /** Where it holds, for people. */
  readonly where: string
  /** The text that the figures are from. */
  readonly source: string
  readonly bands: readonly Band[]
  readonly reserved: readonly Reserved[]
  readonly channel: DefaultChannel
}
