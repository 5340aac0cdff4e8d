import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { Address } from '../../src/identity/address.ts'

const sixteen = fc.uint8Array({ minLength: 16, maxLength: 16 })

test('parsing what was formatted gives the same address, in either case', () => {
  fc.assert(
    fc.property(sixteen, (bytes) => {
      const address = Address.at(bytes)
      const text = address.toString()
      assert.match(text, /^[0-9a-f]{32}$/)
      assert.equal(text, Buffer.from(bytes).toString('hex'))
      assert.deepEqual(Address.parse(text).bytes, bytes)
      assert.ok(Address.parse(text.toUpperCase()).equals(address))
    }),
  )
})

test('text that is not 32 hexadecimal digits is refused', () => {
  const digits = '0123456789abcdef0123456789abcdef'
  for (const text of [
    '',
    digits.slice(1),
    `${digits}0`,
    ` ${digits}`,
    `${digits}\n`,
    `${digits.slice(1)}g`,
    `0x${digits.slice(2)}`,
    digits.replace('0', '٠'),
  ]) {
    assert.throws(() => Address.parse(text), { name: 'MeshError', code: 'ERR_ADDRESS_INVALID' })
  }
})

test('the refusal shows the text, cut where it is long', () => {
  assert.throws(() => Address.parse('bob'), {
    message: "'bob' is no address: expected 32 hexadecimal digits",
  })
  assert.throws(() => Address.parse('x'.repeat(1000)), {
    message: `'${'x'.repeat(48)}…' is no address: expected 32 hexadecimal digits`,
  })
})

test('the order is that of the text, total, and zero for the same bytes only', () => {
  const few = fc.uint8Array({ minLength: 16, maxLength: 16, max: 1 })
  fc.assert(
    fc.property(fc.oneof(few, sixteen), fc.oneof(few, sixteen), (a, b) => {
      const [left, right] = [Address.at(a), Address.at(b)]
      const [textLeft, textRight] = [left.toString(), right.toString()]
      const expected = textLeft < textRight ? -1 : textLeft > textRight ? 1 : 0
      assert.equal(Math.sign(left.compare(right)), expected)
      assert.equal(Math.sign(right.compare(left)), 0 - expected)
      assert.equal(left.equals(right), expected === 0)
    }),
  )
})

test('equality looks at all sixteen bytes', () => {
  const address = Address.at(new Uint8Array(16))
  for (let i = 0; i < 16; i++) {
    const other = new Uint8Array(16)
    other[i] = 1
    assert.equal(address.equals(Address.at(other)), false)
    assert.equal(address.isAt(other, 0), false)
  }
})

test('an address is read, compared and copied where it stands in a frame', () => {
  fc.assert(
    fc.property(sixteen, fc.nat({ max: 40 }), fc.nat({ max: 5 }), (bytes, before, after) => {
      const frame = new Uint8Array(before + 16 + after).fill(0xaa)
      frame.set(bytes, before)
      const address = Address.at(frame, before)
      assert.deepEqual(address.bytes, bytes)
      assert.ok(address.isAt(frame, before))
      frame.fill(0x55)
      assert.deepEqual(address.bytes, bytes, 'a copy')
    }),
  )
})

test('bytes that are cut off are no address', () => {
  for (const [length, offset] of [
    [15, 0],
    [16, 1],
    [16, -1],
    [40, 25],
    [0, 0],
  ] as const) {
    assert.throws(() => Address.at(new Uint8Array(length), offset), { code: 'ERR_ADDRESS_INVALID' })
  }
  const zeros = Address.at(new Uint8Array(16))
  assert.equal(zeros.isAt(new Uint8Array(20), 5), false)
})

test('the address of a key is the first half of its SHA-256', () => {
  const key = new Uint8Array(32).fill(7)
  const digest = createHash('sha256').update(key).digest('hex')
  const address = Address.ofPublicKey(key)
  assert.equal(address.toString(), digest.slice(0, 32))
  assert.equal(address.bytes.buffer.byteLength, 16, 'it must not keep the whole digest alive')
})

test('shows as its digits in text, JSON and inspection', () => {
  const digits = '00112233445566778899aabbccddeeff'
  const address = Address.parse(digits)
  assert.equal(`${address}`, digits)
  assert.equal(JSON.stringify({ address }), `{"address":"${digits}"}`)
  assert.equal(inspect(address), `Address(${digits})`)
})
