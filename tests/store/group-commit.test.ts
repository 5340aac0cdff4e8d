import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../src/sim/clock.ts'
import { GroupCommit } from '../../src/store/sqlite/group-commit.ts'

describe('GroupCommit', () => {
  it('tries failed deletions again once a second, however many more there are', () => {
    const clock = new VirtualClock()
    let isBroken = true
    const writes: { at: number; rows: number }[] = []
    const group = new GroupCommit(clock, (rows) => {
      writes.push({ at: clock.monotonic(), rows: rows.length })
      if (isBroken) throw new Error('broken disk')
    })
    const rows = Array.from({ length: 300 }, (_, index) => index)
    group.delete(rows.slice(0, 1))
    clock.advance(100)
    for (const row of rows) group.delete([row])
    clock.advance(1999)
    assert.deepEqual(writes, [
      { at: 100, rows: 1 },
      { at: 1100, rows: 256 },
    ])
    isBroken = false
    clock.advance(1000)
    assert.deepEqual(writes.slice(2), [
      { at: 2100, rows: 256 },
      { at: 2102, rows: 44 },
    ])
    assert.equal(group.isDeleted(299), false)
    clock.advance(10_000)
    assert.equal(writes.length, 4)
  })
})
