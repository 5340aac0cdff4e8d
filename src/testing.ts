/**
 * For those who write a transport, store, service or clock of their own, or test what they build on hopwire:
 * virtual time, seeded randomness, a network in memory, emulated LoRa modems, and the suites that every
 * implementation passes. The suites register tests with `node:test`.
 *
 * @module
 */
export { seededRandom } from './runtime/random.ts'
export { BYZANTINE_KINDS, type ByzantineKind } from './sim/byzantine.ts'
export { VirtualClock } from './sim/clock.ts'
export type { Clog, DirectionModel, GilbertElliott, LinkModel } from './sim/link-model.ts'
export type { AirLoss } from './sim/radio/medium.ts'
export type { EmulatedModem } from './sim/rnode/modem.ts'
export {
  type AirEvent,
  EmulatedAir,
  type EmulatedAirOptions,
  type EmulatedModemOptions,
} from './sim/rnode/network.ts'
export { burstyLoss } from './sim/rnode/reach.ts'
export {
  type CrashOptions,
  type Flow,
  type FlowState,
  type Oracle,
  type SimNode,
  Simulation,
  type SimulationOptions,
  type Traffic,
  type Violation,
} from './sim/simulation.ts'
export { type ClockUnderTest, clockCompliance, randomCompliance } from './testing/clock-random-compliance.ts'
export { cryptoProviderCompliance } from './testing/crypto-compliance.ts'
export { serviceCompliance } from './testing/service-compliance.ts'
export { messageStoreCompliance, type StoreFactory, type StoreUnderTest } from './testing/store-compliance.ts'
export {
  type TransportPair,
  type TransportPairFactory,
  transportCompliance,
} from './testing/transport-compliance.ts'
export { memory } from './transport/memory/memory.ts'
export { MemoryNetwork } from './transport/memory/network.ts'
