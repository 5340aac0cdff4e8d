import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Identity } from '../../src/identity/identity.ts'
import { checkAnnounce, encodeAnnounce } from '../../src/wire/announce.ts'
import { checkEnvelope, encodeEnvelope } from '../../src/wire/envelope.ts'
import {
  FrameKind,
  firstByte,
  kindOf,
  MAX_BODY_BYTES,
  MAX_FRAME_BYTES,
  PRIORITIES,
  priorityOf,
} from '../../src/wire/frame.ts'

const identity = Identity.fromSeed(new Uint8Array(32).fill(7))

describe('frames', () => {
  it('say version and kind in their first byte', () => {
    const first = Object.values(FrameKind).map((kind) => firstByte(kind))
    assert.deepEqual(first, [0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x1f])
    for (const kind of Object.values(FrameKind)) assert.equal(kindOf(Uint8Array.of(firstByte(kind))), kind)
  })

  it('number their priorities from the most urgent', () => {
    assert.deepEqual(PRIORITIES.map(priorityOf), [0, 1, 2, 3])
  })

  it('are at most as long as MAX_FRAME_BYTES says', () => {
    const longest = encodeEnvelope(
      {
        kind: FrameKind.message,
        priority: 3,
        receipt: true,
        destination: identity.address,
        source: identity.address,
        sequence: 1,
        created: 1,
        lifetime: 1,
        service: 0,
        body: new Uint8Array(MAX_BODY_BYTES),
        key: identity.publicKey,
      },
      (signed) => identity.sign(signed),
    )
    assert.equal(longest.length, MAX_FRAME_BYTES)
    assert.equal(longest.length, 65_680)
  })

  it('are of one kind only: no announce passes for an envelope, nor the reverse', () => {
    const announce = encodeAnnounce(
      { capabilities: 0, sequence: 1, created: 1, lifetime: 1, publicKey: identity.publicKey },
      (signed) => identity.sign(signed),
    )
    for (let byte = 0; byte < 256; byte++) {
      const frame = announce.with(0, byte)
      const isEnvelope = byte === 0x12 || byte === 0x13 || byte === 0x14
      assert.equal(
        checkEnvelope(frame) !== 'unknown_kind' && checkEnvelope(frame) !== 'unknown_version',
        isEnvelope,
      )
      assert.equal(checkAnnounce(frame) === undefined, byte === 0x11)
    }
  })

  it('never begin like anything else that libp2p signs with the same key', () => {
    // Its plain prefixes, and its signed envelopes, which begin with the length of their domain string.
    const prefixes = ['noise-libp2p-static-key:', 'libp2p-tls-handshake:', 'libp2p-pubsub:']
    const domains = Array.from({ length: 64 }, (_, more) => `libp2p-${'x'.repeat(more)}`)
    const counted = domains.map((domain) => String.fromCharCode(domain.length) + domain)
    for (const beginning of [...prefixes, ...counted]) {
      const frame = Buffer.from(beginning.padEnd(300, '\0'), 'latin1')
      assert.notEqual(checkEnvelope(frame), undefined, beginning)
      assert.notEqual(checkAnnounce(frame), undefined, beginning)
    }
  })
})
