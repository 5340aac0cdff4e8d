import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom, systemRandom } from '../../src/runtime/random.ts'
import { randomCompliance } from '../../src/testing/clock-random-compliance.ts'

randomCompliance('system', () => systemRandom)
randomCompliance('seeded', () => seededRandom('compliance'))

test('the same seed gives the same sequence, on every machine', () => {
  const random = seededRandom('hopwire')
  // Worked out by another program from the definition: SHA-256 of the seed, then xoshiro128**.
  assert.deepEqual(
    [random.uint32(), random.uint32(), random.uint32(), random.uint32()],
    [569368499, 4283490374, 2016793900, 1542407323],
  )
  assert.deepEqual(seededRandom(7).bytes(100), seededRandom('7').bytes(100))
})

test('other seeds give other sequences', () => {
  const first = new Set(Array.from({ length: 1000 }, (_, seed) => seededRandom(seed).uint32()))
  assert.ok(first.size > 990)
})

test('the bytes of a seeded generator are its words, least significant byte first', () => {
  const words = seededRandom('x')
  const bytes = seededRandom('x').bytes(7)
  const expected = Buffer.alloc(8)
  expected.writeUInt32LE(words.uint32(), 0)
  expected.writeUInt32LE(words.uint32(), 4)
  assert.deepEqual(bytes, Uint8Array.from(expected.subarray(0, 7)))
})

test('a fork depends on the seed and its label only, not on what was drawn before', () => {
  const untouched = seededRandom('s')
  const used = seededRandom('s')
  used.bytes(100)
  used.fork('other').bytes(100)
  assert.deepEqual(used.fork('links').bytes(32), untouched.fork('links').bytes(32))
  assert.notDeepEqual(untouched.fork('links').bytes(32), untouched.fork('radio').bytes(32))
  assert.notDeepEqual(seededRandom('t').fork('links').bytes(32), untouched.fork('links').bytes(32))
})

test('forking does not shift the sequence of the generator itself', () => {
  const [plain, forking] = [seededRandom('s'), seededRandom('s')]
  forking.fork('a').uint32()
  assert.equal(forking.uint32(), plain.uint32())
})
