import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  checkPathRequest,
  encodePathRequest,
  newerThanIn,
  PATH_REQUEST_BYTES,
  passedOn,
  reachIn,
  requestKey,
  targetIn,
} from '../../src/wire/path-request.ts'
import { fromHex, pathRequestVectors, toHex } from './vectors.ts'

const fields = fc.record({
  reach: fc.integer({ min: 1, max: 128 }),
  target: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  newerThan: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  number: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
})

describe('path requests', () => {
  const { valid, refused } = pathRequestVectors

  for (const vector of valid) {
    it(`are encoded as in the vector '${vector.name}'`, () => {
      const frame = encodePathRequest({ ...vector, target: fromHex(vector.target) })
      assert.equal(toHex(frame), vector.frame)
      assert.equal(checkPathRequest(frame), undefined)
    })
  }

  for (const { name, frame, reason } of refused) {
    it(`are refused as in the vector '${name}'`, () => {
      assert.equal(checkPathRequest(fromHex(frame)), reason)
    })
  }

  it('come back as they were made', () => {
    fc.assert(
      fc.property(fields, (request) => {
        const frame = encodePathRequest(request)
        assert.equal(frame.length, PATH_REQUEST_BYTES)
        assert.equal(checkPathRequest(frame), undefined)
        assert.equal(reachIn(frame), request.reach)
        assert.deepEqual(Uint8Array.from(targetIn(frame)), request.target)
        assert.equal(newerThanIn(frame), request.newerThan)
      }),
    )
  })

  it('are the same request on every link, with a shorter reach', () => {
    fc.assert(
      fc.property(fields, (request) => {
        const frame = encodePathRequest({ ...request, reach: Math.max(2, request.reach) })
        const next = passedOn(frame)
        assert.equal(reachIn(next), reachIn(frame) - 1)
        assert.equal(requestKey(next), requestKey(frame))
      }),
    )
  })

  it('are checked whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const refusal = checkPathRequest(bytes)
        assert.equal(
          refusal === undefined,
          bytes.length === 26 && bytes[0] === 0x15 && (bytes[1] as number) - 1 < 128 && bytes[1] !== 0,
        )
      }),
    )
  })
})
