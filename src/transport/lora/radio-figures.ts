import type { RadioChannel, RadioDuty, RadioFigures } from '../radio-figures.ts'
import type { DutyLedger } from './ledger/duty-ledger.ts'
import type { Station } from './link/station.ts'
import type { Modem } from './modem.ts'

export interface RadioParts {
  readonly modem: Modem
  readonly station: Station
  readonly problem: string | undefined
  readonly channel: Pick<RadioChannel, 'frequencyHz' | 'txPowerDbm'>
  readonly duty: { readonly band: string; readonly ledger: DutyLedger } | undefined
}

/** The figures of one radio at this moment. */
export function radioFigures({ modem, station, problem, channel, duty }: RadioParts): RadioFigures {
  const { spreadingFactor, bandwidthHz, codingRate } = modem.modulation
  const { firmware, channelShort, noiseFloorDbm, batteryPercent, temperatureC } = modem.telemetry
  const { packetsSent, packetsReceived, retransmissions, airtimeMs } = station.counters
  return {
    port: modem.port,
    isUp: modem.isUp,
    problem,
    channel: { ...channel, spreadingFactor, bandwidthHz, codingRate },
    duty: duty === undefined ? undefined : dutyFigures(duty.band, duty.ledger),
    neighbours: station.roster.size,
    queueSeconds: station.waitMs() / 1000,
    airtimeSeconds: airtimeMs / 1000,
    packetsSent,
    packetsReceived,
    retransmissions,
    modem: {
      firmware,
      channelLoad: channelShort,
      noiseFloorDbm,
      batteryShare: batteryPercent === undefined ? undefined : batteryPercent / 100,
      temperatureC,
    },
  }
}

function dutyFigures(band: string, ledger: DutyLedger): RadioDuty {
  return {
    band,
    budgetSeconds: ledger.budgetUs / 1e6,
    usedSeconds: ledger.used() / 1e6,
    leftSeconds: ledger.left() / 1e6,
    isLifted: ledger.isLifted,
  }
}
