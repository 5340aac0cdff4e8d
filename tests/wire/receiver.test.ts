import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Identity } from '../../src/identity/identity.ts'
import { encodeAnnounce } from '../../src/wire/announce.ts'
import { Receiver } from './receiver.ts'
import {
  type ArrivalVector,
  announceVectors,
  envelopeVectors,
  frameOf,
  fromHex,
  type PersonName,
  sha256Of,
} from './vectors.ts'

const { identities } = envelopeVectors

function person(name: PersonName): Identity {
  return Identity.fromSeed(fromHex(identities[name].seed))
}

function outcomeOf({
  receiver: name,
  knows = [],
  now,
  before = [],
  frame,
}: ArrivalVector): string | undefined {
  const receiver = new Receiver(person(name))
  for (const known of knows.map(person)) {
    const { publicKey } = known
    const announce = encodeAnnounce(
      { capabilities: 0, sequence: now, created: now, lifetime: 60, publicKey },
      (signed) => known.sign(signed),
    )
    assert.equal(receiver.receive(announce, now), undefined)
  }
  for (const earlier of before) assert.equal(receiver.receive(fromHex(earlier), now), undefined)
  return receiver.receive(frameOf(frame), now)
}

for (const [what, { accepted, refused }] of Object.entries({
  envelope: envelopeVectors,
  announce: announceVectors,
})) {
  describe(`a receiver of an ${what}`, () => {
    for (const vector of refused) {
      it(`refuses '${vector.name}' as ${vector.refusal}`, () => {
        assert.equal(outcomeOf(vector), vector.refusal)
      })
    }

    for (const vector of accepted) {
      it(`takes in '${vector.name}'`, () => {
        assert.equal(outcomeOf(vector), undefined)
      })
    }

    it('is shown long frames as their hash says', () => {
      for (const { frame } of refused) {
        if (typeof frame !== 'string') assert.equal(sha256Of(frameOf(frame)), frame.sha256)
      }
    })
  })
}
