import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { AnnounceQueue, MAX_WAITING_CONSTRAINED } from '../../src/routing/announce-queue.ts'

const FAST = { bitsPerSecond: 1e8, broadcast: false }
/** SF8 at 125 kHz. */
const RADIO = { bitsPerSecond: 3125, broadcast: true }
const ANNOUNCE_BYTES = 113

/** Row r is r hops away, and its frame says which it is. */
const paths = {
  hopsOf: (row: number): number => row,
  frameOf: (row: number): Uint8Array => new Uint8Array(ANNOUNCE_BYTES).fill(row & 0xff),
}
const always = (): boolean => true

function rowsOf(frames: readonly Uint8Array[]): number[] {
  return frames.map((frame) => frame[0] as number)
}

describe('announces for a fast link', () => {
  it('leave nearest first, the own one before all', () => {
    const queue = new AnnounceQueue(FAST, 0)
    for (const row of [9, 3, 7]) queue.add(row, 0)
    queue.addOwn(new Uint8Array(1).fill(200), 0)
    assert.deepEqual(rowsOf(queue.take(0, paths, always)), [200, 3, 7, 9])
    assert.equal(queue.nextDue, Number.POSITIVE_INFINITY)
  })

  it('leave for those who have asked before the others', () => {
    const queue = new AnnounceQueue(FAST, 0)
    queue.add(3, 0)
    queue.add(9, 0)
    queue.addAsked(9, 0)
    assert.deepEqual(rowsOf(queue.take(0, paths, always)), [9, 3])
  })

  it('wait once, however often they are renewed', () => {
    const queue = new AnnounceQueue(FAST, 0)
    queue.add(3, 0)
    queue.add(3, 0)
    queue.addOwn(new Uint8Array(1).fill(201), 0)
    queue.addOwn(new Uint8Array(1).fill(202), 0)
    assert.deepEqual(rowsOf(queue.take(0, paths, always)), [202, 3])
  })

  it('are dropped when the neighbour may not hear of them any more', () => {
    const queue = new AnnounceQueue(FAST, 0)
    for (const row of [1, 2, 3]) queue.add(row, 0)
    assert.deepEqual(rowsOf(queue.take(0, paths, (row) => row !== 2)), [1, 3])
    assert.equal(queue.waiting, 0)
  })

  it('are no more than a neighbour takes in', () => {
    const queue = new AnnounceQueue(FAST, 0)
    for (let row = 0; row < 5000; row++) queue.add(row, 0)
    let now = 0
    let sent = queue.take(now, paths, always).length
    assert.equal(sent, 1600)
    while (queue.waiting > 0) {
      now = queue.nextDue
      sent += queue.take(now, paths, always).length
      assert.ok(sent <= 1600 + 0.8 * now + 1e-6)
    }
    assert.equal(sent, 5000)
    assert.ok(now < (3400 / 800) * 1000 + 100, `took ${now} ms`)
  })
})

describe('announces for a constrained link', () => {
  it('take 2 % of its bit rate, whatever there is to tell', () => {
    const adding = fc.array(fc.record({ row: fc.nat(400), waitMs: fc.nat(60_000), asked: fc.boolean() }), {
      maxLength: 100,
    })
    fc.assert(
      fc.property(adding, (steps) => {
        const queue = new AnnounceQueue(RADIO, 0)
        let now = 0
        let bytes = 0
        for (const { row, waitMs, asked } of steps) {
          now += waitMs
          if (asked) queue.addAsked(row, now)
          else queue.add(row, now)
          for (const frame of queue.take(now, paths, always)) bytes += frame.length
          if (queue.admits(26, now)) bytes += 26
          assert.ok(bytes <= 480 + (3125 / 8) * 0.02 * (now / 1000) + 1e-6)
        }
      }),
    )
  })

  it('leave as soon as the budget allows', () => {
    const queue = new AnnounceQueue(RADIO, 0)
    for (let row = 0; row < 5; row++) queue.add(row, 0)
    assert.equal(queue.take(0, paths, always).length, 4)
    const due = queue.nextDue
    assert.equal(Math.ceil(due), Math.ceil(((5 * ANNOUNCE_BYTES - 480) / ((3125 / 8) * 0.02)) * 1000))
    assert.equal(queue.take(due - 2, paths, always).length, 0)
    assert.equal(queue.take(due, paths, always).length, 1)
  })

  it('wait in bounded number: the far ones give way', () => {
    const queue = new AnnounceQueue(RADIO, 0)
    for (let row = 1000; row > 0; row--) queue.add(row, 0)
    queue.take(0, paths, always)
    assert.ok(queue.waiting <= MAX_WAITING_CONSTRAINED)
  })
})
