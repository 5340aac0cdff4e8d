import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MeshNode } from '../../src/node/mesh-node.ts'

test('a node without a transport runs, and is not well', async () => {
  const node = await MeshNode.create({ transports: [] })
  await using run = await node.run()
  const { status, checks } = run.health()
  assert.equal(status, 'degraded')
  assert.equal(checks['transport']?.detail, 'no transport is enabled')
})
