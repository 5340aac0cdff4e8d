import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseReach, parseReachFile, ReachTable } from '../../../src/sim/rnode/reach.ts'

const NAMES = ['1', '2', '3']

describe('who hears whom, as people write it', () => {
  it('is a word or pairs, with strength and loss', () => {
    assert.equal(parseReach('full', NAMES), 'full')
    assert.equal(parseReach('line', NAMES), 'line')
    assert.deepEqual(parseReach('1-2,2>3', NAMES), [
      { from: '1', to: '2', oneWay: false },
      { from: '2', to: '3', oneWay: true },
    ])
    assert.deepEqual(parseReach('1-2@-110:0.25, 2-3:.5,1-3@-99.5', NAMES), [
      { from: '1', to: '2', oneWay: false, dBm: -110, loss: 0.25 },
      { from: '2', to: '3', oneWay: false, loss: 0.5 },
      { from: '1', to: '3', oneWay: false, dBm: -99.5 },
    ])
  })

  it('is refused with what is wrong', () => {
    for (const [text, why] of [
      ['', /"" is no pair/],
      ['1', /"1" is no pair of modems: such as 1-2/],
      ['1-2,', /"" is no pair/],
      ['1-4', /there is no modem "4": 1, 2, 3/],
      ['1-1', /does not hear itself/],
      ['1-2:2', /a loss is 0 to 1, not 2/],
      ['1-2@loud', /is no pair/],
    ] as const) {
      assert.throws(() => parseReach(text, NAMES), { code: 'ERR_USAGE', message: why })
    }
  })

  it('is a file in JSON', () => {
    const file =
      '{"pairs": [{"from": "1", "to": "2", "dbm": -110, "loss": 0.2, "one_way": true}, {"from": "2", "to": "3"}]}'
    assert.deepEqual(parseReachFile(file, NAMES), [
      { from: '1', to: '2', oneWay: true, dBm: -110, loss: 0.2 },
      { from: '2', to: '3', oneWay: false },
    ])
    for (const text of [
      '',
      '[]',
      '{}',
      '{"pairs": 1}',
      '{"pairs": [1]}',
      '{"pairs": [{"from": 1, "to": "2"}]}',
    ]) {
      assert.throws(() => parseReachFile(text, NAMES), { code: 'ERR_USAGE' })
    }
    assert.throws(
      () => parseReachFile('{"pairs": [{"from": "1", "to": "2", "loss": "high"}]}', NAMES),
      /numbers/,
    )
    assert.throws(() => parseReachFile('{"pairs": [{"from": "1", "to": "2", "loss": -1}]}', NAMES), /0 to 1/)
  })
})

describe('a table of who hears whom', () => {
  it('has a strength and the common loss where a pair has none of its own', () => {
    const table = new ReachTable(NAMES)
    table.setReach([
      { from: '1', to: '2', dBm: -100, loss: 0.5 },
      { from: '2', to: '3' },
    ])
    table.setLoss(0.1)
    assert.deepEqual(table.path('2', '1'), { dBm: -100, loss: 0.5 })
    assert.deepEqual(table.path('3', '2'), { dBm: -90, loss: 0.1 })
    assert.equal(table.path('1', '3'), undefined)
    table.setReach('positions')
    assert.deepEqual(table.path('1', '3'), { loss: 0.1 })
    table.setPath('1', '3', undefined)
    assert.equal(table.path('1', '3'), undefined)
    assert.deepEqual(table.path('3', '1'), { loss: 0.1 })
  })
})
