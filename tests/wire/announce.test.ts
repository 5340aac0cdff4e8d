import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Address } from '../../src/identity/address.ts'
import { Identity } from '../../src/identity/identity.ts'
import {
  type AnnounceFields,
  AnnounceView,
  Capability,
  capabilityNames,
  checkAnnounce,
  encodeAnnounce,
  MIN_ANNOUNCE_BYTES,
  relayedAnnounce,
} from '../../src/wire/announce.ts'
import { MINIFLOAT_MAX } from '../../src/wire/minifloat.ts'
import { announceFields, paraph, uint8 } from './arbitraries.ts'
import {
  type AnnounceVector,
  announceVectors,
  fromHex,
  opensslSign,
  opensslVerify,
  toHex,
} from './vectors.ts'

const { identities, valid } = announceVectors

function fieldsOf({ fields }: AnnounceVector): AnnounceFields {
  const { capabilities, sequence, created, lifetime, publicKey, sealingKey, keyPackageHash, data } = fields
  return {
    capabilities,
    sequence,
    created,
    lifetime,
    publicKey: fromHex(publicKey),
    ...(sealingKey === undefined ? {} : { sealingKey: fromHex(sealingKey) }),
    ...(keyPackageHash === undefined ? {} : { keyPackageHash: fromHex(keyPackageHash) }),
    ...(data === undefined ? {} : { data: fromHex(data) }),
  }
}

function assertFields(frame: Uint8Array, expected: AnnounceFields): void {
  const view = new AnnounceView(frame)
  assert.equal(view.capabilities, expected.capabilities)
  assert.equal(view.sequence, expected.sequence)
  assert.equal(view.created, expected.created)
  assert.deepEqual(view.publicKey, expected.publicKey)
  assert.deepEqual(view.sealingKey, expected.sealingKey)
  assert.deepEqual(view.keyPackageHash, expected.keyPackageHash)
  assert.deepEqual(view.data, expected.data)
}

describe('announce vectors', () => {
  for (const vector of valid) {
    it(`'${vector.name}' is what its fields encode to`, () => {
      const signer = Identity.fromSeed(fromHex(identities[vector.signer].seed))
      const made = encodeAnnounce(fieldsOf(vector), (signed) => signer.sign(signed))
      assert.equal(new AnnounceView(made).hops, 0)
      assert.equal(new AnnounceView(made).metric, 0)
      assert.equal(toHex(relayedAnnounce(made, vector.hops, vector.metric)), vector.frame)
    })

    it(`'${vector.name}' decodes to its fields`, () => {
      const frame = fromHex(vector.frame)
      assert.equal(checkAnnounce(frame), undefined)
      assert.equal(frame.length, vector.length)
      assertFields(frame, fieldsOf(vector))
      const view = new AnnounceView(frame)
      assert.equal(view.lifetime, vector.carriedLifetime)
      assert.equal(view.hops, vector.hops)
      assert.equal(view.metric, vector.carriedMetric)
      assert.equal(Address.ofPublicKey(view.publicKey).toString(), vector.origin)
    })

    it(`'${vector.name}' has the signature that OpenSSL makes and accepts`, () => {
      const { signature, signedPart, publicKey } = new AnnounceView(fromHex(vector.frame))
      assert.equal(toHex(signature), vector.signature)
      assert.equal(toHex(opensslSign(signedPart, fromHex(identities[vector.signer].seed))), vector.signature)
      assert.ok(opensslVerify(signature, signedPart, publicKey))
    })
  }
})

describe('an announce', () => {
  it('comes back as it was sent, whatever its fields', () => {
    fc.assert(
      fc.property(announceFields, (fields) => {
        const frame = encodeAnnounce(fields, paraph)
        assert.equal(checkAnnounce(frame), undefined)
        assertFields(frame, fields)
        const { lifetime } = new AnnounceView(frame)
        assert.ok(lifetime >= fields.lifetime && lifetime - fields.lifetime <= fields.lifetime / 2048)
      }),
      { numRuns: 1000 },
    )
  })

  it('takes 113 bytes, and 120 at most without options', () => {
    assert.equal(MIN_ANNOUNCE_BYTES, 113)
    fc.assert(
      fc.property(announceFields, (fields) => {
        const options =
          (fields.sealingKey === undefined ? 0 : 32) +
          (fields.keyPackageHash === undefined ? 0 : 16) +
          (fields.data === undefined ? 0 : 1 + fields.data.length)
        assert.equal(encodeAnnounce(fields, paraph).length, 113 + options)
      }),
    )
  })

  it('is signed from its first byte to the end of its options, in one run where it stands', () => {
    fc.assert(
      fc.property(announceFields, (fields) => {
        let signed = new Uint8Array()
        const frame = encodeAnnounce(fields, (bytes) => {
          signed = Uint8Array.from(bytes)
          return paraph(bytes)
        })
        const { signedPart, signature } = new AnnounceView(frame)
        assert.deepEqual(signedPart, signed)
        assert.equal(signed.length, frame.length - 67)
        assert.equal(signedPart.buffer, frame.buffer)
        assert.deepEqual(signature, paraph(signed))
      }),
    )
  })

  it('keeps signed part and signature when a relay passes it on, in a copy', () => {
    const metric = fc.integer({ min: 0, max: MINIFLOAT_MAX })
    fc.assert(
      fc.property(announceFields, uint8, metric, (fields, hops, metric) => {
        const frame = encodeAnnounce(fields, paraph)
        const before = Uint8Array.from(frame)
        const relayed = relayedAnnounce(frame, hops, metric)
        assert.deepEqual(frame, before)
        const [from, to] = [new AnnounceView(before), new AnnounceView(relayed)]
        assert.deepEqual(to.signedPart, from.signedPart)
        assert.deepEqual(to.signature, from.signature)
        assert.equal(to.hops, hops)
        assert.equal(checkAnnounce(relayed), undefined)
      }),
      { numRuns: 500 },
    )
  })

  it('has a metric that grows at every relay, however cheap the link', () => {
    const [vector] = valid as [AnnounceVector]
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MINIFLOAT_MAX - 1 }), (metric) => {
        const arrived = new AnnounceView(relayedAnnounce(fromHex(vector.frame), 1, metric)).metric
        fc.pre(arrived < MINIFLOAT_MAX)
        const next = new AnnounceView(relayedAnnounce(fromHex(vector.frame), 2, arrived + 1)).metric
        assert.ok(next > arrived)
      }),
      { numRuns: 2000 },
    )
  })

  it('refuses to be made from fields that have no room', () => {
    const [base] = valid as [AnnounceVector]
    const wrong: [Partial<AnnounceFields>, string][] = [
      [{ capabilities: 0x10000 }, 'the capabilities field is an integer of 0 to 65535, not 65536'],
      [{ sequence: 2 ** 32 }, 'a sequence number is an integer of 0 to 4294967295, not 4294967296'],
      [{ created: -1 }, 'a creation time is an integer of 0 to 4294967295, not -1'],
      [{ publicKey: new Uint8Array(31) }, 'a public key has 32 bytes, not 31'],
      [{ sealingKey: new Uint8Array(33) }, 'a sealing key has 32 bytes, not 33'],
      [{ keyPackageHash: new Uint8Array(32) }, 'a key package hash has 16 bytes, not 32'],
      [{ data: new Uint8Array(129) }, 'announces carry at most 128 bytes of data'],
    ]
    for (const [part, message] of wrong) {
      const fields = { ...fieldsOf(base), ...part }
      assert.throws(() => encodeAnnounce(fields, paraph), { code: 'ERR_WIRE', message })
    }
  })
})

describe('capabilities', () => {
  it('have these bits, for good', () => {
    assert.deepEqual(Capability, {
      relay: 0x0001,
      store: 0x0002,
      gateway: 0x0004,
      constrained: 0x0008,
      fappTherapist: 0x0100,
      fappRelay: 0x0200,
      fappPatient: 0x0400,
    })
  })

  it('are told by name, unknown ones passed over', () => {
    assert.deepEqual(capabilityNames(0x8403), ['relay', 'store', 'fappPatient'])
    assert.deepEqual(capabilityNames(0), [])
  })
})
