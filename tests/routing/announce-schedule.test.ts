import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AnnounceSchedule } from '../../src/routing/announce-schedule.ts'
import { seededRandom } from '../../src/runtime/random.ts'

function schedule(): AnnounceSchedule {
  return new AnnounceSchedule(
    { intervalMs: 600_000, minSpacingMs: 1000, jitterMs: 100 },
    seededRandom('schedule'),
  )
}

describe('AnnounceSchedule', () => {
  it('announces at once and then once an interval, give or take a tenth', () => {
    const times = schedule()
    assert.equal(times.takeOwn(0), true)
    let last = 0
    for (let round = 0; round < 50; round++) {
      const due = times.nextDue
      assert.ok(due - last >= 540_000 && due - last <= 660_000, `${due - last} ms`)
      assert.equal(times.takeOwn(due - 1), false)
      assert.equal(times.takeOwn(due), true)
      last = due
    }
  })

  it('keeps a second between announces however often it is triggered', () => {
    const times = schedule()
    let announces = 0
    for (let now = 0; now < 10_000; now += 10) {
      times.triggerOwn(now)
      if (times.takeOwn(now)) announces += 1
    }
    assert.equal(announces, 10)
  })

  it('relays each row once, within the jitter', () => {
    const times = schedule()
    times.takeOwn(0)
    for (let row = 0; row < 20; row++) {
      times.relay(row, 1000)
      times.relay(row, 1000)
    }
    assert.deepEqual(times.takeRelayed(999), [])
    const taken: number[] = []
    while (times.waiting > 0) {
      const due = times.nextDue
      assert.ok(due >= 1000 && due < 1100)
      taken.push(...times.takeRelayed(due))
    }
    assert.deepEqual(
      taken.toSorted((a, b) => a - b),
      [...Array(20).keys()],
    )
    assert.ok(
      new Set(taken).size === 20 && taken.some((row, index) => row !== index),
      'the order is jittered',
    )
  })
})
