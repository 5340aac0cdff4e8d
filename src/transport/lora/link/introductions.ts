/** Who asks whom for a name: ids that nobody has introduced, and how often this node introduces itself. */
import { AnnounceView } from '../../../wire/announce.ts'
import { FrameKind, kindOf } from '../../../wire/frame.ts'
import { type Block, BlockType, encodeIds } from './packet.ts'

/** The same question again after this, ms; and the longest list in one. */
const ASK_AGAIN_MS = 60_000
const MAX_ASKED_AT_ONCE = 4
const MAX_REMEMBERED = 64
/** Ids cost a forger nothing, questions cost airtime: so many in the time above. */
const MAX_ASKED = 8
/** Questions cost a stranger little, an answer is long: this node answers at most so often, ms. */
const INTRODUCE_MS = 10_000

export class Introductions {
  /** When each stranger was asked for last, monotonic ms. */
  readonly #asked = new Map<number, number>()
  #strangers: number[] = []
  #clashes: number[] = []
  #announce: Uint8Array | undefined
  #answeredAt = Number.NEGATIVE_INFINITY

  /** Blocks that are to go with the next packet. */
  get blocks(): readonly Block[] {
    const clashes = this.#clashes.map((id) => ({ type: BlockType.clash, flags: 0, content: encodeIds([id]) }))
    if (this.#strangers.length === 0) return clashes
    return [{ type: BlockType.who, flags: 0, content: encodeIds(this.#strangers) }, ...clashes]
  }

  /** They are on their way. */
  asked(): void {
    this.#strangers = []
    this.#clashes = []
  }

  stranger(id: number, now: number): void {
    if (now < (this.#asked.get(id) ?? Number.NEGATIVE_INFINITY) + ASK_AGAIN_MS) return
    if (this.#strangers.length >= MAX_ASKED_AT_ONCE) return
    const recent = [...this.#asked.values()].filter((at) => now < at + ASK_AGAIN_MS)
    if (recent.length >= MAX_ASKED) return
    this.#asked.delete(id)
    this.#asked.set(id, now)
    for (const oldest of this.#asked.keys()) {
      if (this.#asked.size <= MAX_REMEMBERED) break
      this.#asked.delete(oldest)
    }
    this.#strangers.push(id)
  }

  /** Two in reach go by this id: both are to take another. */
  clash(id: number): void {
    if (this.#clashes.length < MAX_ASKED_AT_ONCE && !this.#clashes.includes(id)) this.#clashes.push(id)
  }

  /** A frame goes out to everybody; this node's own announce is what it introduces itself with. */
  leaving(frame: Uint8Array): void {
    if (kindOf(frame) === FrameKind.announce && new AnnounceView(frame).hops === 0) this.#announce = frame
  }

  /** This node goes by another id from now on. */
  renamed(): void {
    this.#answeredAt = Number.NEGATIVE_INFINITY
  }

  /**
   * Somebody wants to know who this node is. That it has announced itself just now is no reason to keep silent:
   * whoever asks has not heard that, since two who cannot hear each other spoke at once.
   *
   * @param isLeaving whether the announce waits to leave already.
   * @returns what to say, or undefined where it need not be said again.
   */
  answer(now: number, isLeaving: (announce: Uint8Array) => boolean): Uint8Array | undefined {
    if (this.#announce === undefined || now < this.#answeredAt + INTRODUCE_MS) return undefined
    this.#answeredAt = now
    return isLeaving(this.#announce) ? undefined : this.#announce
  }
}
