import { type ChannelSettings, checkChannel, inMHz } from '../../config/regions/check-channel.ts'
import { REGION_IDS, REGIONS } from '../../config/regions/regions.ts'
import { airtimeUs, MAX_LORA_BYTES, symbols } from '../../transport/lora/airtime.ts'
import { HOUR_US } from '../../transport/lora/ledger/air-window.ts'
import {
  LONGEST_FRAME_US,
  longestPacketWithin,
  MAX_PACKET_BYTES,
  packetAirtimeUs,
  packetFrames,
  rnodeModulation,
} from '../../transport/lora/rnode-timing.ts'
import { command, usageError } from '../command.ts'
import { Exit } from '../exit.ts'
import { ledgerLine, ledgersOf } from '../ledgers.ts'
import { JSON_OPTION, NODE_OPTIONS } from '../node-client.ts'
import { oneOf } from '../option-values.ts'
import { pairs, printJson, printLines } from '../table.ts'

const PREAMBLE = 8
const DIPOLE_DBI = 2.15
const TOO_LONG = `An RNode breaks off a frame after ${LONGEST_FRAME_US / 1e6} s: it cannot send this one.`

interface Numeric {
  readonly min: number
  readonly max: number
  readonly isWhole: boolean
}

export const airtime = command({
  name: 'airtime',
  usage: '--bytes N',
  about: `\
Prints how long N bytes are on the air: as one LoRa frame, and as a packet that an RNode sends, with its
longer preamble and its header byte, in two frames from 255 bytes on. And what the law of the region
leaves of it: how many such packets fit into an hour.

Without further options it is the default channel of the region. A channel that the region does not
allow is refused, with the nearest that it does.

Where a node runs here, or --control or -c names one, it also prints what is left of the airtime of its
radios in this hour.`,
  options: {
    bytes: { type: 'string', value: 'N', help: `How many bytes: 1 to ${MAX_PACKET_BYTES}.` },
    sf: { type: 'string', value: 'SF', help: 'The spreading factor, 5 to 12.' },
    bw: { type: 'string', value: 'KHZ', help: 'The bandwidth in kHz, such as 125, or in Hz.' },
    cr: { type: 'string', value: 'CR', help: 'The denominator of the code rate 4/5 to 4/8: 5 to 8.' },
    preamble: {
      type: 'string',
      value: 'N',
      help: `Symbols of preamble of the LoRa frame. Default: ${PREAMBLE}. An RNode chooses its own.`,
    },
    region: { type: 'string', value: 'REGION', help: `One of ${REGION_IDS.join(', ')}. Default: EU868.` },
    frequency: { type: 'string', value: 'MHZ', help: 'The centre of the channel in MHz, or in Hz.' },
    power: {
      type: 'string',
      value: 'DBM',
      help: 'Into an antenna of 2.15 dBi. It may decide on the duty cycle.',
    },
    ...NODE_OPTIONS,
    json: JSON_OPTION,
  },
  arguments: { min: 0, max: 0 },
  async run({
    bytes: written,
    sf,
    bw,
    cr,
    preamble,
    region: named,
    frequency,
    power,
    json = false,
    ...where
  }) {
    if (written === undefined) throw usageError('airtime', 'how many bytes? --bytes N')
    const region = REGIONS[oneOf('--region', REGION_IDS, named ?? 'EU868')]
    const { channel } = region
    const bytes = number('--bytes', written, { min: 1, max: MAX_PACKET_BYTES, isWhole: true })
    const spreadingFactor = number('--sf', sf, { min: 5, max: 12, isWhole: true }) ?? channel.spreadingFactor
    const bandwidthHz = bandwidth(bw) ?? channel.bandwidthHz
    const codingRate = number('--cr', cr, { min: 5, max: 8, isWhole: true }) ?? channel.codingRate
    const preambleSymbols = number('--preamble', preamble, { min: 6, max: 65_535, isWhole: true }) ?? PREAMBLE
    const settings: ChannelSettings = {
      frequencyHz: frequencyOf(frequency) ?? channel.frequencyHz,
      bandwidthHz,
      powerDbm: number('--power', power, { min: 0, max: 37, isWhole: true }) ?? channel.txPowerDbm,
      antennaGainDbi: DIPOLE_DBI,
    }
    const legal = checkChannel(region, settings)
    if (!legal.ok) throw usageError('airtime', `${legal.reason}: ${legal.advice}`)

    const plain = { spreadingFactor, bandwidthHz, codingRate, preambleSymbols }
    const rnode = rnodeModulation(spreadingFactor, bandwidthHz, codingRate)
    const packetUs = packetAirtimeUs(rnode, bytes)
    const budgetUs = Math.round(legal.dutyShare * 1e6) * (HOUR_US / 1e6)
    const longest = legal.dwellUs === undefined ? MAX_PACKET_BYTES : longestPacketWithin(rnode, legal.dwellUs)
    const perHour = bytes > longest ? 0 : Math.floor(budgetUs / packetUs)
    const frame =
      bytes > MAX_LORA_BYTES ? null : { us: airtimeUs(plain, bytes), symbols: symbols(plain, bytes) }
    const packet = { us: packetUs, frames: packetFrames(bytes), preambleSymbols: rnode.preambleSymbols }
    const isTooLong = airtimeUs(rnode, Math.max(...packet.frames)) > LONGEST_FRAME_US
    const { band, dutyShare, maxErpDbm, dwellUs } = legal
    const law = { region: region.id, band: band.id, dutyShare, maxErpDbm, dwellUs: dwellUs ?? null, budgetUs }
    const ledgers = await ledgersOf(where)
    if (json) {
      const figures = { bytes, ...settings, ...plain, frame, packet, law, perHour, longestPacket: longest }
      printJson({ ...figures, ...(ledgers === undefined ? {} : { ledgers }) })
      return Exit.ok
    }
    printLines(
      pairs([
        ['settings', `SF ${spreadingFactor}, ${bandwidthHz / 1000} kHz, 4/${codingRate}`],
        [
          'LoRa frame',
          frame === null
            ? `none: it has at most ${MAX_LORA_BYTES} bytes`
            : `${inMs(frame.us)}, ${frame.symbols} symbols with a preamble of ${preambleSymbols}`,
        ],
        [
          'RNode packet',
          `${inMs(packetUs)}, ${framesLine(packet.frames)}, preamble ${rnode.preambleSymbols}`,
        ],
        [
          'channel',
          `${inMHz(settings.frequencyHz)} in band ${band.id} of ${region.id}, up to ${maxErpDbm} dBm ERP`,
        ],
        ['law', lawLine(dutyShare, budgetUs, dwellUs)],
        ['in an hour', hourLine(perHour, packetUs, dutyShare, longest)],
        ...(band.note === undefined ? [] : [['note', band.note] as const]),
        ...(isTooLong ? [['note', TOO_LONG] as const] : []),
        ...(ledgers ?? []).map((ledger) => ['left', ledgerLine(ledger)] as const),
      ]),
    )
    return Exit.ok
  },
})

function framesLine(frames: readonly number[]): string {
  return `${frames.length === 1 ? 'one frame' : `${frames.length} frames`} of ${frames.join(' and ')} bytes`
}

function lawLine(share: number, budgetUs: number, dwellUs: number | undefined): string {
  const dwell = dwellUs === undefined ? '' : `, at most ${inMs(dwellUs)} for one transmission`
  if (share === 1) return `no limit of time in an hour${dwell}`
  return `${Number((share * 100).toFixed(3))} % of any hour, ${budgetUs / 1e6} s${dwell}`
}

function hourLine(perHour: number, packetUs: number, share: number, longest: number): string {
  if (perHour === 0) {
    return longest === 0
      ? 'none: no packet is short enough at these settings'
      : `none: a packet may have at most ${longest} bytes at these settings`
  }
  const every = `one every ${Number((packetUs / 1e6 / share).toFixed(3))} s`
  return `${perHour} such packets, ${every}`
}

/** `184832` microseconds as `184.832 ms`. */
function inMs(us: number): string {
  return `${us / 1000} ms`
}

function number(option: string, written: string, range: Numeric): number
function number(option: string, written: string | undefined, range: Numeric): number | undefined
function number(option: string, written: string | undefined, { min, max, isWhole }: Numeric) {
  if (written === undefined) return undefined
  const value = /^\d{1,12}(\.\d{1,9})?$/.test(written) ? Number(written) : Number.NaN
  if (value >= min && value <= max && (!isWhole || Number.isInteger(value))) return value
  const shown = JSON.stringify(written.slice(0, 40))
  const kind = isWhole ? 'a whole number' : 'a number'
  throw usageError('airtime', `${option}: expected ${kind}, ${min} to ${max}, got ${shown}`)
}

/** In kHz, or in Hz where nobody can mean kHz. */
function bandwidth(written: string | undefined): number | undefined {
  const value = number('--bw', written, { min: 7.8, max: 1_625_000, isWhole: false })
  return value === undefined ? undefined : Math.round(value < 2000 ? value * 1000 : value)
}

/** In MHz, or in Hz where nobody can mean MHz. */
function frequencyOf(written: string | undefined): number | undefined {
  const value = number('--frequency', written, { min: 1, max: 3_000_000_000, isWhole: false })
  return value === undefined ? undefined : Math.round(value < 10_000 ? value * 1e6 : value)
}
