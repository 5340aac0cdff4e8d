import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AnnounceSchedule } from '../../src/routing/announce-schedule.ts'
import { seededRandom } from '../../src/runtime/random.ts'

function schedule(): AnnounceSchedule<string> {
  return new AnnounceSchedule(
    { intervalMs: 600_000, minSpacingMs: 1000, jitterMs: 100 },
    seededRandom('schedule'),
  )
}

describe('AnnounceSchedule', () => {
  it('announces soon after the first link is up and then once an interval, give or take a tenth', () => {
    const times = schedule()
    assert.equal(times.nextDue, Number.POSITIVE_INFINITY)
    times.triggerOwn(0)
    assert.equal(times.takeOwn(49), false)
    assert.equal(times.takeOwn(50), true)
    let last = 50
    for (let round = 0; round < 50; round++) {
      const due = times.nextDue
      assert.ok(due - last >= 540_000 && due - last <= 660_000, `${due - last} ms`)
      assert.equal(times.takeOwn(due - 1), false)
      assert.equal(times.takeOwn(due), true)
      last = due
    }
  })

  it('becomes rarer while links keep changing, and quick again after a minute of quiet', () => {
    const times = schedule()
    const announced: number[] = []
    for (let now = 0; now <= 30_000; now += 10) {
      times.triggerOwn(now)
      if (times.takeOwn(now)) announced.push(now)
    }
    assert.deepEqual(announced, [50, 1050, 3050, 7050, 15_050, 23_050])
    times.triggerOwn(90_001)
    assert.ok(times.takeOwn(90_051))
    times.triggerOwn(90_100)
    assert.equal(times.nextDue, 92_051)
  })

  it('lets one who asks have a fresh announce, but one a second', () => {
    const times = schedule()
    assert.ok(times.mayAnswer(0))
    times.made(0)
    assert.ok(!times.mayAnswer(999))
    assert.ok(times.mayAnswer(1000))
  })

  it('notes who knows what waits, until it is about another path', () => {
    const times = schedule()
    times.relay(1, 0)
    times.isKnown(1, 'east')
    times.isKnown(2, 'west')
    assert.deepEqual(times.takeRelayed(100), [{ row: 1, known: ['east'] }])
    times.relay(1, 200)
    times.isKnown(1, 'east')
    times.relay(1, 210)
    assert.deepEqual(times.takeRelayed(300), [{ row: 1, known: [] }])
  })

  it('relays each row once, within the jitter', () => {
    const times = schedule()
    for (let row = 0; row < 20; row++) {
      times.relay(row, 1000)
      times.relay(row, 1000)
    }
    assert.deepEqual(times.takeRelayed(999), [])
    const taken: number[] = []
    while (times.waiting > 0) {
      const due = times.nextDue
      assert.ok(due >= 1000 && due < 1100)
      taken.push(...times.takeRelayed(due).map(({ row }) => row))
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
