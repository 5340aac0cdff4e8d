import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TestMesh } from '../support/test-mesh.ts'

const RELAY = { node: { capabilities: ['relay', 'store'] } } as const

describe('a message that is too long for a link', () => {
  it('is refused at its source where that is the first link', async () => {
    const mesh = new TestMesh()
    const [a, b] = [await mesh.node('a'), await mesh.node('b')]
    mesh.network.connect(a.identity.address, b.identity.address, { mtu: 1000 })
    await mesh.clock.advanceAsync(3000)
    await assert.rejects(a.node.send(b.node.address, new Uint8Array(2000)), {
      code: 'ERR_PAYLOAD_TOO_LARGE',
      message: /2112 bytes .* \(memory\) carries 1000/,
    })
    await a.node.send(b.node.address, new Uint8Array(800))
    await mesh.clock.advanceAsync(1000)
    assert.equal(b.heard.length, 1)
    await mesh.end()
  })

  it('is reported by the relay before the link, which does not keep it', async () => {
    const mesh = new TestMesh()
    const [a, r, b] = [await mesh.node('a'), await mesh.node('r', RELAY), await mesh.node('b')]
    mesh.network.connect(a.identity.address, r.identity.address)
    mesh.network.connect(r.identity.address, b.identity.address, { mtu: 1000 })
    await mesh.clock.advanceAsync(3000)
    const delivery = await a.node.send(b.node.address, new Uint8Array(2000), { ttlMs: 20_000 })
    await mesh.clock.advanceAsync(500)
    assert.equal(delivery.reason, 'too_large')
    assert.equal(r.run.metricsSnapshot().store?.messages, 0)
    await mesh.clock.advanceAsync(30_000)
    assert.equal(delivery.state, 'expired')
    assert.equal(delivery.reason, 'too_large')
    await mesh.end()
  })
})
