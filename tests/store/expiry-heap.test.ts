import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ExpiryHeap, type HeapEntry } from '../../src/store/expiry-heap.ts'
import { message } from './fixtures/messages.ts'

/** The rows in the order in which the heap yields them. */
function emptied(heap: ExpiryHeap): number[] {
  const rows: number[] = []
  for (let { first } = heap; first !== undefined; { first } = heap) {
    rows.push(first.stored.row)
    heap.delete(first)
  }
  return rows
}

describe('ExpiryHeap', () => {
  it('moves an entry up that takes the place of one in another branch', () => {
    const heap = new ExpiryHeap()
    const entries = [0, 100, 1, 101, 102, 2, 3].map((expiresAt, row) => ({
      stored: { ...message(row), expiresAt, row },
      heapIndex: 0,
    }))
    for (const entry of entries) heap.add(entry)
    heap.delete(entries[3] as HeapEntry)
    assert.deepEqual(emptied(heap), [0, 2, 5, 6, 1, 4])
  })

  it('yields what is left in order, whatever was taken out of its middle', () => {
    const times = fc.array(fc.nat(1000), { maxLength: 60, size: 'max' })
    fc.assert(
      fc.property(times, fc.array(fc.nat(), { maxLength: 40, size: 'max' }), (ends, picks) => {
        const heap = new ExpiryHeap()
        const entries: HeapEntry[] = ends.map((expiresAt, row) => ({
          stored: { ...message(row), expiresAt, row },
          heapIndex: 0,
        }))
        for (const entry of entries) heap.add(entry)
        for (const pick of picks) {
          const [entry] = entries.splice(pick % Math.max(1, entries.length), 1)
          if (entry !== undefined) heap.delete(entry)
        }
        const expected = entries
          .map(({ stored }) => stored)
          .sort((a, b) => a.expiresAt - b.expiresAt || a.row - b.row)
        assert.deepEqual(
          emptied(heap),
          expected.map(({ row }) => row),
        )
      }),
    )
  })
})
