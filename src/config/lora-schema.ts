/** The part of the schema that is about LoRa radios: `[[transport.lora]]`, a table for each. */
import { parseHostPort } from './host-port.ts'
import {
  choice,
  decimal,
  flag,
  formatted,
  numberOf,
  path,
  type Row,
  secret,
  table,
  type ValueOf,
  whole,
} from './kinds.ts'
import { checkChannel, type RefusedChannel } from './regions/check-channel.ts'
import { REGION_IDS, REGIONS, type RegionId } from './regions/regions.ts'
import { type Finding, tableList } from './table-list.ts'

const { channel } = REGIONS.EU868
const THAT_OF_THE_REGION = 'The default is that of the region; here that of EU868.'

const RADIO = table('A LoRa radio. Write one [[transport.lora]] for each.', {
  port: formatted(
    'a serial port such as /dev/ttyUSB0 or COM3, or tcp://HOST or tcp://HOST:PORT',
    (text) => text.length <= 512 && isPort(text),
    {
      default: '/dev/ttyUSB0',
      doc:
        'Where the modem is. A name below /dev/serial/by-id stays the same when it is plugged in elsewhere, and its ' +
        'account of airtime with it.',
    },
  ),
  enabled: flag({ default: true, doc: 'Whether the radio is used.' }),
  driver: choice(['rnode'], {
    default: 'rnode',
    doc: 'What kind of modem it is: RNode firmware 1.52 or later.',
  }),
  region: choice(REGION_IDS, {
    default: 'EU868',
    doc: 'Whose law holds. What it does not allow is refused, with the nearest that it does.',
  }),
  frequency_hz: whole({
    default: channel.frequencyHz,
    min: 137_000_000,
    max: 3_000_000_000,
    unit: 'hertz',
    doc: `The centre of the channel. All radios of a mesh agree on it, and on the next three. ${THAT_OF_THE_REGION}`,
  }),
  bandwidth_hz: numberOf([7_800, 10_400, 15_600, 20_800, 31_250, 41_700, 62_500, 125_000, 250_000, 500_000], {
    default: channel.bandwidthHz,
    unit: 'hertz',
    doc: `The width of the channel. ${THAT_OF_THE_REGION}`,
  }),
  spreading_factor: whole({
    default: channel.spreadingFactor,
    min: 5,
    max: 12,
    doc: `One more doubles the time on air, and the range grows by about a quarter. ${THAT_OF_THE_REGION}`,
  }),
  coding_rate: whole({
    default: channel.codingRate,
    min: 5,
    max: 8,
    doc: `The denominator of the code rate 4/5 to 4/8. ${THAT_OF_THE_REGION}`,
  }),
  tx_power_dbm: whole({
    default: channel.txPowerDbm,
    min: 0,
    max: 37,
    unit: 'dBm',
    doc: `What the transmitter feeds into the antenna. ${THAT_OF_THE_REGION}`,
  }),
  antenna_gain_dbi: decimal({
    default: 2.15,
    min: -20,
    max: 40,
    unit: 'dBi',
    doc: 'The gain of the antenna, less the loss of its cable. What the law limits is the power with it.',
  }),
  duty_cycle: choice(['legal', 'lifted'], {
    default: 'legal',
    doc:
      'legal keeps to the time on air that the region allows in any hour. lifted sends without a limit of time, for ' +
      'radio amateurs and laboratories that may; the log says so at every start.',
  }),
  network_key_file: path({
    default: '',
    min: 0,
    doc:
      'A file with the key of the radio network, 64 hexadecimal digits, readable by its owner alone. With a key, only ' +
      "frames of those who have it too are taken. Empty for none. Relative to this file's folder.",
  }),
  network_key: secret('64 hexadecimal digits', (text) => /^([0-9a-f]{64})?$/i.test(text), {
    default: '',
    doc: 'The key itself, where a file will not do. It is never shown.',
  }),
})

/** One radio, with every key present. */
export type LoraConfig = ValueOf<typeof RADIO>

export const LORA = tableList({
  doc: 'LoRa radios.',
  entry: RADIO,
  required: ['port'],
  max: 16,
  complete: (given: Row): LoraConfig => {
    const region = (given['region'] ?? RADIO.members.region.default) as RegionId
    const defaults = Object.entries(RADIO.members).map(([name, key]) => [name, key.default] as const)
    const { frequencyHz, bandwidthHz, spreadingFactor, codingRate, txPowerDbm } = REGIONS[region].channel
    return {
      ...(Object.fromEntries(defaults) as LoraConfig),
      frequency_hz: frequencyHz,
      bandwidth_hz: bandwidthHz,
      spreading_factor: spreadingFactor,
      coding_rate: codingRate,
      tx_power_dbm: txPowerDbm,
      ...given,
    }
  },
  *check(radios): Iterable<Finding> {
    for (const [index, radio] of radios.entries()) {
      const first = radios.findIndex(({ port }) => withTcpPort(port) === withTcpPort(radio.port))
      if (first < index) {
        const complaint = `transport.lora[${first + 1}] has the same port: write one table for each radio`
        yield { index, key: 'port', complaint }
      }
      if (radio.network_key !== '' && radio.network_key_file !== '') {
        yield { index, key: 'network_key', complaint: 'set network_key_file or network_key, not both' }
      }
      const checked = checkChannel(REGIONS[radio.region], {
        frequencyHz: radio.frequency_hz,
        bandwidthHz: radio.bandwidth_hz,
        powerDbm: radio.tx_power_dbm,
        antennaGainDbi: radio.antenna_gain_dbi,
      })
      if (!checked.ok) {
        yield { index, key: KEYS[checked.setting], complaint: `${checked.reason}: ${checked.advice}` }
      }
    }
  },
})

const KEYS: Readonly<Record<RefusedChannel['setting'], keyof LoraConfig>> = {
  frequencyHz: 'frequency_hz',
  bandwidthHz: 'bandwidth_hz',
  powerDbm: 'tx_power_dbm',
  antennaGainDbi: 'antenna_gain_dbi',
}

function isPort(text: string): boolean {
  const remote = /^tcp:\/\/(.*)$/.exec(withTcpPort(text))?.[1]
  if (remote !== undefined) return (parseHostPort(remote)?.port ?? 0) > 0
  return /^(\/\S+|COM\d{1,3})$/.test(text)
}

/** The port of an RNode with WiFi is always the same, and may be left out. */
function withTcpPort(port: string): string {
  return /^tcp:\/\/(\[[^\]]*\]|[^:]*)$/.test(port) ? `${port}:7633` : port
}
