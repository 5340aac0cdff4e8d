import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { seededRandom } from '../../../../src/runtime/random.ts'
import { Pace } from '../../../../src/transport/lora/link/pace.ts'
import { Turns } from '../../../../src/transport/lora/link/turns.ts'
import { uint16 } from '../../../wire/arbitraries.ts'

const ACCESS_MS = 400

const turnsOf = (id: number): Turns =>
  new Turns(
    () => id,
    () => ACCESS_MS,
  )

describe('turns', () => {
  it("are nobody's as long as at most one other has more to send", () => {
    const turns = turnsOf(5)
    assert.equal(turns.mayStart(100), 100)
    turns.heard(7, true, 100)
    assert.equal(turns.mayStart(100), 100)
    turns.heard(9, false, 100)
    assert.equal(turns.mayStart(100), 100)
  })

  it('go round by id: each one leaves the time to begin to those that come before it', () => {
    const ids = [10, 20, 30, 40]
    const waits = (speaker: number): number[] =>
      ids.map((own) => {
        const turns = turnsOf(own)
        for (const id of ids) if (id !== own && id !== speaker) turns.heard(id, true, 1000)
        if (speaker === own) turns.ended(1000)
        else turns.heard(speaker, true, 1000)
        return (turns.mayStart(1000) - 1000) / ACCESS_MS
      })
    assert.deepEqual(waits(10), [3, 0, 1, 2])
    assert.deepEqual(waits(30), [1, 2, 3, 0])
  })

  it('give each of those that wait another place, whoever spoke last', () => {
    fc.assert(
      fc.property(fc.uniqueArray(uint16, { minLength: 3, maxLength: 20 }), fc.nat(), (ids, who) => {
        const speaker = ids[who % ids.length] as number
        const places = ids.map((own) => {
          const turns = turnsOf(own)
          for (const id of ids) if (id !== own && id !== speaker) turns.heard(id, true, 0)
          if (speaker === own) turns.ended(0)
          else turns.heard(speaker, true, 0)
          return turns.mayStart(0) / ACCESS_MS
        })
        assert.deepEqual(
          places.sort((a, b) => a - b),
          ids.map((_, i) => i),
        )
      }),
    )
  })

  it('are over for those that have said so or were not heard for a minute', () => {
    const turns = turnsOf(40)
    for (const id of [10, 20, 30]) turns.heard(id, true, 0)
    turns.heard(5, false, 1)
    assert.equal(turns.mayStart(1), 1 + 3 * ACCESS_MS)
    turns.heard(10, false, 2)
    assert.equal(turns.waiting, 2)
    assert.equal(turns.mayStart(60_000), 60_000)
    assert.equal(turns.waiting, 0)
  })

  it('remember 64 others at most', () => {
    const turns = turnsOf(0)
    for (let id = 1; id <= 1000; id++) turns.heard(id, true, id)
    assert.equal(turns.waiting, 64)
  })
})

describe('the pace', () => {
  const paceOf = (): Pace =>
    new Pace(
      () => 1,
      () => ACCESS_MS,
      () => 24,
      seededRandom('pace'),
    )
  const head = { keyed: false, more: true, urgent: false, sender: 2, isLong: false, counter: 1 }

  it('has long runs of bulk, shorter ones the more wait, and short ones while people talk', () => {
    const pace = paceOf()
    assert.equal(pace.runMs(0), 8000)
    for (let sender = 2; sender < 7; sender++) pace.heard({ ...head, sender }, 10, 0)
    assert.equal(pace.runMs(0), 4000)
    pace.heard({ ...head, urgent: true }, 10, 1000)
    assert.equal(pace.runMs(60_999), 1500)
    assert.equal(pace.runMs(61_000), 4000)
  })

  it('takes the channel for crowded when a fifth of the time is used, heard or sent', () => {
    const pace = paceOf()
    pace.heard(head, 2500, 0)
    assert.ok(!pace.isCrowded(0))
    pace.sent(1000, false, 0)
    assert.ok(pace.isCrowded(0))
    assert.ok(!pace.isCrowded(10_000))
  })

  it('begins somewhere within a slot where the channel is crowded, and keeps to it until it has', () => {
    const pace = paceOf()
    assert.equal(pace.mayStart(500), 500)
    pace.heard({ ...head, more: false }, 9000, 500)
    const at = pace.mayStart(500)
    assert.ok(at > 500 && at < 524)
    assert.equal(pace.mayStart(510), at)
    pace.sent(10, false, 530)
    assert.notEqual(pace.mayStart(530), at)
  })
})
