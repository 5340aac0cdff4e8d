import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { networkOf } from '../../src/transport/network-of.ts'

describe('the network of an address', () => {
  const cases: readonly [string, string][] = [
    ['192.0.2.77', '192.0.2.0/24'],
    ['::ffff:192.0.2.77', '192.0.2.0/24'],
    ['::ffff:c000:24d', '192.0.2.0/24'],
    ['2001:db8:0:1:2:3:4:5', '2001:db8:0:1::/64'],
    ['2001:DB8::1', '2001:db8:0:0::/64'],
    ['2001:db8:0:1::', '2001:db8:0:1::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['relay', 'relay'],
    ['', ''],
  ]
  for (const [host, network] of cases) {
    it(`${host || 'nothing'} is in ${network || 'nothing'}`, () => assert.equal(networkOf(host), network))
  }

  it('is the same for two IPv6 addresses exactly when their first 64 bits are', () => {
    const word = fc.integer({ min: 0, max: 3 })
    const words = fc.array(word, { minLength: 8, maxLength: 8 })
    const text = (all: readonly number[]): string => all.map((n) => n.toString(16)).join(':')
    const short = (all: readonly number[]): string => text(all).replace(/(^|:)0(:0)+(:|$)/, '::')
    fc.assert(
      fc.property(words, words, (a, b) => {
        assert.equal(networkOf(short(a)), networkOf(text(a)))
        assert.equal(networkOf(text(a)) === networkOf(text(b)), text(a.slice(0, 4)) === text(b.slice(0, 4)))
      }),
    )
  })
})
