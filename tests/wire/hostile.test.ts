/** Frames from hostile hands: none may throw, mislead an accessor or pass with a signed byte changed. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { defaultProvider } from '../../src/crypto/provider/select.ts'
import { Identity } from '../../src/identity/identity.ts'
import { AnnounceView, checkAnnounce, encodeAnnounce } from '../../src/wire/announce.ts'
import {
  attemptIn,
  checkEnvelope,
  EnvelopeView,
  encodeEnvelope,
  expiryIn,
  hopsIn,
  isSigned,
  keyIn,
  signatureIn,
  signedPartOf,
} from '../../src/wire/envelope.ts'
import { FrameKind } from '../../src/wire/frame.ts'
import { announceFields, bytes, envelopeFields, mutationsOf } from './arbitraries.ts'
import { Receiver } from './receiver.ts'
import { announceVectors, envelopeVectors, fromHex } from './vectors.ts'

const crypto = defaultProvider()
const identity = Identity.fromSeed(new Uint8Array(32).fill(1))
const sign = (signed: Uint8Array): Uint8Array => identity.sign(signed)

const shortFrames = envelopeVectors.valid.flatMap(({ frame }) =>
  typeof frame === 'string' ? [fromHex(frame)] : [],
)
const announces = announceVectors.valid.map(({ frame }) => fromHex(frame))
/** Seconds; ten after the frames of the vectors were made. */
const NOW = 1_767_225_610

const anyBytes = fc.uint8Array({ maxLength: 400 })
/** Random, but for a first byte that is worth a closer look. */
const likely = fc
  .tuple(fc.constantFrom(0x11, 0x12, 0x13, 0x14), fc.uint8Array({ minLength: 1, maxLength: 400 }))
  .map(([first, frame]) => frame.with(0, first))
const mutated = fc.constantFrom(...shortFrames, ...announces).chain(mutationsOf)
const hostile = fc.oneof(anyBytes, likely, mutated)

/** The frame inside a larger buffer, as it arrives: whoever reads past its end finds the next one. */
function amidOthers(frame: Uint8Array): Uint8Array {
  const buffer = new Uint8Array(frame.length + 512).fill(0xee)
  buffer.set(frame, 128)
  return buffer.subarray(128, 128 + frame.length)
}

/** That the views stand inside the frame, one behind the other, and leave out none of its bytes. */
function assertTiled(frame: Uint8Array, head: number, views: readonly Uint8Array[], tail: number): void {
  let at = frame.byteOffset + head
  for (const view of views) {
    assert.equal(view.buffer, frame.buffer)
    assert.equal(view.byteOffset, at)
    at += view.length
  }
  assert.equal(at + tail, frame.byteOffset + frame.length)
}

function isPresent<T>(value: T | undefined): value is T {
  return value !== undefined
}

function assertWholeNumbers(numbers: readonly number[]): void {
  for (const number of numbers) assert.ok(Number.isSafeInteger(number) && number >= 0)
}

function assertEnvelopeInBounds(frame: Uint8Array): void {
  const view = new EnvelopeView(frame)
  const { kind, priority, wantsReceipt, destination, source, sequence, created, lifetime, service, hops } =
    view
  assertWholeNumbers([
    sequence,
    created,
    lifetime,
    service,
    hops,
    hopsIn(frame),
    attemptIn(frame),
    expiryIn(frame),
  ])
  assert.ok(kind >= 2 && kind <= 4 && priority <= 3 && typeof wantsReceipt === 'boolean')
  assert.ok(destination.isAt(frame, 2) && source.isAt(frame, 18))
  assert.match(view.id, /^[0-9a-f]{16}$/)
  const signature = isSigned(frame) ? signatureIn(frame) : undefined
  assert.ok(signature === undefined || signature.length === 64)
  assertTiled(frame, 46, [keyIn(frame), view.body, signature].filter(isPresent), 2)
  assertTiled(frame, 0, [signedPartOf(frame), signature].filter(isPresent), 2)
}

function assertAnnounceInBounds(frame: Uint8Array): void {
  const view = new AnnounceView(frame)
  const { capabilities, sequence, created, lifetime, hops, metric } = view
  assertWholeNumbers([capabilities, sequence, created, lifetime, hops, metric])
  const { publicKey, sealingKey, keyPackageHash, data, signedPart, signature } = view
  assertTiled(frame, 14, [publicKey, sealingKey, keyPackageHash].filter(isPresent), restAfterOptions(view))
  if (data !== undefined) assertTiled(frame, frame.length - 67 - data.length, [data, signature], 3)
  assertTiled(frame, 0, [signedPart, signature], 3)
}

function restAfterOptions({ data }: AnnounceView): number {
  return (data === undefined ? 0 : 1 + data.length) + 67
}

function signedPartOfAnnounce(frame: Uint8Array): Uint8Array {
  return new AnnounceView(frame).signedPart
}

/** Whether a receiver that knows the key would take the frame for its owner's. */
function opens(frame: Uint8Array): boolean {
  if (checkEnvelope(frame) !== undefined || !isSigned(frame)) return false
  return crypto.ed25519Verify(signatureIn(frame), signedPartOf(frame), identity.publicKey)
}

function announceOpens(frame: Uint8Array): boolean {
  if (checkAnnounce(frame) !== undefined) return false
  const { signature, signedPart } = new AnnounceView(frame)
  return crypto.ed25519Verify(signature, signedPart, identity.publicKey)
}

function* flips(frame: Uint8Array, upTo: number): Generator<Uint8Array> {
  for (let bit = 0; bit < 8 * upTo; bit++) {
    yield frame.with(bit >> 3, (frame[bit >> 3] as number) ^ (1 << (bit & 7)))
  }
}

describe('hostile frames', () => {
  it('are judged without throwing, and let no accessor out of the frame', () => {
    let passed = 0
    fc.assert(
      fc.property(hostile, (raw) => {
        const frame = amidOthers(raw)
        if (checkEnvelope(frame) === undefined) {
          assertEnvelopeInBounds(frame)
          passed += 1
        }
        if (checkAnnounce(frame) === undefined) {
          assertAnnounceInBounds(frame)
          passed += 1
        }
      }),
      { numRuns: 10_000 },
    )
    assert.ok(passed > 500, `only ${passed} of 10,000 were worth the test`)
  })

  it('change no word of the judgement by what stands around them in memory', () => {
    fc.assert(
      fc.property(hostile, (raw) => {
        assert.equal(checkEnvelope(amidOthers(raw)), checkEnvelope(raw))
        assert.equal(checkAnnounce(amidOthers(raw)), checkAnnounce(raw))
        assert.equal(checkEnvelope(Buffer.from(raw)), checkEnvelope(raw))
      }),
      { numRuns: 2000 },
    )
  })

  it('get past a receiver only with the signed bytes of a real frame', () => {
    const signed = new Set(
      [...shortFrames.map(signedPartOf), ...announces.map(signedPartOfAnnounce)].map(String),
    )
    const bob = Identity.fromSeed(fromHex(envelopeVectors.identities.bob.seed))
    let taken = 0
    fc.assert(
      fc.property(hostile, (frame) => {
        const receiver = new Receiver(bob)
        for (const announce of announces) receiver.receive(announce, NOW)
        if (receiver.receive(frame, NOW) !== undefined) return
        taken += 1
        const part = frame[0] === 0x11 ? signedPartOfAnnounce(frame) : signedPartOf(frame)
        assert.ok(signed.has(String(part)))
      }),
      { numRuns: 1000 },
    )
    assert.ok(taken > 0, 'no frame with only its trailer changed was among them')
  })
})

describe('a damaged frame', () => {
  const few = { numRuns: 10 }

  it('is refused however many bytes its end has lost', () => {
    fc.assert(
      fc.property(envelopeFields, announceFields, (fields, announced) => {
        const envelope = encodeEnvelope(fields, sign)
        assert.ok(opens(envelope))
        for (let length = 0; length < envelope.length; length++) assert.ok(!opens(envelope.slice(0, length)))
        const announce = encodeAnnounce({ ...announced, publicKey: identity.publicKey }, sign)
        assert.ok(announceOpens(announce))
        for (let length = 0; length < announce.length; length++) {
          assert.notEqual(checkAnnounce(announce.slice(0, length)), undefined)
        }
      }),
      few,
    )
  })

  it('is refused with any one bit of its signed part or signature changed', () => {
    const body = bytes(40)
    fc.assert(
      fc.property(envelopeFields, body, fc.boolean(), (fields, body, keyed) => {
        const { key: _, ...rest } = fields
        const frame = encodeEnvelope({ ...rest, body, ...(keyed ? { key: identity.publicKey } : {}) }, sign)
        for (const flipped of flips(frame, frame.length - 2)) assert.ok(!opens(flipped))
      }),
      few,
    )
    fc.assert(
      fc.property(announceFields, (fields) => {
        const frame = encodeAnnounce({ ...fields, publicKey: identity.publicKey }, sign)
        for (const flipped of flips(frame, frame.length - 3)) assert.ok(!announceOpens(flipped))
      }),
      few,
    )
  })

  it('is the same to a verifier with any bit of its trailer changed', () => {
    const fields = { capabilities: 1, sequence: 1, created: 1, lifetime: 1, publicKey: identity.publicKey }
    const announce = encodeAnnounce(fields, sign)
    for (let bit = 8 * (announce.length - 3); bit < 8 * announce.length; bit++) {
      assert.ok(announceOpens(announce.with(bit >> 3, (announce[bit >> 3] as number) ^ (1 << (bit & 7)))))
    }
    const envelope = encodeEnvelope(
      {
        kind: FrameKind.message,
        priority: 2,
        receipt: true,
        destination: identity.address,
        source: identity.address,
        sequence: 1,
        created: 1,
        lifetime: 1,
        service: 0,
        body: new Uint8Array(5),
      },
      sign,
    )
    for (let bit = 8 * (envelope.length - 2); bit < 8 * envelope.length; bit++) {
      assert.ok(opens(envelope.with(bit >> 3, (envelope[bit >> 3] as number) ^ (1 << (bit & 7)))))
    }
  })
})
