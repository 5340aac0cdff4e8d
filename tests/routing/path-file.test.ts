import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  decodePathFile,
  encodePathFile,
  MAX_PATH_FILE_BYTES,
  MAX_SAVED_PATHS,
  pathsToSave,
  restorePaths,
  type SavedPath,
} from '../../src/routing/path-file.ts'
import { PathTable } from '../../src/routing/path-table.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { AnnounceView, relayedAnnounce } from '../../src/wire/announce.ts'
import { announceBy, identityOf, T0 } from '../support/frames.ts'
import { keyOf, offer, rowOf } from './path-offers.ts'

const WALL = T0 * 1000
const MAX_AGE_MS = 1_800_000
const CHECKSUM_BYTES = 16

function saved(name: string, expiresInMs = 60_000, fields = {}): SavedPath {
  const frame = relayedAnnounce(announceBy(identityOf(name), fields), 3, 1234)
  return { announce: new AnnounceView(frame), expiresAt: WALL + expiresInMs }
}

function decode(bytes: Uint8Array, wallMs = WALL): SavedPath[] {
  return decodePathFile(bytes, wallMs, MAX_AGE_MS)
}

/** The bytes with a checksum that is right, as somebody who means harm would make it. */
function sealed(content: Uint8Array): Uint8Array {
  return Buffer.concat([content, hash('sha256', content, 'buffer').subarray(0, CHECKSUM_BYTES)])
}

function contentOf(bytes: Uint8Array): Uint8Array {
  return bytes.slice(0, bytes.length - CHECKSUM_BYTES)
}

describe('the file of paths', () => {
  const paths = [saved('alice'), saved('bob', 1500, { data: new Uint8Array(128) }), saved('carol', 90_000)]

  it('gives back what was put in, times in whole seconds', () => {
    const decoded = decode(encodePathFile(paths))
    assert.deepEqual(
      decoded.map(({ announce }) => announce.frame),
      paths.map(({ announce }) => announce.frame),
    )
    assert.deepEqual(
      decoded.map(({ expiresAt }) => expiresAt - WALL),
      [60_000, 1000, 90_000],
    )
    assert.deepEqual(decode(encodePathFile([])), [])
  })

  it('leaves out what has run out meanwhile, and believes nothing for longer than a node would', () => {
    assert.equal(decode(encodePathFile(paths), WALL + 60_000).length, 1)
    const lasting = { lifetime: 86_400 }
    const [clamped] = decode(encodePathFile([saved('alice', 86_400_000, lasting)]))
    assert.equal(clamped?.expiresAt, WALL + MAX_AGE_MS)
    const [own] = decode(encodePathFile([saved('bob', 86_400_000, { lifetime: 90 })]))
    assert.equal(own?.expiresAt, WALL + 90_000)
  })

  it('leaves out what was made in the future, should the clock have been set back', () => {
    const file = encodePathFile([saved('alice', 60_000)])
    assert.equal(decode(file, WALL - 600_000).length, 1)
    assert.equal(decode(file, WALL - 601_000).length, 0)
  })

  it('holds a bounded number', () => {
    const many = Array.from({ length: MAX_SAVED_PATHS + 5 }, () => paths[1] as SavedPath)
    const bytes = encodePathFile(many)
    assert.ok(bytes.length <= MAX_PATH_FILE_BYTES)
    assert.equal(decode(bytes).length, MAX_SAVED_PATHS)
    const content = contentOf(bytes)
    new DataView(content.buffer).setUint32(8, MAX_SAVED_PATHS + 1)
    assert.throws(() => decode(sealed(content)), /8193 entries, more than 8192/)
  })

  it('is refused, in words, when a single bit has changed or the end is missing', () => {
    const bytes = encodePathFile(paths)
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
        const changed = bytes.slice()
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
        assert.throws(() => decode(changed), { name: 'MeshError', code: 'ERR_WIRE' })
      }),
    )
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(() => decode(bytes.subarray(0, length)), { name: 'MeshError', code: 'ERR_WIRE' })
    }
    assert.throws(() => decode(Buffer.concat([bytes, bytes])), { name: 'MeshError', code: 'ERR_WIRE' })
  })

  it('is refused when it holds more or less than it says', () => {
    const content = contentOf(encodePathFile(paths))
    for (const changed of [
      Buffer.concat([content, content.slice(12)]),
      content.slice(0, -1),
      content.slice(0, 12),
    ]) {
      assert.throws(() => decode(sealed(changed)), { name: 'MeshError', code: 'ERR_WIRE' })
    }
  })

  it('says which version it has, when that is another', () => {
    const content = contentOf(encodePathFile(paths))
    content[7] = 2
    assert.throws(() => decode(sealed(content)), /has version 2, this hopwire reads 1/)
  })

  it('is read or refused, whatever it holds under a right checksum', () => {
    const content = contentOf(encodePathFile(paths))
    const edit = fc.record({ at: fc.nat(content.length - 1), byte: fc.nat(255) })
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 8 }), fc.nat(content.length), (edits, length) => {
        const changed = content.slice(0, length % 3 === 0 ? length : content.length)
        for (const { at, byte } of edits) if (at < changed.length) changed[at] = byte
        assertReadOrRefused(sealed(changed))
      }),
      { numRuns: 2000 },
    )
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (any) => assertReadOrRefused(sealed(any))))
  })

  function assertReadOrRefused(bytes: Uint8Array): void {
    try {
      assert.ok(decode(bytes).length <= 3)
    } catch (error) {
      assert.equal((error as { code?: unknown }).code, 'ERR_WIRE', String(error))
    }
  }
})

describe('a table that is saved and restored', () => {
  const newTable = (): PathTable<string> => new PathTable({ capacity: 20_000 }, seededRandom('file'))

  it('knows what it knew, without paths, for as long as it would have', () => {
    const before = newTable()
    const announce = new AnnounceView(relayedAnnounce(announceBy(identityOf('alice')), 2, 500))
    const origin = identityOf('alice').address.bytes
    const known = { announce, link: 'east', broadcast: false, cost: 10, direct: false, expiresAt: 100_000 }
    before.learn({ origin, ...known }, 0)
    const file = encodePathFile(pathsToSave(before, 40_000, WALL))
    const after = newTable()
    assert.equal(restorePaths(after, decode(file, WALL + 10_000), 5000, WALL + 10_000), 1)
    const row = after.find(origin, 0)
    const { link, hops, metric, expiresAt } = after.info(row)
    assert.deepEqual({ link, hops, metric }, { link: undefined, hops: 3, metric: 510 })
    assert.equal(expiresAt, 55_000)
    assert.deepEqual(after.keyAt(row), identityOf('alice').publicKey)
  })

  it('keeps of many the best: with a path, used last, nearest', () => {
    const table = newTable()
    for (let origin = 0; origin < MAX_SAVED_PATHS + 100; origin++) {
      table.learn(offer('east', { origin, told: 20_000 - origin, hops: origin % 200 }), 0)
    }
    table.learn(offer('west', { origin: 50_000, told: 1 }), 0)
    table.learn(offer('east', { origin: 50_001, told: 60_000, expiresAt: 300 }), 0)
    table.use(rowOf(table, 7), 100)
    table.use(rowOf(table, 8), 200)
    table.linkDown('west')
    const saved = pathsToSave(table, 300, WALL)
    assert.equal(saved.length, MAX_SAVED_PATHS)
    const keys = saved.slice(0, 2).map(({ announce }) => announce.publicKey)
    assert.deepEqual(keys, [keyOf(8), keyOf(7)])
    assert.ok(!saved.some(({ announce }) => Buffer.from(keyOf(50_000)).equals(announce.publicKey)), 'is dead')
    const metrics = saved.slice(2).map(({ announce }) => announce.metric)
    assert.deepEqual(
      metrics,
      metrics.toSorted((a, b) => a - b),
    )
    assert.ok((metrics.at(-1) as number) <= 19_920, 'the farthest are left out')
  })
})
