/**
 * LoRa radios with RNode firmware: `transports: [lora({ port: '/dev/ttyUSB0', ledgerDir: 'data/airtime' })]`. One
 * port, one transport.
 */
import { join } from 'node:path'
import { checkChannel, type LegalChannel } from '../../config/regions/check-channel.ts'
import { REGIONS, type RegionId } from '../../config/regions/regions.ts'
import { systemClock } from '../../runtime/clock.ts'
import { MeshError } from '../../runtime/errors.ts'
import type { Logger } from '../../runtime/logger.ts'
import { systemUptime, uptimeOf } from '../../runtime/uptime.ts'
import type { TransportFactory } from '../transport.ts'
import { counterFile } from './counter-file.ts'
import { DutyLedger } from './ledger/duty-ledger.ts'
import { FileMedium, type LedgerMedium } from './ledger/ledger-medium.ts'
import { ledgerFileName, portName } from './ledger/ledger-name.ts'
import { linkAccount } from './ledger/link-account.ts'
import { longestPacket } from './link/longest-packet.ts'
import type { CounterFloor } from './link/packet-counter.ts'
import { checksum, keyedTag } from './link/tag.ts'
import type { ModemSettings } from './modem.ts'
import { RnodeModem } from './rnode/driver.ts'
import type { ModemLine } from './rnode/open-line.ts'
import { rnodeModulation } from './rnode-timing.ts'
import { LoraTransport } from './transport.ts'

export interface LoraOptions {
  /** `/dev/ttyUSB0`, `COM3` or `tcp://host:7633`. */
  readonly port: string
  /** Whose law holds. Default EU868. What is not given of the channel is what the region names first. */
  readonly region?: RegionId
  readonly frequencyHz?: number
  readonly bandwidthHz?: number
  readonly spreadingFactor?: number
  /** The denominator of the code rate, 5 to 8. */
  readonly codingRate?: number
  /** Into the antenna. */
  readonly txPowerDbm?: number
  /** Less the loss of the cable. Default 2.15 dBi, a half-wave dipole. */
  readonly antennaGainDbi?: number
  /** `lifted` takes the limit of airtime away, for radio amateurs and laboratories that may. Default `legal`. */
  readonly dutyCycle?: 'legal' | 'lifted'
  /** 32 bytes, the same in all nodes: packets of others are refused. Default none. */
  readonly networkKey?: Uint8Array
  /** The folder where the account of airtime is kept, so that a restart cannot break the law. */
  readonly ledgerDir?: string
  /** In place of a file in that folder. */
  readonly ledger?: LedgerMedium
  /** In place of the line that `port` names. */
  readonly line?: ModemLine
  /** What may wait to be sent or acknowledged, bytes. Default 64 KiB. */
  readonly queueBytes?: number
  /** The transport's name, for a node with several radios. Default `lora`. */
  readonly name?: string
}

const DEFAULT_REGION = 'EU868'
const DEFAULT_QUEUE_BYTES = 65_536
const DIPOLE_DBI = 2.15
/** A modem that has not sent a packet after 100 s is started anew, and the packet is gone. */
const SLACK_US = 120_000_000
/** So many packets may be in the modem: what goes out in one run. */
const MAX_HELD = 32

/** @throws MeshError ERR_CONFIG, from the factory: see {@link legalRadio}. */
export function lora(options: LoraOptions): TransportFactory {
  return (components) => {
    const { port, name = 'lora', queueBytes = DEFAULT_QUEUE_BYTES, dutyCycle } = options
    const { settings, checked } = legalRadio(options)
    const { clock, logger } = components
    const isLifted = dutyCycle === 'lifted'
    const hasLimit = !isLifted && checked.dutyShare < 1
    const modem = new RnodeModem({
      port,
      settings: hasLimit ? { ...settings, airtimeLock: checked.dutyShare } : settings,
      clock,
      logger,
      maxHeld: MAX_HELD,
      ...(options.line === undefined ? {} : { line: options.line }),
    })
    const ledger = DutyLedger.open({
      medium: options.ledger ?? ledgerFile(options, checked.band.id),
      uptime: clock === systemClock ? systemUptime : uptimeOf(clock),
      dutyShare: checked.dutyShare,
      lifted: isLifted,
      slackUs: SLACK_US,
      logger: logger.child({ port, band: checked.band.id }),
    })
    return new LoraTransport(
      {
        name,
        modem,
        account: linkAccount(ledger),
        tagger: options.networkKey === undefined ? checksum : keyedTag(options.networkKey),
        counterFloor: options.networkKey === undefined ? undefined : counterFloor(options, logger),
        queueBytes,
        maxAirtimeUs: Math.min(checked.dwellUs ?? Number.POSITIVE_INFINITY, ledger.budgetUs),
        duty: { band: checked.band.id, ledger },
        channel: { frequencyHz: settings.frequencyHz, txPowerDbm: settings.txPowerDbm },
      },
      components,
    )
  }
}

/**
 * A radio's settings, with what the region names first in place of what is not given.
 *
 * @throws MeshError ERR_CONFIG for what the region's law does not allow, or leaves no room for a packet.
 */
export function legalRadio(options: LoraOptions): { settings: ModemSettings; checked: LegalChannel } {
  const { port, region = DEFAULT_REGION } = options
  const { channel } = REGIONS[region]
  const settings = {
    frequencyHz: options.frequencyHz ?? channel.frequencyHz,
    bandwidthHz: options.bandwidthHz ?? channel.bandwidthHz,
    spreadingFactor: options.spreadingFactor ?? channel.spreadingFactor,
    codingRate: options.codingRate ?? channel.codingRate,
    txPowerDbm: options.txPowerDbm ?? channel.txPowerDbm,
  }
  const checked = checkChannel(REGIONS[region], {
    ...settings,
    powerDbm: settings.txPowerDbm,
    antennaGainDbi: options.antennaGainDbi ?? DIPOLE_DBI,
  })
  if (!checked.ok) throw new MeshError('ERR_CONFIG', `radio ${port}: ${checked.reason}: ${checked.advice}`)
  const { spreadingFactor, bandwidthHz, codingRate } = settings
  const modulation = rnodeModulation(spreadingFactor, bandwidthHz, codingRate)
  longestPacket(port, modulation, checked.dwellUs ?? Number.POSITIVE_INFINITY)
  return { settings, checked }
}

/** Where the ledger is not in a folder there is no place for it, and counters follow the clock. */
function counterFloor({ port, ledgerDir }: LoraOptions, logger: Logger): CounterFloor | undefined {
  if (ledgerDir === undefined) return undefined
  return counterFile(new FileMedium(join(ledgerDir, `counter-${portName(port)}`)), logger)
}

function ledgerFile({ port, region = DEFAULT_REGION, ledgerDir }: LoraOptions, band: string): LedgerMedium {
  if (ledgerDir === undefined) {
    const why = 'the account of its airtime has to outlive a restart'
    throw new MeshError('ERR_CONFIG', `radio ${port}: give a data folder (node.data_dir, ledgerDir): ${why}`)
  }
  return new FileMedium(join(ledgerDir, ledgerFileName(port, region, band)))
}
