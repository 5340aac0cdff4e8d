import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  decodeLinkFrame,
  encodeReady,
  encodeRefusal,
  encodeTerms,
  type LinkTerms,
  REFUSALS,
  type Refusal,
} from '../../../src/transport/internet/link-frames.ts'
import { encodeCbor } from '../../../src/wire/cbor.ts'

const TERMS: LinkTerms = {
  version: 1,
  maxFrameBytes: 65_680,
  agent: 'hopwire',
  features: 1,
  session: 0x5eed1234,
}

function withBody(type: number, body: Parameters<typeof encodeCbor>[0]): Uint8Array {
  return Uint8Array.from([0x1f, type, ...encodeCbor(body)])
}

describe('the frames of the handshake', () => {
  it('are the bytes of the specification', () => {
    const spec = readFileSync(new URL('../../../docs/specs/link.md', import.meta.url), 'utf8')
    const examples = {
      HELLO: encodeTerms('hello', TERMS),
      ACCEPT: encodeTerms('accept', TERMS),
      REFUSE: encodeRefusal('duplicate'),
      READY: encodeReady(),
    }
    for (const [name, frame] of Object.entries(examples)) {
      const length = frame.length.toString(16).padStart(8, '0')
      const hex = `${length} ${Buffer.from(frame).toString('hex')}`
      assert.ok(spec.includes(`${name.padEnd(6)} ${hex}`), `link.md shows ${name} as ${hex}`)
    }
  })

  it('come back as what was said', () => {
    for (const type of ['hello', 'accept'] as const) {
      assert.deepEqual(decodeLinkFrame(encodeTerms(type, TERMS)), { type, terms: TERMS })
    }
    for (const refusal of Object.keys(REFUSALS) as Refusal[]) {
      assert.deepEqual(decodeLinkFrame(encodeRefusal(refusal)), { type: 'refuse', refusal })
    }
    assert.deepEqual(decodeLinkFrame(encodeReady()), { type: 'ready' })
  })

  it('may say more than this version knows', () => {
    const more = withBody(1, [1, 65_680, 'hopwire', 1, 0x5eed1234, { later: [true] }, null])
    assert.deepEqual(decodeLinkFrame(more), { type: 'hello', terms: TERMS })
    assert.deepEqual(decodeLinkFrame(withBody(3, [2, 'why'])), { type: 'refuse', refusal: 'duplicate' })
    assert.deepEqual(decodeLinkFrame(withBody(3, [99])), { type: 'refuse', refusal: undefined })
    assert.deepEqual(decodeLinkFrame(withBody(4, [1])), { type: 'ready' })
  })

  it('may say less: an end of before says nothing of features and session', () => {
    const { features, session, ...first } = TERMS
    assert.ok(features && session)
    const less = { type: 'accept', terms: { ...first, features: 0, session: 0 } }
    assert.deepEqual(decodeLinkFrame(withBody(2, [1, 65_680, 'hopwire'])), less)
  })

  it('are refused when malformed', () => {
    const malformed = {
      empty: new Uint8Array(0),
      'another kind': Uint8Array.of(0x11, 1, 0x80),
      'another wire version': Uint8Array.of(0x2f, 4, 0x80),
      'an unknown type': withBody(5, []),
      'no array': withBody(1, 'hello'),
      'too short': withBody(1, [1, 65_680]),
      'a version that is no integer': withBody(1, [1.5, 65_680, 'x']),
      'a negative version': withBody(1, [-1, 65_680, 'x']),
      'a limit below the least': withBody(1, [1, 511, 'x']),
      'an agent that is no text': withBody(1, [1, 65_680, 7]),
      'features that are no number': withBody(1, [1, 65_680, 'x', 'all']),
      'a session that is no number': withBody(1, [1, 65_680, 'x', 1, 'new']),
      'a long agent': withBody(1, [1, 65_680, 'x'.repeat(65)]),
      'a refusal without a code': withBody(3, []),
      'bytes behind the array': Uint8Array.of(...encodeReady(), 0),
      'too many bytes': withBody(1, [1, 65_680, 'x', new Uint8Array(1100)]),
    }
    for (const [what, frame] of Object.entries(malformed)) {
      assert.equal(decodeLinkFrame(frame), undefined, what)
    }
  })

  it('never make the decoder throw, whatever they hold', () => {
    const start = fc.constantFrom([0x1f, 1], [0x1f, 2], [0x1f, 3], [0x1f, 4], [])
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 80 }), (head, body) => {
        decodeLinkFrame(Uint8Array.from([...head, ...body]))
      }),
      { numRuns: 2000 },
    )
  })
})
