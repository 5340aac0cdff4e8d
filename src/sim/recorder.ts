/** Sees every frame of a simulated network: counts it, adds it to the trace, and holds it against the rules. */

import { Address } from '../identity/address.ts'
import { TokenBucket } from '../runtime/token-bucket.ts'
import { AnnounceView } from '../wire/announce.ts'
import { isEnvelope } from '../wire/envelope.ts'
import { FrameKind, kindOf, MAX_HOPS } from '../wire/frame.ts'
import { TARGET_AT } from '../wire/path-request.ts'
import type { Forgeries } from './byzantine.ts'
import type { EventQueue } from './event-queue.ts'
import type { NetworkObserver } from './network.ts'
import type { Findings } from './oracles.ts'
import type { SimLink } from './sim-link.ts'
import { WordHash } from './word-hash.ts'

/** By node, over all its runs. */
export interface Traffic {
  readonly controlBytesReceived: number[]
  readonly bytesReceived: number[]
  readonly framesReceived: number[]
}

/** docs/specs/routing.md, "Budget": what announces may take of a link, and which links it holds for. */
const CONSTRAINED_BITS_PER_S = 64_000
const ANNOUNCE_SHARE = 0.02
const ANNOUNCE_BURST_BYTES = 480

/** What of a node a frame with a wrong signature must not change. */
export type Footprint = (node: number) => string

export interface RecorderOptions {
  readonly queue: EventQueue
  readonly findings: Findings
  readonly forgeries: Forgeries
  readonly footprint: Footprint
  /** Links that an announce may cross which nobody has asked for. */
  readonly maxHops: number
}

export class Recorder implements NetworkObserver {
  readonly traffic: Traffic = { controlBytesReceived: [], bytesReceived: [], framesReceived: [] }
  frames = 0
  readonly #options: RecorderOptions
  readonly #hash = new WordHash()
  readonly #budgets = new WeakMap<SimLink, TokenBucket>()
  /** Addresses that somebody has asked for: their announces go as far as the request came from. */
  readonly #asked = new Set<string>()
  #before: string | undefined

  constructor(options: RecorderOptions) {
    this.#options = options
    this.#hash.reset()
  }

  get traceHash(): string {
    return this.#hash.toString()
  }

  addNode(): void {
    for (const column of Object.values(this.traffic)) (column as number[]).push(0)
  }

  offered(link: SimLink, frame: Uint8Array): void {
    const { profile } = link
    const isHonest = link.port.adversary === undefined
    if (profile.bitsPerSecond >= CONSTRAINED_BITS_PER_S || !isHonest) return
    if (frame.length === 0 || kindOf(frame) !== FrameKind.announce) return
    const now = link.port.machine.localMs
    let bucket = this.#budgets.get(link)
    if (bucket === undefined) {
      // A little more than the node reckons with: its clock and this one round differently.
      bucket = new TokenBucket(
        (profile.bitsPerSecond / 8) * ANNOUNCE_SHARE * 1.001,
        ANNOUNCE_BURST_BYTES,
        now,
      )
      this.#budgets.set(link, bucket)
    }
    if (!bucket.take(frame.length, now)) {
      this.#report(
        'budget',
        link,
        `announces over ${ANNOUNCE_SHARE * 100} % of ${profile.bitsPerSecond} bit/s`,
      )
    }
  }

  sent(link: SimLink, frame: Uint8Array): void {
    this.frames += 1
    const hash = this.#hash
    hash.word((this.#options.queue.now * 16) | 0)
    hash.word(link.port.machine.index)
    hash.word(link.peer.port.machine.index)
    hash.bytes(frame)
    if (link.port.adversary === undefined) this.#checkHops(link, frame)
  }

  received(link: SimLink, frame: Uint8Array): void {
    const node = link.port.machine.index
    this.#count(node, frame)
    const isForged = link.peer.port.adversary !== undefined && this.#options.forgeries.has(frame)
    this.#before = isForged ? this.#options.footprint(node) : undefined
  }

  /** A frame has arrived over a medium of another kind, which is not seen before that. */
  arrived(node: number, frame: Uint8Array): void {
    this.frames += 1
    this.#hash.word((this.#options.queue.now * 16) | 0)
    this.#hash.word(node)
    this.#hash.bytes(frame)
    this.#count(node, frame)
  }

  #count(node: number, frame: Uint8Array): void {
    const { controlBytesReceived, bytesReceived, framesReceived } = this.traffic
    bytesReceived[node] = (bytesReceived[node] as number) + frame.length
    framesReceived[node] = (framesReceived[node] as number) + 1
    if (!isEnvelope(frame)) controlBytesReceived[node] = (controlBytesReceived[node] as number) + frame.length
  }

  handled(link: SimLink): void {
    if (this.#before === undefined) return
    const after = this.#options.footprint(link.port.machine.index)
    if (after !== this.#before) this.#report('signature', link, `a forged frame: ${this.#before} -> ${after}`)
    this.#before = undefined
  }

  #checkHops(link: SimLink, frame: Uint8Array): void {
    const kind = kindOf(frame)
    if (kind === FrameKind.announce) {
      const { hops, publicKey } = new AnnounceView(frame)
      if (hops < this.#options.maxHops) return
      if (hops < MAX_HOPS && this.#asked.has(Address.ofPublicKey(publicKey).toString())) return
      this.#report('hop_limit', link, `an announce after ${hops} hops`)
    } else if (isEnvelope(frame)) {
      const hops = frame[frame.length - 2] as number
      if (hops > MAX_HOPS) this.#report('hop_limit', link, `an envelope after ${hops} hops`)
    } else if (kind === FrameKind.request) this.#asked.add(Address.at(frame, TARGET_AT).toString())
  }

  #report(oracle: 'budget' | 'hop_limit' | 'signature', link: SimLink, detail: string): void {
    const { queue, findings } = this.#options
    findings.report({ oracle, at: queue.now, node: link.port.machine.index, detail })
  }
}
