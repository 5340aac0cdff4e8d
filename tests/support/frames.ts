/** Frames for tests, signed by real keys from fixed seeds. */
import { Identity } from '../../src/identity/identity.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { type AnnounceFields, encodeAnnounce } from '../../src/wire/announce.ts'
import { type EnvelopeFields, encodeEnvelope } from '../../src/wire/envelope.ts'
import { FrameKind } from '../../src/wire/frame.ts'

/** 2026-01-01, the start of a VirtualClock, in seconds. */
export const T0 = Date.UTC(2026, 0, 1) / 1000

export function identityOf(name: string): Identity {
  return Identity.generate(seededRandom(`identity ${name}`))
}

export function announceBy(identity: Identity, fields: Partial<AnnounceFields> = {}): Uint8Array {
  return encodeAnnounce(
    {
      capabilities: 3,
      sequence: T0,
      created: T0,
      lifetime: 1800,
      publicKey: identity.publicKey,
      ...fields,
    },
    (signed) => identity.sign(signed),
  )
}

export function messageBy(
  source: Identity,
  destination: Identity,
  fields: Partial<EnvelopeFields> = {},
): Uint8Array {
  return encodeEnvelope(
    {
      kind: FrameKind.message,
      priority: 2,
      receipt: true,
      destination: destination.address,
      source: source.address,
      sequence: 1,
      created: T0,
      lifetime: 3600,
      service: 0,
      body: new TextEncoder().encode('hello'),
      ...fields,
    },
    (signed) => source.sign(signed),
  )
}
