import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type NeighbourView, neighbourCount } from '../../src/observability/snapshot.ts'

test('a neighbour counts once however many links there are to it, and not before it is known', () => {
  const link = { transport: 'tcp', remote: 'x', direction: 'inbound', latencyMs: 1, queuedBytes: 0 } as const
  const links: NeighbourView[] = [
    { ...link, address: 'a' },
    { ...link, address: 'a', transport: 'quic' },
    { ...link, address: 'b' },
    link,
  ]
  assert.equal(neighbourCount(links), 2)
})
