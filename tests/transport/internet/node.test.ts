import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { addressOf } from '../../../src/transport/internet/node.ts'
import { RawNeighbour } from './raw-neighbour.ts'
import { newIdentity } from './tcp-bench.ts'

describe('the libp2p node', () => {
  it('has the peer id of the mesh identity, and the identity of a peer id', async (test) => {
    const identity = newIdentity('a')
    const { node } = await RawNeighbour.start(identity, test.signal)
    test.after(() => node.stop())
    assert.equal(node.peerId.toString(), identity.peerId)
    assert.ok(addressOf(node.peerId).equals(identity.address))
  })

  it('offers nothing but the link', async (test) => {
    const { node } = await RawNeighbour.start(newIdentity('a'), test.signal)
    test.after(() => node.stop())
    assert.deepEqual(node.getProtocols(), ['/hopwire/1'])
  })

  it('takes no peer for a neighbour whose key is not Ed25519', async () => {
    const peer = peerIdFromPrivateKey(await generateKeyPair('secp256k1'))
    assert.throws(() => addressOf(peer), /nodes have Ed25519 keys/)
  })

  it('lets thirty neighbours of one host in at once, and forgets them when they go', {
    timeout: 30_000,
  }, async (test) => {
    const relay = await RawNeighbour.start(newIdentity('relay'), test.signal)
    test.after(() => relay.stop())
    const callers = await Promise.all(
      Array.from({ length: 30 }, (_, n) => RawNeighbour.start(newIdentity(`caller ${n}`), test.signal)),
    )
    test.after(() => Promise.all(callers.map((caller) => caller.stop())))
    await Promise.all(callers.map((caller) => caller.dial(relay.address)))
    assert.equal(relay.node.getConnections().length, 30)
    await Promise.all(callers.map((caller) => caller.stop()))
    while ((await relay.node.peerStore.all()).length > 0) {
      test.signal.throwIfAborted()
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.deepEqual(relay.node.getPeers(), [])
  })
})
