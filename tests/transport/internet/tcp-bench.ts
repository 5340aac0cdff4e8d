/** What the tests of the internet transports share. */
import { defaultProvider } from '../../../src/crypto/provider/select.ts'
import { Identity } from '../../../src/identity/identity.ts'
import { type Clock, systemClock } from '../../../src/runtime/clock.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { seededRandom, systemRandom } from '../../../src/runtime/random.ts'
import { AdmissionControl, type AdmissionOptions } from '../../../src/transport/admission.ts'
import { type TcpOptions, tcp } from '../../../src/transport/internet/tcp.ts'
import type { Transport, TransportComponents } from '../../../src/transport/transport.ts'

export const ANY_PORT = '/ip4/127.0.0.1/tcp/0'

/** The same identity for the same label, so that which of two addresses is the smaller never changes. */
export function newIdentity(label: string): Identity {
  return Identity.generate(seededRandom(`tcp tests ${label}`))
}

/** Two identities, the one with the smaller address first. */
export function orderedIdentities(): [Identity, Identity] {
  const [x, y] = [newIdentity('x'), newIdentity('y')]
  return x.address.compare(y.address) < 0 ? [x, y] : [y, x]
}

export function componentsOf(identity: Identity, clock: Clock = systemClock): TransportComponents {
  return { identity, crypto: defaultProvider(), clock, random: systemRandom, logger: silentLogger }
}

export function makeTcp(
  identity: Identity,
  options: TcpOptions = {},
  admission: AdmissionOptions = {},
): Transport {
  return tcp(options)({ ...componentsOf(identity), admission: new AdmissionControl(admission) })
}
