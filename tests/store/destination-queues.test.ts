import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DestinationQueues } from '../../src/store/sqlite/destination-queues.ts'

const MAX_HASH = 2 ** 48 - 1
const MAX_ROW = 2 ** 45 - 1

describe('DestinationQueues', () => {
  it('orders by priority, then row, up to the largest of both', () => {
    const queues = new DestinationQueues()
    for (const [priority, row] of [
      [255, MAX_ROW],
      [255, 1],
      [0, MAX_ROW],
      [1, 7],
      [0, 2],
    ] as const) {
      queues.add(MAX_HASH, priority, row)
    }
    assert.deepEqual([...queues.rowsFor(MAX_HASH)], [2, MAX_ROW, 7, 1, MAX_ROW])
    queues.delete(MAX_HASH, 255, 2)
    queues.delete(MAX_HASH, 1, 7)
    assert.deepEqual([...queues.rowsFor(MAX_HASH)], [2, MAX_ROW, 1, MAX_ROW])
  })

  it('keeps nothing of a destination without rows', () => {
    const queues = new DestinationQueues()
    queues.add(1, 0, 1)
    queues.add(2, 0, 2)
    queues.delete(1, 0, 1)
    queues.delete(3, 0, 1)
    assert.deepEqual([...queues.hashes()], [2])
    assert.deepEqual([...queues.rowsFor(1)], [])
  })
})
