import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Address } from '../../src/identity/address.ts'
import { HASH_KEY_BYTES, StoredHash } from '../../src/store/sqlite/stored-hash.ts'

const key = Uint8Array.from({ length: HASH_KEY_BYTES }, (_, index) => index)

describe('StoredHash', () => {
  it('is the one that existing databases were written with', () => {
    const hash = new StoredHash(key)
    assert.equal(hash.of(Address.parse('000102030405060708090a0b0c0d0e0f')), 187607200705921)
    assert.equal(hash.of(Address.parse('f'.repeat(32))), 159324894645988)
  })

  it('depends on each byte of the key and of the address', () => {
    const bytes = Uint8Array.from({ length: 16 }, (_, index) => 100 + index)
    const seen = new Set([new StoredHash(key).of(Address.at(bytes))])
    for (let index = 0; index < 16; index++) {
      seen.add(new StoredHash(key).of(Address.at(bytes.with(index, 1))))
      seen.add(new StoredHash(key.with(index, 99)).of(Address.at(bytes)))
    }
    assert.equal(seen.size, 33)
    for (const hash of seen) assert.ok(Number.isInteger(hash) && hash >= 0 && hash < 2 ** 48)
  })
})
