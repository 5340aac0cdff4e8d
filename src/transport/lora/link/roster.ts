/**
 * Who is in reach. On the air a node goes by a short id that follows from its address; which address that is
 * shows when the node announces itself, signed, in a packet under that id.
 */
import type { CryptoProvider } from '../../../crypto/provider/provider.ts'
import { Address } from '../../../identity/address.ts'
import { AnnounceView, checkAnnounce } from '../../../wire/announce.ts'
import { readU16 } from '../../../wire/bytes.ts'
import { FrameKind, kindOf } from '../../../wire/frame.ts'
import { Neighbour } from './neighbour.ts'
import { EVERYBODY } from './packet.ts'

/** Neighbours at once; the one that has been silent longest gives way. */
export const MAX_NEIGHBOURS = 64
/** Other ids that a node may go by, where its first one is somebody else's too. */
const ALIASES = 4
/** One that hears nothing, though it is heard, is left alone for this long, ms, and twice as long each time. */
const FIRST_SHUN_MS = 300_000
const LONGEST_SHUN_MS = 3_600_000

/** The id of an address: its first two bytes, or those of the hash of it with a number. */
export function shortId(address: Address, alias: number, crypto: CryptoProvider): number {
  const bytes = alias === 0 ? address.bytes : crypto.sha256(Uint8Array.of(...address.bytes, alias))
  const id = readU16(bytes, 0)
  return id === EVERYBODY ? 0 : id
}

interface Shunned {
  until: number
  lastsMs: number
}

export type Introduction =
  | { readonly what: 'known' | 'new'; readonly neighbour: Neighbour }
  | { readonly what: 'clash' | 'refused' }

export class Roster {
  readonly #own: Address
  readonly #crypto: CryptoProvider
  readonly #byId = new Map<number, Neighbour>()
  readonly #byAddress = new Map<string, Neighbour>()
  readonly #shunned = new Map<string, Shunned>()
  #alias = 0
  #id: number

  constructor(own: Address, crypto: CryptoProvider) {
    this.#own = own
    this.#crypto = crypto
    this.#id = shortId(own, 0, crypto)
  }

  /** This node's own id. */
  get id(): number {
    return this.#id
  }

  get all(): Iterable<Neighbour> {
    return this.#byAddress.values()
  }

  get size(): number {
    return this.#byAddress.size
  }

  of(id: number): Neighbour | undefined {
    return this.#byId.get(id)
  }

  /** The id of an address: of one that is no neighbour its first, which it goes by if nobody else does. */
  idOf(address: Address): number {
    return this.#byAddress.get(address.toString())?.id ?? shortId(address, 0, this.#crypto)
  }

  /** Somebody else goes by the same id: take the next. */
  changeId(): void {
    this.#alias = (this.#alias + 1) % ALIASES
    this.#id = shortId(this.#own, this.#alias, this.#crypto)
  }

  /**
   * A frame has come under an id. Where it is the announce of whoever sent it, that is who goes by the id.
   *
   * @param wallMs wall clock: an announce that has run out introduces nobody.
   * @param isReplay the packet may be an old one: it introduces nobody, but two that share an id are noticed.
   */
  introduce(id: number, frame: Uint8Array, now: number, wallMs: number, isReplay: boolean): Introduction {
    if (frame.length === 0 || kindOf(frame) !== FrameKind.announce || checkAnnounce(frame) !== undefined) {
      return { what: 'refused' }
    }
    const announce = new AnnounceView(frame)
    const hasRunOut = (announce.created + announce.lifetime) * 1000 <= wallMs
    if (announce.hops !== 0 || hasRunOut) return { what: 'refused' }
    const address = Address.ofPublicKey(announce.publicKey)
    if (address.equals(this.#own) || !this.#isIdOf(id, address)) return { what: 'refused' }
    const known = this.#byId.get(id)
    if (known?.address.equals(address)) return { what: 'known', neighbour: known }
    if (!this.#crypto.ed25519Verify(announce.signature, announce.signedPart, announce.publicKey)) {
      return { what: 'refused' }
    }
    if (known !== undefined || id === this.#id) return { what: 'clash' }
    if (isReplay) return { what: 'refused' }
    return this.#admit(id, address, now)
  }

  /** It is gone. One that never answered is not taken for a neighbour again for a while. */
  remove(neighbour: Neighbour, isDeaf: boolean, now: number): void {
    this.#byId.delete(neighbour.id)
    const name = neighbour.address.toString()
    this.#byAddress.delete(name)
    if (!isDeaf) return
    const lastsMs = Math.min(2 * (this.#shunned.get(name)?.lastsMs ?? FIRST_SHUN_MS / 2), LONGEST_SHUN_MS)
    this.#shunned.delete(name)
    this.#shunned.set(name, { until: now + lastsMs, lastsMs })
    for (const oldest of this.#shunned.keys()) {
      if (this.#shunned.size <= MAX_NEIGHBOURS) break
      this.#shunned.delete(oldest)
    }
  }

  /** It has answered: whatever it was shunned for is over. */
  forgive(neighbour: Neighbour): void {
    if (this.#shunned.size > 0) this.#shunned.delete(neighbour.address.toString())
  }

  #admit(id: number, address: Address, now: number): Introduction {
    const name = address.toString()
    const moved = this.#byAddress.get(name)
    if (moved !== undefined) {
      this.#byId.delete(moved.id)
      moved.id = id
      this.#byId.set(id, moved)
      return { what: 'known', neighbour: moved }
    }
    if (now < (this.#shunned.get(name)?.until ?? 0)) return { what: 'refused' }
    if (this.#byAddress.size >= MAX_NEIGHBOURS) return { what: 'refused' }
    const neighbour = new Neighbour(id, address, now)
    this.#byId.set(id, neighbour)
    this.#byAddress.set(name, neighbour)
    return { what: 'new', neighbour }
  }

  #isIdOf(id: number, address: Address): boolean {
    for (let alias = 0; alias < ALIASES; alias++) {
      if (shortId(address, alias, this.#crypto) === id) return true
    }
    return false
  }
}
