import { defaultProvider } from '../../../src/crypto/provider/select.ts'
import { Identity } from '../../../src/identity/identity.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { seededRandom } from '../../../src/runtime/random.ts'
import { VirtualClock } from '../../../src/sim/clock.ts'
import { transportCompliance } from '../../../src/testing/transport-compliance.ts'
import { memory } from '../../../src/transport/memory/memory.ts'
import { MemoryNetwork } from '../../../src/transport/memory/network.ts'

transportCompliance('memory', async (hostA, hostB) => {
  const clock = new VirtualClock()
  let isRunning = true
  const pump = async (): Promise<void> => {
    while (isRunning) await clock.advanceAsync(1)
  }
  const pumping = pump()
  const network = new MemoryNetwork(clock)
  const random = seededRandom('memory compliance')
  const crypto = defaultProvider()
  const identityA = Identity.generate(random)
  const identityB = Identity.generate(random)
  const make = (identity: Identity) =>
    memory({ network })({ identity, crypto, clock, random, logger: silentLogger })
  const a = make(identityA)
  const b = make(identityB)
  await a.start(hostA)
  await b.start(hostB)
  network.connect(identityA.address, identityB.address, { latencyMs: 3, bitsPerSecond: 1e8 })
  return {
    a,
    b,
    addressA: identityA.address,
    addressB: identityB.address,
    rival: () => make(identityB),
    async dispose() {
      isRunning = false
      await pumping
    },
  }
})
