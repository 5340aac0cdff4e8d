/** hopwire as a library: two nodes in one process find each other, talk, and stop. `node examples/embed.ts` */
import { once } from 'node:events'
import { Identity, MeshNode, tcp } from 'hopwire'
import { ECHO, echo } from './echo.ts'

const listen = ['/ip4/127.0.0.1/tcp/0']

const bob = await MeshNode.create({
  identity: Identity.generate(),
  transports: [tcp({ listen })],
  services: [echo()],
})
await using bobRuns = await bob.run()

const alice = await MeshNode.create({
  transports: [tcp({ listen, peers: [...bobRuns.listenAddresses] })],
})
const found = once(alice, 'pathFound')
await using _aliceRuns = await alice.run()
await found

bob.on('message', (message) => {
  console.log(`bob got '${new TextDecoder().decode(message.payload)}' from ${message.from}`)
})
const delivery = await alice.send(bob.address, new TextEncoder().encode('hello over the mesh'))
await delivery.reached('delivered', { signal: AbortSignal.timeout(5000) })
console.log(`message ${delivery.id} is ${delivery.state}`)

await alice.send(bob.address, new TextEncoder().encode('…'), { service: ECHO })
