import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { defaultProvider } from '../../src/crypto/provider/select.ts'
import { Address } from '../../src/identity/address.ts'
import { Identity } from '../../src/identity/identity.ts'
import {
  checkSuccession,
  compareSuccessions,
  encodeSuccession,
  relayedSuccession,
  SUCCESSION_BYTES,
  SuccessionView,
} from '../../src/wire/succession.ts'
import { bytes, mutationsOf, paraph, uint8, uint32 } from './arbitraries.ts'
import { fromHex, opensslSign, opensslVerify, successionVectors, toHex } from './vectors.ts'

const crypto = defaultProvider()
const verify = crypto.ed25519Verify.bind(crypto)
const { identities, valid } = successionVectors

/** One of a second in which both keys are known to have signed. */
function signed(old: Identity, next: Identity, created: number): Uint8Array {
  const fields = { created, oldKey: old.publicKey, newKey: next.publicKey }
  return encodeSuccession(
    fields,
    (part) => old.sign(part),
    (part) => next.sign(part),
  )
}

/** Whether a receiver would take the frame for what both its keys have said. */
function holds(frame: Uint8Array): boolean {
  return checkSuccession(frame) === undefined && new SuccessionView(frame).isSigned(verify)
}

const fields = fc
  .record({ created: uint32, oldKey: bytes(32), newKey: bytes(32) })
  .filter(({ oldKey, newKey }) => Buffer.compare(oldKey, newKey) !== 0)

describe('succession vectors', () => {
  for (const vector of valid) {
    const [old, next] = vector.signers.map((name) => Identity.fromSeed(fromHex(identities[name].seed))) as [
      Identity,
      Identity,
    ]

    it(`'${vector.name}' is what its fields encode to`, () => {
      const made = signed(old, next, vector.created)
      assert.equal(new SuccessionView(made).hops, 0)
      assert.equal(toHex(relayedSuccession(made, vector.hops)), vector.frame)
    })

    it(`'${vector.name}' decodes to its fields`, () => {
      const frame = fromHex(vector.frame)
      assert.equal(checkSuccession(frame), undefined)
      assert.equal(frame.length, SUCCESSION_BYTES)
      const view = new SuccessionView(frame)
      assert.equal(view.created, vector.created)
      assert.equal(toHex(view.oldKey), vector.oldKey)
      assert.equal(toHex(view.newKey), vector.newKey)
      assert.equal(Address.ofPublicKey(view.oldKey).toString(), vector.from)
      assert.equal(Address.ofPublicKey(view.newKey).toString(), vector.to)
      assert.equal(view.hops, vector.hops)
      assert.ok(view.isSigned(verify))
    })

    it(`'${vector.name}' has the signatures that OpenSSL makes and accepts`, () => {
      const view = new SuccessionView(fromHex(vector.frame))
      const [oldSeed, newSeed] = vector.signers.map((name) => fromHex(identities[name].seed)) as [
        Uint8Array,
        Uint8Array,
      ]
      assert.equal(toHex(view.oldSignature), vector.oldSignature)
      assert.equal(toHex(view.newSignature), vector.newSignature)
      assert.equal(toHex(opensslSign(view.signedPart, oldSeed)), vector.oldSignature)
      assert.equal(toHex(opensslSign(view.signedPart, newSeed)), vector.newSignature)
      assert.ok(view.isSigned(opensslVerify))
    })
  }
})

describe('a succession', () => {
  it('takes 199 bytes and comes back as it was made', () => {
    fc.assert(
      fc.property(fields, (made) => {
        const frame = encodeSuccession(made, paraph, paraph)
        assert.equal(checkSuccession(frame), undefined)
        assert.equal(frame.length, 199)
        const { created, oldKey, newKey, hops } = new SuccessionView(frame)
        assert.equal(created, made.created)
        assert.deepEqual([oldKey, newKey], [made.oldKey, made.newKey])
        assert.equal(hops, 0)
      }),
      { numRuns: 1000 },
    )
  })

  it('is signed by both keys over its first 70 bytes', () => {
    const parts: Uint8Array[] = []
    const sign = (part: Uint8Array): Uint8Array => {
      parts.push(Uint8Array.from(part))
      return paraph(part)
    }
    const [vector] = valid
    assert.ok(vector)
    const { created, oldKey, newKey } = vector
    const frame = encodeSuccession({ created, oldKey: fromHex(oldKey), newKey: fromHex(newKey) }, sign, sign)
    assert.deepEqual(parts, [frame.slice(0, 70), frame.slice(0, 70)])
  })

  it('needs the signatures of both keys', () => {
    const [alice, bob, mallory] = [1, 2, 3].map((n) => Identity.fromSeed(new Uint8Array(32).fill(n))) as [
      Identity,
      Identity,
      Identity,
    ]
    const keys = { created: 5, oldKey: alice.publicKey, newKey: bob.publicKey }
    const by = (who: Identity) => (part: Uint8Array) => who.sign(part)
    assert.ok(holds(encodeSuccession(keys, by(alice), by(bob))))
    assert.ok(!holds(encodeSuccession(keys, by(mallory), by(bob))))
    assert.ok(!holds(encodeSuccession(keys, by(alice), by(mallory))))
    assert.ok(!holds(encodeSuccession(keys, by(bob), by(alice))))
  })

  it('keeps all but its last byte when a relay passes it on, in a copy', () => {
    fc.assert(
      fc.property(fields, uint8, (made, hops) => {
        const frame = encodeSuccession(made, paraph, paraph)
        const relayed = relayedSuccession(frame, hops)
        assert.equal(new SuccessionView(frame).hops, 0)
        assert.equal(new SuccessionView(relayed).hops, hops)
        assert.deepEqual(relayed.subarray(0, 198), frame.subarray(0, 198))
      }),
    )
  })

  it('refuses to be made from fields that have no room, or of one key', () => {
    const good = { created: 1, oldKey: new Uint8Array(32), newKey: new Uint8Array(32).fill(1) }
    const wrong = [
      [{ ...good, created: 2 ** 32 }, 'a creation time is an integer of 0 to 4294967295, not 4294967296'],
      [{ ...good, oldKey: new Uint8Array(31) }, 'a public key has 32 bytes, not 31'],
      [{ ...good, newKey: new Uint8Array(33) }, 'a public key has 32 bytes, not 33'],
      [{ ...good, newKey: good.oldKey }, 'a key cannot be its own successor'],
    ] as const
    for (const [fields, message] of wrong) {
      assert.throws(() => encodeSuccession(fields, paraph, paraph), { code: 'ERR_WIRE', message })
    }
  })
})

describe('the order of successions', () => {
  it('goes by creation time, then old key, then new key, as numbers', () => {
    fc.assert(
      fc.property(fields, fields, (a, b) => {
        const order = compareSuccessions(
          encodeSuccession(a, paraph, paraph),
          encodeSuccession(b, paraph, paraph),
        )
        const wanted =
          a.created - b.created || Buffer.compare(a.oldKey, b.oldKey) || Buffer.compare(a.newKey, b.newKey)
        assert.equal(Math.sign(order), Math.sign(wanted))
      }),
      { numRuns: 1000 },
    )
  })

  it('looks neither at signatures nor at hops', () => {
    fc.assert(
      fc.property(fields, uint8, (made, hops) => {
        const frame = encodeSuccession(made, paraph, paraph)
        const other = encodeSuccession(made, () => new Uint8Array(64), paraph)
        assert.equal(compareSuccessions(frame, relayedSuccession(other, hops)), 0)
      }),
    )
  })
})

describe('a hostile succession', () => {
  const [alice, bob] = [1, 2].map((n) => Identity.fromSeed(new Uint8Array(32).fill(n))) as [
    Identity,
    Identity,
  ]
  const real = signed(alice, bob, 1_767_225_600)
  const likely = fc.uint8Array({ minLength: 190, maxLength: 210 }).map((frame) => {
    return frame.with(0, 0x16).with(1, (frame[1] as number) & 1)
  })
  const hostile = fc.oneof(fc.uint8Array({ maxLength: 400 }), likely, mutationsOf(real))

  it('is judged without throwing, whatever its bytes and whatever stands around them', () => {
    let passed = 0
    fc.assert(
      fc.property(hostile, (raw) => {
        const buffer = new Uint8Array(raw.length + 512).fill(0xee)
        buffer.set(raw, 128)
        const frame = buffer.subarray(128, 128 + raw.length)
        const refusal = checkSuccession(frame)
        assert.equal(refusal, checkSuccession(raw))
        if (refusal !== undefined) return
        passed += 1
        const view = new SuccessionView(frame)
        const parts = [view.signedPart, view.oldSignature, view.newSignature]
        assert.deepEqual(
          parts.map(({ byteOffset, length }) => [byteOffset - frame.byteOffset, length]),
          [
            [0, 70],
            [70, 64],
            [134, 64],
          ],
        )
        assert.ok(view.created >= 0 && view.hops >= 0 && view.hops <= 255)
        assert.equal(typeof view.isSigned(verify), 'boolean')
      }),
      { numRuns: 10_000 },
    )
    assert.ok(passed > 300, `only ${passed} were worth the test`)
  })

  it('is refused with any one bit before its trailer changed', () => {
    assert.ok(holds(real))
    for (let bit = 0; bit < 8 * (SUCCESSION_BYTES - 1); bit++) {
      const flipped = real.with(bit >> 3, (real[bit >> 3] as number) ^ (1 << (bit & 7)))
      assert.ok(!holds(flipped), `bit ${bit}`)
    }
  })

  it('is refused however many bytes are missing or too many', () => {
    for (let length = 0; length < SUCCESSION_BYTES; length++) {
      assert.equal(checkSuccession(real.slice(0, length)), 'truncated')
    }
    assert.equal(checkSuccession(Uint8Array.of(...real, 0)), 'malformed')
  })

  it('says the same with other hops', () => {
    for (let hops = 0; hops < 256; hops++) assert.ok(holds(relayedSuccession(real, hops)))
  })
})
