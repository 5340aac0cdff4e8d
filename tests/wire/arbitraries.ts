/** Frames of all shapes for property tests. */
import fc from 'fast-check'
import { Address } from '../../src/identity/address.ts'
import { type AnnounceFields, MAX_ANNOUNCE_DATA_BYTES } from '../../src/wire/announce.ts'
import { type EnvelopeFields, MAX_LIFETIME_S } from '../../src/wire/envelope.ts'

export const uint8 = fc.integer({ min: 0, max: 0xff })
export const uint16 = fc.integer({ min: 0, max: 0xffff })
export const uint32 = fc.integer({ min: 0, max: 0xffffffff })

export function bytes(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length })
}

const address = bytes(16).map((raw) => Address.at(raw))
const lifetime = fc.integer({ min: 0, max: MAX_LIFETIME_S })

export const envelopeFields: fc.Arbitrary<EnvelopeFields> = fc.record(
  {
    kind: fc.constantFrom(2, 3, 4),
    priority: fc.constantFrom(0, 1, 2, 3),
    receipt: fc.boolean(),
    destination: address,
    source: address,
    sequence: uint32,
    created: uint32,
    lifetime,
    service: uint16,
    body: fc.uint8Array({ maxLength: 300 }),
    key: bytes(32),
  },
  {
    requiredKeys: [
      'kind',
      'priority',
      'receipt',
      'destination',
      'source',
      'sequence',
      'created',
      'lifetime',
      'service',
      'body',
    ],
  },
)

export const announceFields: fc.Arbitrary<AnnounceFields> = fc.record(
  {
    capabilities: uint16,
    sequence: uint32,
    created: uint32,
    lifetime,
    publicKey: bytes(32),
    sealingKey: bytes(32),
    keyPackageHash: bytes(16),
    data: fc.uint8Array({ maxLength: MAX_ANNOUNCE_DATA_BYTES }),
  },
  { requiredKeys: ['capabilities', 'sequence', 'created', 'lifetime', 'publicKey'] },
)

/** Stands in for a signature where nobody checks it. */
export function paraph(signed: Uint8Array): Uint8Array {
  return new Uint8Array(64).fill(signed.length)
}

/** What can happen to a frame on its way, and what an attacker would try first. */
export function mutationsOf(frame: Uint8Array): fc.Arbitrary<Uint8Array> {
  const at = fc.integer({ min: 0, max: frame.length - 1 })
  return fc.oneof(
    fc.tuple(at, uint8).map(([index, value]) => frame.with(index, value)),
    fc.tuple(at, at).map(([from, to]) => frame.slice(Math.min(from, to), Math.max(from, to))),
    fc.uint8Array({ minLength: 1, maxLength: 80 }).map((more) => joined(frame, more)),
    fc.tuple(at, at).map(([from, to]) => joined(frame.subarray(0, from), frame.subarray(to))),
    fc.tuple(uint8, uint8).map(([first, second]) => frame.with(0, first).with(1, second)),
    fc.tuple(uint8, uint8).map(([hops, attempt]) => frame.with(-2, hops).with(-1, attempt)),
  )
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length)
  whole.set(first)
  whole.set(second, first.length)
  return whole
}
