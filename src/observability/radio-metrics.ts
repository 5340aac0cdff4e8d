/** The metrics of radios; a node without one has none of them. */
import type { RadioFigures } from '../transport/radio-figures.ts'
import { type MetricSpec, metric } from './metric-spec.ts'

function perRadio(
  type: MetricSpec['type'],
  name: string,
  help: string,
  value: (radio: RadioFigures) => number | undefined,
): MetricSpec {
  return metric(type, name, ['port'], help, ({ node }) => node.radios.map((r) => [value(r), r.port]))
}

export const RADIO_METRICS: readonly MetricSpec[] = [
  perRadio('gauge', 'hopwire_lora_up', 'Whether the modem is up: 1, otherwise 0.', (r) => Number(r.isUp)),
  perRadio(
    'counter',
    'hopwire_lora_airtime_seconds_total',
    'Time on air of what this node sent.',
    (r) => r.airtimeSeconds,
  ),
  metric(
    'gauge',
    'hopwire_lora_duty_cycle_ratio',
    ['port', 'band'],
    'Share of the airtime that the law allows in an hour which the last hour has used, 0 to 1.',
    ({ node }) =>
      node.radios.flatMap(({ port, duty }) => {
        if (duty === undefined || duty.isLifted) return []
        return [[duty.usedSeconds / duty.budgetSeconds, port, duty.band]]
      }),
  ),
  perRadio(
    'gauge',
    'hopwire_lora_queue_seconds',
    'How long until all that waits now has left.',
    (r) => r.queueSeconds,
  ),
  perRadio('gauge', 'hopwire_lora_neighbours', 'Neighbours in reach.', (r) => r.neighbours),
  perRadio('counter', 'hopwire_lora_packets_sent_total', 'Packets that left.', (r) => r.packetsSent),
  perRadio(
    'counter',
    'hopwire_lora_packets_received_total',
    'Packets that were heard.',
    (r) => r.packetsReceived,
  ),
  perRadio(
    'counter',
    'hopwire_lora_retransmissions_total',
    'Frames and pieces of frames that were sent again.',
    (r) => r.retransmissions,
  ),
  perRadio(
    'gauge',
    'hopwire_lora_channel_load_ratio',
    'Share of the last 15 s in which the modem found the channel in use.',
    (r) => r.modem.channelLoad,
  ),
  perRadio(
    'gauge',
    'hopwire_lora_noise_floor_dbm',
    'What the modem hears while nobody sends.',
    (r) => r.modem.noiseFloorDbm,
  ),
  perRadio(
    'gauge',
    'hopwire_lora_battery_ratio',
    'How full the battery of the modem is.',
    (r) => r.modem.batteryShare,
  ),
  perRadio(
    'gauge',
    'hopwire_lora_temperature_celsius',
    'Temperature of the modem.',
    (r) => r.modem.temperatureC,
  ),
]
