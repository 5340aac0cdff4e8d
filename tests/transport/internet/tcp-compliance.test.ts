import { transportCompliance } from '../../../src/testing/transport-compliance.ts'
import { makeTcp, newIdentity } from './tcp-bench.ts'

transportCompliance('tcp', async (hostA, hostB) => {
  const identityA = newIdentity('a')
  const identityB = newIdentity('b')
  const b = makeTcp(identityB, { listen: ['/ip4/127.0.0.1/tcp/0'] })
  await b.start(hostB)
  const [address = ''] = b.listenAddresses
  const a = makeTcp(identityA, { peers: [address] })
  await a.start(hostA)
  return {
    a,
    b,
    addressA: identityA.address,
    addressB: identityB.address,
    rival: () => makeTcp(newIdentity('rival'), { listen: [address.replace(/\/p2p\/.*/, '')] }),
  }
})
