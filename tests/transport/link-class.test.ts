import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  keepAliveOf,
  LINK_CLASSES,
  linkClassOf,
  recommendedCryptoFor,
} from '../../src/transport/link-class.ts'

describe('the class of a link', () => {
  const cases: readonly [string, number, number, string][] = [
    ['a line of 100 Mbit/s', 100_000_000, 65_680, 'unconstrained'],
    ['exactly 1 Mbit/s', 1_000_000, 1024, 'unconstrained'],
    ['a fast link with short frames', 100_000_000, 512, 'medium'],
    ['packet radio at 9,600 bit/s', 9600, 512, 'constrained'],
    ['LoRa at SF7, 125 kHz', 5468, 500, 'constrained'],
    ['LoRa at SF12, 125 kHz', 293, 500, 'severelyConstrained'],
    ['a link with tiny frames, however fast', 100_000_000, 100, 'severelyConstrained'],
  ]
  for (const [what, bitsPerSecond, mtu, expected] of cases) {
    it(`of ${what} is ${expected}`, () => assert.equal(linkClassOf({ bitsPerSecond, mtu }), expected))
  }

  it('never gets narrower when the link gets faster or its frames longer', () => {
    const figure = fc.integer({ min: 1, max: 10_000_000 })
    const rank = (bitsPerSecond: number, mtu: number) =>
      LINK_CLASSES.indexOf(linkClassOf({ bitsPerSecond, mtu }))
    fc.assert(
      fc.property(figure, figure, figure, figure, (rate, mtu, faster, longer) => {
        assert.ok(rank(rate + faster, mtu) <= rank(rate, mtu))
        assert.ok(rank(rate, mtu + longer) <= rank(rate, mtu))
      }),
    )
  })

  it('says how to protect messages: with less the narrower it is', () => {
    assert.deepEqual(LINK_CLASSES.map(recommendedCryptoFor), [
      'mlsHybrid',
      'mlsClassical',
      'mlsLiteSigned',
      'mlsLiteUnsigned',
    ])
  })

  it('leaves room for at least two lost signs of life before a neighbour counts as gone', () => {
    const times = LINK_CLASSES.map(keepAliveOf)
    for (const { everyMs, silentMs, stalledMs } of times) {
      assert.ok(silentMs > 3 * everyMs && stalledMs >= silentMs)
    }
    assert.deepEqual(
      times.map(({ everyMs }) => everyMs).toSorted((a, b) => a - b),
      times.map(({ everyMs }) => everyMs),
    )
  })
})
