import assert from 'node:assert/strict'
import { createHmac, hkdfSync } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checksum, crc16, keyedTag } from '../../../../src/transport/lora/link/tag.ts'
import { uint32 } from '../../../wire/arbitraries.ts'

const key = new Uint8Array(32).fill(7)
const packet = fc.uint8Array({ minLength: 5, maxLength: 254 })

describe('the tag of a packet', () => {
  for (const [name, tagger] of Object.entries({ 'without a key': checksum, 'with a key': keyedTag(key) })) {
    it(`${name} is right, and wrong as soon as one bit has changed`, () => {
      fc.assert(
        fc.property(packet, uint32, fc.nat(), (bytes, counter, where) => {
          tagger.seal(bytes, counter)
          assert.ok(tagger.check(bytes, counter))
          const bit = where % (8 * bytes.length)
          bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7))
          assert.ok(!tagger.check(bytes, counter))
        }),
      )
    })
  }

  it('without a key finds two halves that were glued together, but for 1 in 65,536', () => {
    let missed = 0
    for (let n = 0; n < 2000; n++) {
      const [a, b] = [1, 2].map((seed) =>
        Uint8Array.from({ length: 60 }, (_, i) => (i * seed * 31 + n) & 0xff),
      )
      for (const half of [a, b]) checksum.seal(half as Uint8Array, 0)
      const glued = Uint8Array.of(...(a as Uint8Array).subarray(0, 30), ...(b as Uint8Array).subarray(30))
      if (checksum.check(glued, 0)) missed += 1
    }
    assert.ok(missed <= 1)
  })

  it('with a key speaks for all 32 bits of the counter and for the key', () => {
    fc.assert(
      fc.property(packet, uint32, uint32, (bytes, counter, other) => {
        keyedTag(key).seal(bytes, counter)
        if (other !== counter) assert.ok(!keyedTag(key).check(bytes, other))
        assert.ok(!keyedTag(new Uint8Array(32).fill(8)).check(bytes, counter))
      }),
    )
  })

  it('with a key is the beginning of an HMAC over counter and packet, with a key of its own', () => {
    const bytes = Uint8Array.from({ length: 20 }, (_, i) => i)
    keyedTag(key).seal(bytes, 0x01020304)
    const own = Buffer.from(hkdfSync('sha256', key, '', 'hopwire lora link 1', 32))
    const hmac = createHmac('sha256', own).update('01020304', 'hex').update(bytes.subarray(0, 16)).digest()
    assert.deepEqual([...bytes.subarray(16)], [...hmac.subarray(0, 4)])
  })
})

describe('the checksum', () => {
  it('is the CRC-16 of the catalogues', () => {
    assert.equal(crc16(new TextEncoder().encode('123456789')), 0x29b1)
    assert.equal(crc16(new Uint8Array(0)), 0xffff)
  })
})
