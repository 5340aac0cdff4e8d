import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../src/sim/clock.ts'
import { GroupCommit } from '../../src/store/sqlite/group-commit.ts'
import { ALICE } from './fixtures/messages.ts'

describe('GroupCommit', () => {
  it('tries failed deletions again once a second, however many more there are', () => {
    const clock = new VirtualClock()
    let isBroken = true
    const writes: { at: number; rows: number }[] = []
    const group = new GroupCommit(clock, ({ deletions }) => {
      writes.push({ at: clock.monotonic(), rows: deletions.length })
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

  it('forgets deliveries whose write failed, and so never has more than a chunk of them', () => {
    const clock = new VirtualClock()
    let isBroken = true
    const writes: number[] = []
    const group = new GroupCommit(clock, ({ deliveries }) => {
      writes.push(deliveries.length)
      if (isBroken) throw new Error('broken disk')
    })
    for (let sequence = 0; sequence < 700; sequence++) {
      group.remember({ source: ALICE, created: 1, sequence, endsAt: 2 })
    }
    clock.advance(5000)
    assert.deepEqual(writes, [256, 256, 188])
    isBroken = false
    group.remember({ source: ALICE, created: 1, sequence: 0, endsAt: 2 })
    clock.advance(5000)
    assert.deepEqual(writes.slice(3), [1])
  })
})
