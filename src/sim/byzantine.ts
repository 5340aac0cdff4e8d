/** Nodes that do not keep to the protocol: what they do to the frames that pass, and what they make up. */
import type { CryptoProvider } from '../crypto/provider/provider.ts'
import { Address } from '../identity/address.ts'
import { Identity } from '../identity/identity.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Random } from '../runtime/random.ts'
import { AnnounceView, encodeAnnounce, MAX_ANNOUNCE_DATA_BYTES, relayedAnnounce } from '../wire/announce.ts'
import { DESTINATION_AT, isEnvelope } from '../wire/envelope.ts'
import { CONTROL, FrameKind, kindOf } from '../wire/frame.ts'
import type { SimLink } from './sim-link.ts'
import type { Adversary, SimTransport } from './sim-transport.ts'

/**
 * - `forged_hops`: passes announces on as if their origins stood right beside it.
 * - `replay`: sends again what it has heard: as it was, as another attempt that has come far, with a bit changed.
 * - `announce_flood`: makes up nodes and passes on their announces, a few with a wrong signature: too few for
 *   its links to be closed over them.
 * - `oversized`: sends frames that are too long, too short, or not what they say.
 * - `black_hole`: takes part in routing and drops all that it should pass on.
 */
export const BYZANTINE_KINDS = ['forged_hops', 'replay', 'announce_flood', 'oversized', 'black_hole'] as const
export type ByzantineKind = (typeof BYZANTINE_KINDS)[number]

/** What cannot be true, and so must leave no trace at an honest node. */
export class Forgeries {
  readonly #frames = new WeakSet<Uint8Array>()

  add(frame: Uint8Array): Uint8Array {
    this.#frames.add(frame)
    return frame
  }

  has(frame: Uint8Array): boolean {
    return this.#frames.has(frame)
  }
}

export interface ByzantineOptions {
  readonly kind: ByzantineKind
  readonly transport: SimTransport
  readonly clock: Clock
  readonly random: Random
  readonly crypto: CryptoProvider
  readonly forgeries: Forgeries
}

const PERIOD_MS = 20
const REMEMBERED = 64
/** Made-up announces in one period: 500 a second, of which 10 are wrongly signed. */
const FLOOD = 10
const WRONG_EVERY = 50

export class Byzantine implements Adversary {
  readonly #options: ByzantineOptions
  /** What `replay` has heard last. */
  readonly #heard: Uint8Array[] = []
  #next = 0
  #made = 0

  constructor(options: ByzantineOptions) {
    this.#options = options
    this.#schedule()
  }

  get kind(): ByzantineKind {
    return this.#options.kind
  }

  outgoing(_link: SimLink, frame: Uint8Array): Uint8Array | undefined {
    if (this.kind !== 'forged_hops' || kindOf(frame) !== FrameKind.announce) return frame
    const announce = new AnnounceView(frame)
    // The least that is believed: a node is known to be beside itself only.
    const isOwn = this.#options.transport.address.equals(Address.ofPublicKey(announce.publicKey))
    return isOwn ? frame : relayedAnnounce(frame, 1, 1)
  }

  incoming(_link: SimLink, frame: Uint8Array): boolean {
    // What another has changed is left alone: changed back, it would be no forgery any more.
    if (this.kind === 'replay' && !this.#options.forgeries.has(frame)) {
      this.#heard[this.#next] = Uint8Array.from(frame)
      this.#next = (this.#next + 1) % REMEMBERED
    }
    return this.kind !== 'black_hole' || !this.#isToPassOn(frame)
  }

  #isToPassOn(frame: Uint8Array): boolean {
    return isEnvelope(frame) && !this.#options.transport.address.isAt(frame, DESTINATION_AT)
  }

  #schedule(): void {
    if (this.kind === 'forged_hops' || this.kind === 'black_hole') return
    this.#options.clock.setTimer(PERIOD_MS, () => {
      this.#act()
      this.#schedule()
    })
  }

  #act(): void {
    const links = [...this.#options.transport.links]
    const link = links[links.length > 0 ? this.#options.random.below(links.length) : 0]
    if (link === undefined) return
    const send = (frame: Uint8Array): void => {
      if (frame.length <= link.profile.mtu) link.sendAsIs(frame, CONTROL)
    }
    if (this.kind === 'announce_flood') for (let i = 0; i < FLOOD; i++) send(this.#madeUpNode())
    if (this.kind === 'replay' && this.#heard.length > 0) send(this.#again())
    if (this.kind === 'oversized') send(this.#nonsense(link.profile.mtu))
  }

  #madeUpNode(): Uint8Array {
    const { random, crypto, clock, forgeries } = this.#options
    const identity = Identity.generate(random, crypto)
    const created = Math.floor(clock.now() / 1000)
    const made = encodeAnnounce(
      { capabilities: 3, sequence: created, created, lifetime: 1800, publicKey: identity.publicKey },
      (signed) => identity.sign(signed),
    )
    const frame = relayedAnnounce(made, 1 + random.below(6), 10 * random.below(100))
    this.#made += 1
    if (this.#made % WRONG_EVERY !== 0) return frame
    const { signature } = new AnnounceView(frame)
    signature[0] = (signature[0] as number) ^ 1
    return forgeries.add(frame)
  }

  #again(): Uint8Array {
    const { random, forgeries } = this.#options
    const frame = Uint8Array.from(this.#heard[random.below(this.#heard.length)] as Uint8Array)
    const kind = kindOf(frame)
    const change = random.below(3)
    if (change === 1) {
      frame[frame.length - 1] = random.below(256)
      // So far travelled already that the copy dies before it arrives, and is remembered where it passes.
      if (kind === FrameKind.message) frame[frame.length - 2] = 96 + random.below(32)
    }
    // Not the first two bytes, where a change may make another kind of frame of it, nor the trailer.
    if (change !== 2 || frame.length < 64 || (kind !== FrameKind.announce && kind !== FrameKind.message)) {
      return frame
    }
    const at = 2 + random.below(frame.length - 8)
    frame[at] = (frame[at] as number) ^ (1 << random.below(8))
    return forgeries.add(frame)
  }

  #nonsense(mtu: number): Uint8Array {
    const { random, forgeries } = this.#options
    const length = 1 + random.below(Math.min(mtu, random.below(2) === 0 ? 256 : 65_536))
    const frame = random.bytes(length)
    frame[0] = (random.below(16) === 0 ? 0x20 : 0x10) | random.below(16)
    // As if it had all options and the most data.
    if (kindOf(frame) === FrameKind.announce && length > 200) {
      frame[1] = 0x07
      frame[94] = random.below(2) === 0 ? MAX_ANNOUNCE_DATA_BYTES : 255
    }
    // Path requests carry no signature: by chance it may have become a good one.
    return kindOf(frame) === FrameKind.request ? frame : forgeries.add(frame)
  }
}
