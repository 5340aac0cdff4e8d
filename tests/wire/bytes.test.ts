import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { readU16, readU32, requireLength, requireUnsigned, writeU16, writeU32 } from '../../src/wire/bytes.ts'
import { uint16, uint32 } from './arbitraries.ts'

describe('big-endian numbers', () => {
  it('agree with DataView, in both directions and with nothing else touched', () => {
    fc.assert(
      fc.property(uint16, uint32, fc.integer({ min: 0, max: 3 }), (short, long, at) => {
        const ours = new Uint8Array(10).fill(0xaa)
        const theirs = new Uint8Array(10).fill(0xaa)
        const view = new DataView(theirs.buffer)
        writeU16(ours, at, short)
        view.setUint16(at, short)
        writeU32(ours, at + 2, long)
        view.setUint32(at + 2, long)
        assert.deepEqual(ours, theirs)
        assert.equal(readU16(ours, at), short)
        assert.equal(readU32(ours, at + 2), long)
      }),
    )
  })
})

describe('what a field can hold', () => {
  it('is every integer of its width', () => {
    for (const [value, bits] of [
      [0, 16],
      [0xffff, 16],
      [0, 32],
      [0xffffffff, 32],
    ] as const) {
      assert.doesNotThrow(() => requireUnsigned('it', value, bits))
    }
  })

  it('is nothing else', () => {
    for (const [value, bits] of [
      [-1, 16],
      [0x10000, 16],
      [1.5, 16],
      [Number.NaN, 32],
      [2 ** 32, 32],
    ] as const) {
      const expected = {
        code: 'ERR_WIRE',
        message: `it is an integer of 0 to ${2 ** bits - 1}, not ${value}`,
      }
      assert.throws(() => requireUnsigned('it', value, bits), expected)
    }
  })

  it('is a byte string of its length', () => {
    assert.doesNotThrow(() => requireLength('a key', new Uint8Array(32), 32))
    const expected = { code: 'ERR_WIRE', message: 'a key has 32 bytes, not 31' }
    assert.throws(() => requireLength('a key', new Uint8Array(31), 32), expected)
  })
})
