import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Address } from '../../src/identity/address.ts'
import { Identity } from '../../src/identity/identity.ts'
import {
  addHop,
  attemptIn,
  checkEnvelope,
  createdIn,
  DESTINATION_AT,
  type EnvelopeFields,
  EnvelopeView,
  encodeEnvelope,
  expiryIn,
  hopsIn,
  isSigned,
  keyIn,
  MAX_LIFETIME_S,
  nextAttempt,
  priorityIn,
  SOURCE_AT,
  signatureIn,
  signedPartOf,
} from '../../src/wire/envelope.ts'
import { FrameKind, MAX_BODY_BYTES, priorityOf } from '../../src/wire/frame.ts'
import { envelopeFields, paraph, uint8 } from './arbitraries.ts'
import {
  bodyOf,
  type EnvelopeVector,
  envelopeVectors,
  frameOf,
  fromHex,
  opensslSign,
  opensslVerify,
  sha256Of,
  toHex,
} from './vectors.ts'

const { identities, valid } = envelopeVectors

function fieldsOf({ fields }: EnvelopeVector): EnvelopeFields {
  return {
    kind: FrameKind[fields.kind],
    priority: priorityOf(fields.priority),
    receipt: fields.receipt,
    destination: Address.parse(fields.destination),
    source: Address.parse(fields.source),
    sequence: fields.sequence,
    created: fields.created,
    lifetime: fields.lifetime,
    service: fields.service,
    body: bodyOf(fields.body),
    ...(fields.key === undefined ? {} : { key: fromHex(fields.key) }),
  }
}

/** As its source makes it, with the trailer of the vector. */
function encode(vector: EnvelopeVector): Uint8Array {
  const signer =
    vector.signer === null ? undefined : Identity.fromSeed(fromHex(identities[vector.signer].seed))
  const frame = encodeEnvelope(fieldsOf(vector), signer && ((signed) => signer.sign(signed)))
  assert.equal(hopsIn(frame), 0)
  assert.equal(attemptIn(frame), 0)
  frame[frame.length - 2] = vector.hops
  frame[frame.length - 1] = vector.attempt
  return frame
}

function assertFields(frame: Uint8Array, expected: EnvelopeFields): void {
  const view = new EnvelopeView(frame)
  assert.equal(view.kind, expected.kind)
  assert.equal(view.priority, expected.priority)
  assert.equal(view.wantsReceipt, expected.receipt)
  assert.equal(view.destination.toString(), expected.destination.toString())
  assert.equal(view.source.toString(), expected.source.toString())
  assert.equal(view.sequence, expected.sequence)
  assert.equal(view.created, expected.created)
  assert.equal(view.service, expected.service)
  assert.deepEqual(view.body, expected.body)
  assert.deepEqual(keyIn(frame), expected.key)
  assert.ok(expected.destination.isAt(frame, DESTINATION_AT))
  assert.ok(expected.source.isAt(frame, SOURCE_AT))
  assert.equal(priorityIn(frame), view.priority)
  assert.equal(createdIn(frame), view.created)
  assert.equal(expiryIn(frame), view.created + view.lifetime)
}

describe('envelope vectors', () => {
  for (const vector of valid) {
    it(`'${vector.name}' is what its fields encode to`, () => {
      const frame = encode(vector)
      if (typeof vector.frame === 'string') assert.equal(toHex(frame), vector.frame)
      else {
        assert.equal(frame.length, vector.frame.length)
        assert.equal(sha256Of(frame), vector.frame.sha256)
      }
      assert.deepEqual(frame, frameOf(vector.frame))
    })

    it(`'${vector.name}' decodes to its fields`, () => {
      const frame = frameOf(vector.frame)
      assert.equal(checkEnvelope(frame), undefined)
      assertFields(frame, fieldsOf(vector))
      const view = new EnvelopeView(frame)
      assert.equal(view.lifetime, vector.carriedLifetime)
      assert.equal(view.hops, vector.hops)
      assert.equal(attemptIn(frame), vector.attempt)
      assert.equal(view.id, vector.id)
      assert.equal(isSigned(frame), vector.signer !== null)
    })

    const { signer } = vector
    if (signer === null) continue
    it(`'${vector.name}' has the signature that OpenSSL makes and accepts`, () => {
      const frame = frameOf(vector.frame)
      const { seed, publicKey } = identities[signer]
      assert.equal(toHex(signatureIn(frame)), vector.signature)
      assert.deepEqual(opensslSign(signedPartOf(frame), fromHex(seed)), Uint8Array.from(signatureIn(frame)))
      assert.ok(opensslVerify(signatureIn(frame), signedPartOf(frame), fromHex(publicKey)))
    })
  }

  it('give their long bodies by the right hash', () => {
    for (const { fields } of valid) {
      if (typeof fields.body !== 'string') assert.equal(sha256Of(bodyOf(fields.body)), fields.body.sha256)
    }
  })

  it('have the addresses and keys of their seeds', () => {
    for (const { seed, publicKey, address } of Object.values(identities)) {
      const identity = Identity.fromSeed(fromHex(seed))
      assert.equal(toHex(identity.publicKey), publicKey)
      assert.equal(identity.address.toString(), address)
      assert.equal(sha256Of(fromHex(publicKey)).slice(0, 32), address)
    }
  })
})

describe('an envelope', () => {
  const signing = fc.constantFrom(paraph, undefined)

  it('comes back as it was sent, whatever its fields', () => {
    fc.assert(
      fc.property(envelopeFields, signing, (fields, sign) => {
        const frame = encodeEnvelope(fields, sign)
        assert.equal(checkEnvelope(frame), undefined)
        assertFields(frame, fields)
        const { lifetime, hops } = new EnvelopeView(frame)
        assert.ok(lifetime >= fields.lifetime && lifetime - fields.lifetime <= fields.lifetime / 2048)
        assert.equal(hops, 0)
        assert.equal(attemptIn(frame), 0)
      }),
      { numRuns: 1000 },
    )
  })

  it('costs 48 bytes, 64 more with a signature and 32 more with a key', () => {
    fc.assert(
      fc.property(envelopeFields, signing, (fields, sign) => {
        const overhead = 48 + (sign === undefined ? 0 : 64) + (fields.key === undefined ? 0 : 32)
        assert.equal(encodeEnvelope(fields, sign).length, overhead + fields.body.length)
      }),
    )
  })

  it('is signed from its first byte to the end of its body, in one run where it stands', () => {
    fc.assert(
      fc.property(envelopeFields, (fields) => {
        let signed = new Uint8Array()
        const frame = encodeEnvelope(fields, (bytes) => {
          signed = Uint8Array.from(bytes)
          return paraph(bytes)
        })
        assert.deepEqual(signedPartOf(frame), signed)
        assert.equal(signed.length, frame.length - 66)
        assert.equal(signedPartOf(frame).buffer, frame.buffer)
        assert.equal(signedPartOf(frame).byteOffset, 0)
        assert.deepEqual(signatureIn(frame), paraph(signed))
      }),
    )
  })

  it('keeps signed part and signature when its trailer changes', () => {
    fc.assert(
      fc.property(envelopeFields, uint8, fc.integer({ min: 0, max: 127 }), (fields, attempt, hops) => {
        const frame = encodeEnvelope(fields, paraph)
        const before = Uint8Array.from(frame)
        frame[frame.length - 1] = attempt
        frame[frame.length - 2] = hops
        addHop(frame)
        assert.equal(hopsIn(frame), hops + 1)
        assert.equal(attemptIn(frame), attempt)
        const again = nextAttempt(frame)
        assert.equal(hopsIn(again), 0)
        assert.equal(attemptIn(again), (attempt + 1) % 256)
        assert.notEqual(again.buffer, frame.buffer)
        for (const changed of [frame, again]) {
          assert.deepEqual(signedPartOf(changed), signedPartOf(before))
          assert.deepEqual(signatureIn(changed), signatureIn(before))
          assertFields(changed, fields)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('has the same id again when its source makes it anew from its own fields', () => {
    fc.assert(
      fc.property(envelopeFields, (fields) => {
        const first = new EnvelopeView(encodeEnvelope(fields, paraph))
        const second = new EnvelopeView(encodeEnvelope({ ...fields, lifetime: first.lifetime }, paraph))
        assert.deepEqual(second.frame, first.frame)
        assert.match(first.id, /^[0-9a-f]{16}$/)
        assert.equal(BigInt(`0x${first.id}`), (BigInt(fields.created) << 32n) | BigInt(fields.sequence))
      }),
    )
  })

  const [base] = valid as [EnvelopeVector]

  it('carries 65,536 bytes and refuses to be made with more', () => {
    const fields = { ...fieldsOf(base), body: new Uint8Array(MAX_BODY_BYTES) }
    assert.equal(checkEnvelope(encodeEnvelope(fields, undefined)), undefined)
    const tooLong = { ...fields, body: new Uint8Array(MAX_BODY_BYTES + 1) }
    assert.throws(() => encodeEnvelope(tooLong, undefined), {
      code: 'ERR_PAYLOAD_TOO_LARGE',
      message: '65537 bytes are too many: an envelope carries at most 65536',
    })
  })

  it('refuses to be made with numbers and keys that its fields cannot hold', () => {
    const wrong: Partial<EnvelopeFields>[] = [
      { sequence: 2 ** 32 },
      { sequence: -1 },
      { created: 2 ** 32 },
      { created: 0.5 },
      { service: 65_536 },
      { service: Number.NaN },
      { key: new Uint8Array(31) },
      { key: new Uint8Array(33) },
    ]
    for (const part of wrong) {
      assert.throws(() => encodeEnvelope({ ...fieldsOf(base), ...part }, undefined), { code: 'ERR_WIRE' })
    }
  })

  it('lives 134,184,960 s at most', () => {
    assert.equal(MAX_LIFETIME_S, 134_184_960)
    const frame = encodeEnvelope({ ...fieldsOf(base), lifetime: Number.POSITIVE_INFINITY }, undefined)
    assert.equal(new EnvelopeView(frame).lifetime, MAX_LIFETIME_S)
  })
})
