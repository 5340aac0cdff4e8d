/** What a packet radio shows of itself. All of it survives `JSON.stringify`; what is not known is absent. */
export interface RadioFigures {
  /** As configured: the `port` label of its metrics. */
  readonly port: string
  readonly isUp: boolean
  /** Why it does not send, or what is odd about it, in one line. */
  readonly problem?: string | undefined
  readonly channel: RadioChannel
  readonly duty?: RadioDuty | undefined
  readonly neighbours: number
  /** How long until all that waits now has left, as far as the law and the airtime tell. */
  readonly queueSeconds: number
  /** Since the start of the node: time on air, and packets by what became of them. */
  readonly airtimeSeconds: number
  readonly packetsSent: number
  readonly packetsReceived: number
  /** Pieces of frames that were lost and had to be sent again. */
  readonly retransmissions: number
  readonly modem: RadioTelemetry
}

export interface RadioChannel {
  readonly frequencyHz?: number | undefined
  readonly txPowerDbm?: number | undefined
  readonly spreadingFactor: number
  readonly bandwidthHz: number
  /** The denominator of the code rate, 5 to 8. */
  readonly codingRate: number
}

/** What the law allows on its band, and what of it is used. */
export interface RadioDuty {
  /** Such as `P` of EU868. */
  readonly band: string
  /** In any hour. */
  readonly budgetSeconds: number
  readonly usedSeconds: number
  readonly leftSeconds: number
  /** Whether somebody has taken the limit away. */
  readonly isLifted: boolean
}

/** What the modem measures. Shares are 0 to 1. */
export interface RadioTelemetry {
  readonly firmware?: string | undefined
  /** Share of the last 15 s in which the channel was in use. */
  readonly channelLoad?: number | undefined
  readonly noiseFloorDbm?: number | undefined
  readonly batteryShare?: number | undefined
  readonly temperatureC?: number | undefined
}
