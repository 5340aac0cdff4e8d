/** Takes packets apart: who sent it, whether it is whole, fresh and of this network, and what is in it for this node. */
import type { Clock } from '../../../runtime/clock.ts'
import { readU16 } from '../../../wire/bytes.ts'
import { CounterWindow } from './counter-window.ts'
import { Reassembly } from './fragments.ts'
import type { Neighbour } from './neighbour.ts'
import {
  ACK_WINDOW,
  type Ack,
  type Block,
  BlockType,
  DATA_FIXED_BYTES,
  decodeAck,
  decodeBlocks,
  decodeFragment,
  decodeHead,
  decodeIds,
  EVERYBODY,
  type PacketHead,
  POLL,
} from './packet.ts'
import { ReplayGuard } from './replay-guard.ts'
import type { Roster } from './roster.ts'
import { idsHeard } from './surroundings.ts'
import { crc16, type Tagger } from './tag.ts'

/** What comes of packets. */
export interface ReceiverHost {
  /** @returns false where the frame cannot be taken now: the sender is to keep it. */
  frame(neighbour: Neighbour, frame: Uint8Array): boolean
  met(neighbour: Neighbour): void
  acknowledged(neighbour: Neighbour, ack: Ack): void
  /** The neighbour wants an acknowledgement now. */
  polled(neighbour: Neighbour): void
  /** Somebody is there who has not announced itself. */
  stranger(id: number): void
  /** Somebody wants to know who this node is. */
  askedWho(): void
  /** Two that are in reach go by this id, or somebody goes by this node's. */
  clash(id: number): void
  /** Somebody has more to send, or has sent the last of it. */
  heard(head: PacketHead, bytes: number): void
  refused(reason: string): void
}

/** Strangers whose announces may come in fragments. */
const MAX_STRANGERS = 8

export class Receiver {
  readonly #roster: Roster
  readonly #tagger: Tagger
  readonly #clock: Clock
  readonly #host: ReceiverHost
  readonly #strangers = new Map<number, Reassembly>()
  readonly #guard = new ReplayGuard()

  constructor(roster: Roster, tagger: Tagger, clock: Clock, host: ReceiverHost) {
    this.#roster = roster
    this.#tagger = tagger
    this.#clock = clock
    this.#host = host
  }

  receive(packet: Uint8Array): void {
    const reason = this.#refusalOf(packet)
    if (reason !== undefined) this.#host.refused(reason)
  }

  /** This node has sent a packet itself: that is of no use to others who recorded it either. */
  sent(counter: number): void {
    if (this.#tagger.keyed) this.#guard.take(this.#roster.id, counter)
  }

  /** Takes the packet in, or says why not. */
  #refusalOf(packet: Uint8Array): string | undefined {
    const head = decodeHead(packet)
    if (head === undefined) return 'foreign'
    if (head.keyed !== this.#tagger.keyed) return 'other_network'
    const blocks = decodeBlocks(packet, head, packet.length - this.#tagger.bytes)
    if (blocks === undefined) return 'malformed'
    const known = this.#roster.of(head.sender)
    const counter = this.#counterOf(head, known)
    if (counter === undefined) {
      this.#host.stranger(head.sender)
      return 'stranger'
    }
    if (!this.#tagger.check(packet, counter)) return 'bad_tag'
    const isReplay = this.#tagger.keyed && !this.#guard.take(head.sender, counter)
    const neighbour = this.#introduce(head.sender, blocks, known, isReplay)
    if (isReplay) return 'replayed'
    if (neighbour === undefined) {
      this.#forEverybody(blocks)
      this.#host.stranger(head.sender)
      return head.sender === this.#roster.id ? 'own_id' : 'stranger'
    }
    if (!this.#isFresh(neighbour, counter)) return 'replayed'
    neighbour.window.add(counter)
    neighbour.lastHeard = this.#clock.monotonic()
    this.#host.heard(head, packet.length)
    this.#forEverybody(blocks)
    this.#forThisNode(neighbour, blocks, counter)
    return undefined
  }

  /** All 32 bits of the counter; undefined where a keyed network's newcomer cannot tell. */
  #counterOf({ isLong, counter, sender }: PacketHead, known: Neighbour | undefined): number | undefined {
    if (isLong) return counter
    const expected = known?.window.newest ?? this.#guard.newest(sender)
    if (expected !== undefined) return CounterWindow.expand(counter, expected)
    return this.#tagger.keyed ? undefined : counter
  }

  #isFresh(neighbour: Neighbour, counter: number): boolean {
    const { window } = neighbour
    if (window.isFresh(counter)) return true
    // Without a key nothing speaks against a neighbour that has started anew and counts from elsewhere.
    if (this.#tagger.keyed || (window.newest ?? 0) - counter < ACK_WINDOW) return false
    neighbour.window = new CounterWindow()
    neighbour.reassembly = new Reassembly()
    return true
  }

  /** Who goes by this id, where the packet or what has come before says so. */
  #introduce(
    id: number,
    blocks: readonly Block[],
    known: Neighbour | undefined,
    isReplay: boolean,
  ): Neighbour | undefined {
    const [now, wallMs] = [this.#clock.monotonic(), this.#clock.now()]
    for (const block of blocks) {
      const frame = block.type === BlockType.cast ? block.content : this.#strangersFrame(id, block, known)
      if (frame === undefined) continue
      const introduced = this.#roster.introduce(id, frame, now, wallMs, isReplay)
      if (introduced.what === 'clash') this.#host.clash(id)
      if (introduced.what === 'new') this.#host.met(introduced.neighbour)
      if (introduced.what === 'new' || introduced.what === 'known') {
        this.#strangers.delete(id)
        return introduced.neighbour
      }
    }
    return known
  }

  #strangersFrame(id: number, block: Block, known: Neighbour | undefined): Uint8Array | undefined {
    const fragment = block.type === BlockType.fragment ? decodeFragment(block) : undefined
    if (known !== undefined || fragment?.to !== EVERYBODY) return undefined
    let reassembly = this.#strangers.get(id)
    if (reassembly === undefined) {
      for (const oldest of this.#strangers.keys()) {
        if (this.#strangers.size < MAX_STRANGERS) break
        this.#strangers.delete(oldest)
      }
      reassembly = new Reassembly()
      this.#strangers.set(id, reassembly)
    }
    const progress = reassembly.add(fragment, 0)
    return typeof progress === 'object' && crc16(progress.item) === progress.check ? progress.item : undefined
  }

  /** Questions that need no neighbour to have asked them. */
  #forEverybody(blocks: readonly Block[]): void {
    for (const { type, content } of blocks) {
      if (content.length < 2) continue
      if (type === BlockType.who) {
        for (const id of decodeIds(content)) if (id === this.#roster.id) this.#host.askedWho()
      } else if (type === BlockType.clash && readU16(content, 0) === this.#roster.id) {
        this.#host.clash(this.#roster.id)
      }
    }
  }

  #forThisNode(neighbour: Neighbour, blocks: readonly Block[], counter: number): void {
    // A packet in which nothing is for this node, as it goes by now, has been of no use to it.
    let isUsed: boolean | undefined
    let isPolled = false
    for (const block of blocks) {
      const { type, content } = block
      if (type === BlockType.cast) {
        this.#host.frame(neighbour, content.slice())
        continue
      }
      if (type === BlockType.hears) neighbour.hears = idsHeard(block)
      if (type !== BlockType.ack && type !== BlockType.data && type !== BlockType.fragment) continue
      const to = content.length < 2 ? undefined : readU16(content, 0)
      if (to === EVERYBODY && type === BlockType.fragment) this.#fragment(neighbour, block, counter)
      if (to !== this.#roster.id) continue
      if (type === BlockType.ack) {
        const ack = decodeAck(block)
        if (ack === undefined) this.#host.refused('malformed')
        else this.#host.acknowledged(neighbour, ack)
        continue
      }
      isPolled ||= (block.flags & POLL) !== 0
      if (type === BlockType.data && content.length === DATA_FIXED_BYTES) continue
      const wasUsed =
        type === BlockType.data
          ? this.#item(neighbour, content.subarray(DATA_FIXED_BYTES))
          : this.#fragment(neighbour, block, counter)
      isUsed = wasUsed && isUsed !== false
    }
    if (isUsed === true) neighbour.window.use(counter)
    if (isPolled) this.#host.polled(neighbour)
  }

  #fragment(neighbour: Neighbour, block: Block, counter: number): boolean {
    const fragment = decodeFragment(block)
    if (fragment === undefined) {
      this.#host.refused('malformed')
      return false
    }
    const isOwn = fragment.to !== EVERYBODY
    const progress = neighbour.reassembly.add(fragment, counter)
    if (progress === 'useless') {
      this.#host.refused('malformed')
      return false
    }
    if (progress === 'kept') return true
    const frame = isOwn ? this.#expand(neighbour, progress.item) : progress.item
    const isRight = frame !== undefined && crc16(frame) === progress.check
    if (frame !== undefined && !isRight) this.#host.refused('broken_datagram')
    // Its sender learns from the acknowledgement that it has to begin anew, with the header whole.
    if (!isRight || !this.#host.frame(neighbour, frame)) neighbour.reassembly.undo()
    return true
  }

  /** @returns whether it has been taken in. */
  #item(neighbour: Neighbour, item: Uint8Array): boolean {
    const frame = this.#expand(neighbour, item)
    return frame !== undefined && this.#host.frame(neighbour, frame)
  }

  #expand(neighbour: Neighbour, item: Uint8Array): Uint8Array | undefined {
    const frame = neighbour.expander.expand(item)
    if (frame === undefined) this.#host.refused('unknown_context')
    return frame
  }
}
