import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Lab } from './lab.ts'
import { CARRIERS, meet, startRelay } from './meeting.ts'
import type { MeshNode } from './mesh-node.ts'
import { labMissing } from './system.ts'

const skip = labMissing() ?? false
const PATIENCE_MS = 15_000

for (const carrier of CARRIERS) {
  describe(`two nodes behind NATs, over ${carrier}`, { skip }, () => {
    let lab: Lab
    let relay: MeshNode

    before(async () => {
      lab = await Lab.open()
      relay = await startRelay(lab, carrier)
    })

    after(() => lab[Symbol.asyncDispose]())

    test('talk through the relay where neither can be dialled', async () => {
      const { directMs } = await meet(lab, relay, carrier, ['port-restricted', 'symmetric'], 0)
      assert.equal(directMs, undefined)
    })

    for (const kinds of [
      ['firewall', 'none'],
      ['none', 'symmetric'],
    ] as const) {
      test(`come to a direct link where one of them can be dialled: ${kinds.join(' and ')}`, async () => {
        const { directMs } = await meet(lab, relay, carrier, kinds, PATIENCE_MS)
        assert.ok(directMs !== undefined)
      })
    }

    // QUIC calls from another port than it listens on: there is no hole that both ends know of.
    if (carrier === 'quic') return
    test('come to a direct link through two NATs, each calling the other at one moment', async () => {
      const { directMs } = await meet(
        lab,
        relay,
        carrier,
        ['port-restricted', 'port-restricted'],
        PATIENCE_MS,
      )
      assert.ok(directMs !== undefined)
    })
  })
}
