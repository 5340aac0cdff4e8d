/**
 * hopwire: a P2P mesh node for Node.js. Everything an embedder needs; the parts to write a transport, a store
 * or a service of one's own included. Simulated clocks and the compliance suites are in `hopwire/testing`.
 *
 * @module
 */

export { type Config, type LoadedConfig, loadConfig, type PartialConfig } from './config/config.ts'
// The ground.
export type { CryptoProvider } from './crypto/provider/provider.ts'
export { Address } from './identity/address.ts'
// Who it is, and how it is set up.
export { Identity } from './identity/identity.ts'
export type { Processed } from './node/data-path.ts'
export type { Delivery, DeliveryState, Milestone } from './node/delivery.ts'
export type { MeshNodeEvents } from './node/events.ts'
export { type FormerKey, loadFormerKeys, rotateKey } from './node/key-rotation.ts'
// A node and what it does.
export { MeshNode } from './node/mesh-node.ts'
export type { MeshNodeOptions } from './node/options.ts'
export type { RunHandle, ShutdownOptions, ShutdownReport } from './node/run-handle.ts'
export type { TraceHop } from './node/tracer.ts'
// What a node shows of itself.
export type { HealthCheck, HealthReport, HealthStatus } from './observability/health.ts'
export type {
  AlternateView,
  KnownAddressView,
  MetricsSnapshot,
  NeighbourView,
  PathView,
  StatusView,
} from './observability/snapshot.ts'
export type { Coverage } from './routing/rebroadcast.ts'
export type { Clock, Timer } from './runtime/clock.ts'
export { type ErrorCode, MeshError } from './runtime/errors.ts'
export { createLogger, type Logger, silentLogger } from './runtime/logger.ts'
export type { Random } from './runtime/random.ts'
export type { SendOptions } from './services/send-options.ts'

// Services.
export type { IncomingMessage, Service, ServiceContext } from './services/service.ts'
// Stores, and the seam for others.
export { memoryStore } from './store/memory.ts'
export { sqliteStore } from './store/sqlite/sqlite-store.ts'
export type {
  MessageKey,
  MessageStore,
  PutOutcome,
  StoredDelivery,
  StoredMessage,
  StoredRow,
  StoreStats,
} from './store/store.ts'
// Transports, and the seam for others.
export type { Admission, AdmissionHook, AdmissionRules, Candidate, Rejection } from './transport/admission.ts'
export type { ReachOptions } from './transport/internet/options.ts'
export { type QuicOptions, quic } from './transport/internet/quic.ts'
export { type RelayOptions, relay } from './transport/internet/relay.ts'
export { type TcpOptions, tcp } from './transport/internet/tcp.ts'
export { type CryptoMode, type LinkClass, linkClassOf } from './transport/link-class.ts'
export { type LoraOptions, lora } from './transport/lora/lora.ts'
export { type MemoryOptions, memory } from './transport/memory/memory.ts'
export { MemoryNetwork } from './transport/memory/network.ts'
export type { RadioChannel, RadioDuty, RadioFigures, RadioTelemetry } from './transport/radio-figures.ts'
export type {
  AddressReach,
  DialTarget,
  Link,
  LinkHost,
  LinkProfile,
  Transport,
  TransportComponents,
  TransportCounters,
  TransportFactory,
} from './transport/transport.ts'
export type { PriorityName } from './wire/frame.ts'
