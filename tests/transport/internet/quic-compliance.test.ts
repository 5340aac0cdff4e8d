import { transportCompliance } from '../../../src/testing/transport-compliance.ts'
import { quic } from '../../../src/transport/internet/quic.ts'
import { componentsOf, newIdentity } from './tcp-bench.ts'

transportCompliance('quic', async (hostA, hostB) => {
  const identityA = newIdentity('a')
  const identityB = newIdentity('b')
  const b = quic({ listen: ['/ip4/127.0.0.1/udp/0/quic-v1'] })(componentsOf(identityB))
  await b.start(hostB)
  const [address = ''] = b.listenAddresses
  const a = quic({ peers: [address] })(componentsOf(identityA))
  await a.start(hostA)
  return {
    a,
    b,
    addressA: identityA.address,
    addressB: identityB.address,
    rival: () => quic({ listen: [address.replace(/\/p2p\/.*/, '')] })(componentsOf(newIdentity('rival'))),
  }
})
