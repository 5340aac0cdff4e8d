/** What a node is made from, and what it takes where nothing is said. */
import { isAbsolute, join } from 'node:path'
import { type Config, type PartialConfig, resolveConfig } from '../config/config.ts'
import type { CryptoProvider } from '../crypto/provider/provider.ts'
import { selectProvider } from '../crypto/provider/select.ts'
import { Identity } from '../identity/identity.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { type Logger, silentLogger } from '../runtime/logger.ts'
import { type Random, systemRandom } from '../runtime/random.ts'
import type { Service } from '../services/service.ts'
import { memoryStore } from '../store/memory.ts'
import { sqliteStore } from '../store/sqlite/sqlite-store.ts'
import { MAX_DELIVERIES, type MessageStore } from '../store/store.ts'
import { AddressBook } from '../transport/address-book.ts'
import { AdmissionControl, type AdmissionHook } from '../transport/admission.ts'
import type { TransportFactory } from '../transport/transport.ts'
import { admissionOf } from './admission-rules.ts'
import { transportsOf } from './from-config.ts'
import type { FormerKey } from './key-rotation.ts'
import { PathFileStore } from './path-file-store.ts'
import { SuccessionStore } from './succession-store.ts'

export interface MeshNodeOptions {
  /** Who the node is. Default: a new identity that nobody will know again. */
  readonly identity?: Identity
  /** The keys it had before, as `loadFormerKeys` gives them: it answers to their addresses for a while. */
  readonly formerKeys?: readonly FormerKey[]
  /**
   * A part of what hopwire.toml holds, in the same shape. Where nothing is said, a library node is modest:
   * it listens on a free port of the loopback interface, serves no HTTP, and keeps its store in memory until
   * `node.data_dir` is given.
   */
  readonly config?: PartialConfig
  /** Decides who may have a link, after the lists of the configuration. */
  readonly admit?: AdmissionHook
  /** Instead of those the configuration describes. */
  readonly transports?: readonly TransportFactory[]
  readonly services?: readonly Service[]
  /** Instead of the one the configuration describes. */
  readonly store?: MessageStore
  readonly logger?: Logger
  /** Time and randomness, for tests and simulations. */
  readonly clock?: Clock
  readonly random?: Random
  readonly crypto?: CryptoProvider
}

/** The options with every gap filled. */
export interface NodeParts {
  readonly identity: Identity
  readonly formerKeys: readonly FormerKey[]
  readonly successionStore: SuccessionStore | undefined
  readonly pathFile: PathFileStore | undefined
  readonly config: Config
  readonly admission: AdmissionControl
  readonly addresses: AddressBook
  readonly transports: readonly TransportFactory[]
  readonly services: readonly Service[]
  readonly store: MessageStore
  readonly logger: Logger
  readonly clock: Clock
  readonly random: Random
  readonly crypto: CryptoProvider
}

/** @throws MeshError ERR_CONFIG for a configuration that cannot be used. */
export function fillOptions(options: MeshNodeOptions): NodeParts {
  const config = resolveConfig(asLibrary(options.config ?? {}))
  const clock = options.clock ?? systemClock
  const random = options.random ?? systemRandom
  const logger = options.logger ?? silentLogger
  const crypto = options.crypto ?? selectProvider(config.crypto.provider)
  return {
    identity: options.identity ?? Identity.generate(random, crypto),
    formerKeys: options.formerKeys ?? [],
    successionStore: configuredSuccessions(options.config?.node?.data_dir, logger),
    pathFile: configuredPathFile(options.config?.node?.data_dir, clock, logger),
    config,
    admission: new AdmissionControl({ ...admissionOf(config), admit: options.admit }),
    addresses: new AddressBook(),
    transports: options.transports ?? transportsOf(config, options.config?.node?.data_dir),
    services: options.services ?? [],
    store: options.store ?? configuredStore(config, options.config?.node?.data_dir, clock, logger),
    logger,
    clock,
    random,
    crypto,
  }
}

/** The defaults of the file are those of a machine's one node; an embedder may run several. */
function asLibrary(given: PartialConfig): PartialConfig {
  const { http = { enabled: false }, transport } = given
  const tcp = { ...transport?.tcp, listen: transport?.tcp?.listen ?? ['/ip4/127.0.0.1/tcp/0'] }
  const quic = { ...transport?.quic, listen: transport?.quic?.listen ?? ['/ip4/127.0.0.1/udp/0/quic-v1'] }
  return { ...given, http, transport: { ...transport, tcp, quic } }
}

function configuredSuccessions(dataDir: string | undefined, logger: Logger): SuccessionStore | undefined {
  return dataDir === undefined ? undefined : new SuccessionStore(join(dataDir, 'successions'), logger)
}

function configuredPathFile(
  dataDir: string | undefined,
  clock: Clock,
  logger: Logger,
): PathFileStore | undefined {
  return dataDir === undefined ? undefined : new PathFileStore(join(dataDir, 'paths'), clock, logger)
}

function configuredStore(
  { store, routing }: Config,
  dataDir: string | undefined,
  clock: Clock,
  logger: Logger,
): MessageStore {
  const limits = {
    maxMessages: store.max_messages,
    maxBytes: store.max_bytes,
    maxMessagesPerSource: store.max_messages_per_source,
    // More than the node recalls would be of no use.
    maxDeliveries: Math.min(routing.seen_messages, MAX_DELIVERIES),
  }
  if (store.kind === 'memory' || dataDir === undefined) return memoryStore(limits)
  const file = isAbsolute(store.path) ? store.path : join(dataDir, store.path)
  return sqliteStore({ file, limits, clock, logger })
}
