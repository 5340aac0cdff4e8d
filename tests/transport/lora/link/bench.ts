/** Nodes with radios on the plain air, in virtual time. */
import { defaultProvider } from '../../../../src/crypto/provider/select.ts'
import type { Identity } from '../../../../src/identity/identity.ts'
import { silentLogger } from '../../../../src/runtime/logger.ts'
import { seededRandom } from '../../../../src/runtime/random.ts'
import { VirtualClock } from '../../../../src/sim/clock.ts'
import { RecordingHost } from '../../../../src/testing/recording-host.ts'
import type { AirtimeAccount } from '../../../../src/transport/lora/link/account.ts'
import { checksum, crc16, keyedTag } from '../../../../src/transport/lora/link/tag.ts'
import { LoraTransport } from '../../../../src/transport/lora/transport.ts'
import type { Link } from '../../../../src/transport/transport.ts'
import { encodeEnvelope, HEADER_BYTES } from '../../../../src/wire/envelope.ts'
import { FrameKind, type Priority } from '../../../../src/wire/frame.ts'
import { announceBy, identityOf, T0 } from '../../../support/frames.ts'
import { PlainAir, type PlainAirOptions, type PlainModem } from './plain-air.ts'

/** No law at all. */
export const lawless: AirtimeAccount = { earliest: (now) => now, charge: () => true }

export interface BenchNodeOptions {
  readonly networkKey?: Uint8Array
  readonly queueBytes?: number
  readonly account?: AirtimeAccount
  readonly maxAirtimeUs?: number
}

export class BenchNode {
  readonly identity: Identity
  readonly modem: PlainModem
  readonly transport: LoraTransport
  readonly host = new RecordingHost(AbortSignal.abort())
  /** All that links have accepted. */
  readonly accepted: { readonly link: Link; readonly frame: Uint8Array }[] = []
  readonly #bench: LinkBench
  #announces = 0

  constructor(bench: LinkBench, name: string, modem: PlainModem, options: BenchNodeOptions) {
    const { networkKey, queueBytes = 65_536, account = lawless, maxAirtimeUs } = options
    this.#bench = bench
    this.modem = modem
    this.identity = identityOf(name)
    this.transport = new LoraTransport(
      {
        name: 'lora',
        modem,
        account,
        tagger: networkKey === undefined ? checksum : keyedTag(networkKey),
        queueBytes,
        ...(maxAirtimeUs === undefined ? {} : { maxAirtimeUs }),
      },
      {
        identity: this.identity,
        crypto: defaultProvider(),
        clock: bench.clock,
        random: seededRandom(`${bench.seed} ${modem.port}`),
        logger: silentLogger,
      },
    )
    void this.transport.start(this.host)
  }

  get id(): number {
    return this.transport.station.roster.id
  }

  get medium(): Link {
    const link = this.host.links.find(({ neighbour }) => neighbour === undefined)
    if (link === undefined) throw new Error(`${this.modem.port} is not on the air`)
    return link
  }

  /** The link to a neighbour, while there is one. */
  to(other: BenchNode): Link | undefined {
    return this.host.links.find(({ neighbour }) => neighbour?.equals(other.identity.address))
  }

  errors(reason: string): number {
    return this.transport.counters.errors.get(reason) ?? 0
  }

  announce(): boolean {
    const created = Math.floor(this.#bench.clock.now() / 1000)
    const frame = announceBy(this.identity, { created, sequence: T0 + this.#announces++ })
    return this.host.links.some(({ neighbour }) => neighbour === undefined) && this.medium.send(frame, 0)
  }

  /** Sends a frame and remembers it if it was taken. */
  send(other: BenchNode, frame: Uint8Array, priority: Priority = 2): boolean {
    const link = this.to(other)
    if (link === undefined || !link.send(frame, priority)) return false
    this.accepted.push({ link, frame })
    return true
  }
}

export class LinkBench {
  readonly clock = new VirtualClock()
  readonly seed: string | number
  readonly air: PlainAir
  #frames = 0

  constructor(seed: string | number = 'bench', options: Partial<PlainAirOptions> = {}) {
    this.seed = seed
    this.air = new PlainAir({ clock: this.clock, random: seededRandom(`air ${seed}`), ...options })
  }

  node(name: string, options: BenchNodeOptions = {}): BenchNode {
    const node = new BenchNode(this, name, this.air.modem(name), options)
    this.clock.advance(1)
    return node
  }

  /** Nodes that know each other, on an air that was quiet meanwhile. */
  nodes(names: readonly string[], options: BenchNodeOptions = {}): BenchNode[] {
    const { isLost } = this.air
    this.air.isLost = () => false
    const nodes = names.map((name) => this.node(name, options))
    this.meet(nodes)
    this.air.isLost = isLost
    return nodes
  }

  meet(nodes: readonly BenchNode[]): void {
    for (const node of nodes) {
      node.announce()
      this.clock.advance(5000)
    }
  }

  /** A frame that there was not before: an envelope without a signature. */
  frame(
    from: BenchNode,
    to: BenchNode,
    bodyBytes = 16,
    priority: Priority = 2,
    lifetime = 1_000_000,
  ): Uint8Array {
    const sequence = ++this.#frames
    return encodeEnvelope(
      {
        kind: FrameKind.message,
        priority,
        receipt: true,
        destination: to.identity.address,
        source: from.identity.address,
        sequence,
        created: Math.floor(this.clock.now() / 1000),
        lifetime,
        service: 1,
        body: seededRandom(`body ${sequence}`).bytes(bodyBytes),
      },
      undefined,
    )
  }
}

export function hexOf(frame: Uint8Array): string {
  return Buffer.from(frame).toString('hex')
}

/**
 * What the link vouches for: all of a frame, but that one of 256 headers in short that were taken for others, after a
 * neighbour has forgotten what it knew, comes out with another sequence and creation time.
 */
export function likeness(frame: Uint8Array): string {
  const plain = frame.slice()
  if (frame[0] === 0x12) plain.fill(0, 34, 42)
  return `${hexOf(plain)} ${crc16(frame.subarray(0, HEADER_BYTES)) & 0xff}`
}

/** Accepted frames that neither arrived nor were given back. */
export function lostSilently(from: BenchNode, receivers: readonly BenchNode[]): string[] {
  const arrived = new Set(receivers.flatMap(({ host }) => host.frames.map(likeness)))
  const back = new Set(from.host.downs.flatMap(({ unsent }) => unsent.map(likeness)))
  return from.accepted
    .map(({ frame }) => likeness(frame))
    .filter((one) => !arrived.has(one) && !back.has(one))
}
