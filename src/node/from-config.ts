/** What the parts call what the configuration has by its own names and units. */
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import type { LoraConfig } from '../config/lora-schema.ts'
import type { LinkLimitsConfig } from '../limits/link-limits.ts'
import { DEFAULT_JITTER_MS, DEFAULT_SPACING_MS } from '../routing/announce-schedule.ts'
import type { RouterOptions } from '../routing/router.ts'
import { MeshError, messageOf } from '../runtime/errors.ts'
import type { InternetOptions } from '../transport/internet/options.ts'
import { quic } from '../transport/internet/quic.ts'
import { relay } from '../transport/internet/relay.ts'
import { tcp } from '../transport/internet/tcp.ts'
import { type LoraOptions, legalRadio, lora } from '../transport/lora/lora.ts'
import type { TransportFactory } from '../transport/transport.ts'

export function linkLimitsOf(config: Config): LinkLimitsConfig {
  return {
    framesPerS: config.rate_limit.frames_per_s,
    bytesPerS: config.rate_limit.bytes_per_s,
    announcesPerS: config.rate_limit.announces_per_s,
    garbagePerS: config.rate_limit.garbage_per_s,
    burstS: config.rate_limit.burst_s,
  }
}

export function announcingOf(config: Config): RouterOptions['announce'] {
  return {
    intervalMs: config.announce.interval_s * 1000,
    minSpacingMs: DEFAULT_SPACING_MS,
    jitterMs: DEFAULT_JITTER_MS,
    maxAgeMs: config.announce.max_age_s * 1000,
    maxHops: config.announce.max_hops,
  }
}

/** The transports that are enabled. They share one libp2p node, and what it does to find others. */
export function transportsOf({ transport }: Config, dataDir: string | undefined): TransportFactory[] {
  const { discovery } = transport
  const reach = {
    mdns: discovery.mdns,
    relayServer: discovery.relay_server,
    holePunching: discovery.hole_punching,
    autonat: discovery.nat_detection,
    upnp: discovery.upnp,
  }
  const factories = [
    transport.tcp.enabled && tcp(internetOptions(transport.tcp, reach)),
    transport.quic.enabled && quic(internetOptions(transport.quic, reach)),
    transport.relay.enabled && relay(internetOptions(transport.relay, reach)),
    ...transport.lora
      .filter(({ enabled }) => enabled)
      .map((radio, i) => lora(loraOptions(radio, i, dataDir))),
  ]
  return factories.filter((factory) => factory !== false)
}

/**
 * What no schema can tell: whether the law leaves a radio room for a packet.
 *
 * @throws MeshError ERR_CONFIG with the key that is to be changed in its context.
 */
export function checkRadios({ transport }: Config): void {
  for (const [i, radio] of transport.lora.entries()) {
    if (!radio.enabled) continue
    try {
      legalRadio(loraOptions({ ...radio, network_key_file: '' }, i, undefined))
    } catch (error) {
      const key = `transport.lora[${i + 1}].spreading_factor`
      throw new MeshError('ERR_CONFIG', messageOf(error), { context: { key } })
    }
  }
}

interface InternetKeys {
  readonly listen?: readonly string[]
  readonly peers: readonly string[]
  readonly max_links: number
  readonly queue_bytes: number
}

function internetOptions(
  { listen = [], peers, max_links, queue_bytes }: InternetKeys,
  reach: NonNullable<InternetOptions['reach']>,
): InternetOptions {
  return { listen, peers, maxLinks: max_links, queueBytes: queue_bytes, reach }
}

function loraOptions(radio: LoraConfig, index: number, dataDir: string | undefined): LoraOptions {
  if (radio.network_key_file !== '') {
    throw new MeshError('ERR_CONFIG', 'network_key_file is for hopwire run: a library is given network_key')
  }
  return {
    name: index === 0 ? 'lora' : `lora-${index + 1}`,
    port: radio.port,
    region: radio.region,
    frequencyHz: radio.frequency_hz,
    bandwidthHz: radio.bandwidth_hz,
    spreadingFactor: radio.spreading_factor,
    codingRate: radio.coding_rate,
    txPowerDbm: radio.tx_power_dbm,
    antennaGainDbi: radio.antenna_gain_dbi,
    dutyCycle: radio.duty_cycle,
    ...(radio.network_key === '' ? {} : { networkKey: Buffer.from(radio.network_key, 'hex') }),
    ...(dataDir === undefined ? {} : { ledgerDir: join(dataDir, 'airtime') }),
  }
}
