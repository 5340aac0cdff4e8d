/** What a receiver makes of a frame: the router's three calls with the signature check between them. */
import { defaultProvider } from '../../src/crypto/provider/select.ts'
import type { Identity } from '../../src/identity/identity.ts'
import type { Refusal } from '../../src/routing/refusal.ts'
import { MeshRouter, type RoutedLink } from '../../src/routing/router.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { AnnounceView } from '../../src/wire/announce.ts'
import { signatureIn, signedPartOf } from '../../src/wire/envelope.ts'
import { FrameKind, kindOf } from '../../src/wire/frame.ts'

const LINK: RoutedLink = {
  neighbour: undefined,
  profile: { bitsPerSecond: 1e9, broadcast: false },
  latencyMs: 0,
}

export class Receiver {
  readonly #router: MeshRouter<RoutedLink>
  readonly #crypto = defaultProvider()

  constructor({ address }: Identity) {
    const times = { intervalMs: 600_000, minSpacingMs: 1000, jitterMs: 100, maxAgeMs: 1_800_000, maxHops: 64 }
    const makeAnnounce = (): Uint8Array => new Uint8Array()
    const options = { address, relay: true, maxPaths: 64, seenMessages: 1024, announce: times, makeAnnounce }
    this.#router = new MeshRouter(options, seededRandom('receiver'))
  }

  /** @param nowS seconds since the Unix epoch. @returns undefined for a frame that is taken in. */
  receive(frame: Uint8Array, nowS: number): Refusal | undefined {
    const refusal = this.#router.inspect(frame, nowS * 1000)
    if (refusal !== undefined) return refusal
    const key = this.#router.keyFor(frame)
    if (key === undefined) return 'unknown_source'
    if (!this.#isSignedBy(frame, key)) return 'bad_signature'
    const verdict = this.#router.accept(frame, LINK, 0, nowS * 1000)
    return verdict.action === 'refuse' ? verdict.reason : undefined
  }

  #isSignedBy(frame: Uint8Array, key: Uint8Array): boolean {
    if (kindOf(frame) !== FrameKind.announce) {
      return this.#crypto.ed25519Verify(signatureIn(frame), signedPartOf(frame), key)
    }
    const { signature, signedPart } = new AnnounceView(frame)
    return this.#crypto.ed25519Verify(signature, signedPart, key)
  }
}
