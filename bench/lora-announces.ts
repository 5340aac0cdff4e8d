/**
 * Whole nodes in Meshtasticator's setting, announcing themselves: how far an announce gets, and how much of
 * what is heard of it is new. Counted on the air, by what the emulated modems receive.
 */
import { Address } from '../src/identity/address.ts'
import { Identity } from '../src/identity/identity.ts'
import { MeshNode } from '../src/node/mesh-node.ts'
import { seededRandom } from '../src/runtime/random.ts'
import { VirtualClock } from '../src/sim/clock.ts'
import { type AirEvent, EmulatedAir } from '../src/sim/rnode/network.ts'
import { BlockType, decodeBlocks, decodeHead } from '../src/transport/lora/link/packet.ts'
import { lora as loraTransport } from '../src/transport/lora/lora.ts'
import { AnnounceView, checkAnnounce } from '../src/wire/announce.ts'
import { forgetful } from './fixtures/radio-net.ts'
import { type FloodFigures, HOP_LIMIT, NODES, PATH_LOSS, placesOf } from './lora-field.ts'

/** With what the chip can still read at this setting, a quarter of a dB more than the 140.25 dB that there are. */
const TX_POWER_DBM = 19
const SURPLUS_DB = 0.25
const RADIO = { spreadingFactor: 7, bandwidthHz: 250_000, codingRate: 8, txPowerDbm: TX_POWER_DBM } as const
/** Nodes find each other, say whom they hear, and what waits from then goes out. */
const SETTLES_PERIODS = 6
const COUNTED_PERIODS = 4
const RINGS_OUT_MS = 120_000
const CHECKSUM_BYTES = 2

/** @param periodS between two announces of a node. */
export async function announceFigures(seed: number, periodS: number): Promise<FloodFigures> {
  const clock = new VirtualClock()
  const random = seededRandom(`lora announces ${seed}`)
  const [from, until] = [SETTLES_PERIODS, SETTLES_PERIODS + COUNTED_PERIODS].map((n) => n * periodS * 1000)
  const tally = new AnnounceTally(clock, from as number, until as number)
  const air = new EmulatedAir({
    clock,
    random: random.fork('air'),
    reach: 'positions',
    pathLoss: (m) => PATH_LOSS(m) + SURPLUS_DB,
    onTransmission: (event) => tally.note(event),
  })
  const nodes: MeshNode[] = []
  for (const [n, position] of placesOf(seed).entries()) {
    const name = `m${n}`
    const { line } = air.modem({ name, position })
    const identity = Identity.generate(random.fork(`identity ${n}`))
    tally.names.set(identity.address.toString(), name)
    const transports = [loraTransport({ port: name, ...RADIO, ledger: forgetful, line })]
    const announce = { interval_s: periodS, max_age_s: 10 * periodS, max_hops: HOP_LIMIT + 1 }
    const parts = { identity, clock, random: random.fork(name), transports, config: { announce } }
    nodes.push(await MeshNode.create(parts))
  }
  const runs = await Promise.all(nodes.map((node) => node.run()))
  await clock.advanceAsync((until as number) + RINGS_OUT_MS)
  let isDown = false
  const down = Promise.all(runs.map((run) => run.shutdown())).finally(() => {
    isDown = true
  })
  while (!isDown) await clock.advanceAsync(100)
  await down
  return tally.figures
}

class AnnounceTally {
  /** Address -> modem. */
  readonly names = new Map<string, string>()
  readonly #clock: VirtualClock
  readonly #from: number
  readonly #until: number
  /** Origin and sequence -> the modems that have it. */
  readonly #reached = new Map<string, Set<string>>()
  readonly #sums = { transmissions: 0, receptions: 0, first: 0 }

  /** @param from, until when announces count, by the time at which they first go out, ms. */
  constructor(clock: VirtualClock, from: number, until: number) {
    this.#clock = clock
    this.#from = from
    this.#until = until
  }

  note({ frame, modem, outcomes }: AirEvent): void {
    for (const { key, origin } of announcesIn(frame)) {
      let reached = this.#reached.get(key)
      const now = this.#clock.monotonic()
      if (reached === undefined) {
        const isOwn = this.names.get(origin) === modem
        if (!isOwn || now < this.#from || now > this.#until) continue
        reached = new Set([modem])
        this.#reached.set(key, reached)
      }
      this.#sums.transmissions += 1
      for (const { modem: receiver, fate } of outcomes) {
        if (fate !== 'received') continue
        this.#sums.receptions += 1
        if (!reached.has(receiver)) this.#sums.first += 1
        reached.add(receiver)
      }
    }
  }

  get figures(): FloodFigures {
    const { transmissions, receptions, first } = this.#sums
    const broadcasts = this.#reached.size
    return {
      reach: first / (broadcasts * (NODES - 1)),
      usefulness: first / receptions,
      transmissions: transmissions / broadcasts,
    }
  }
}

/** The announces that a LoRa frame carries, by origin and sequence. */
function announcesIn(frame: Uint8Array): { key: string; origin: string }[] {
  const packet = frame.subarray(1)
  const head = decodeHead(packet)
  const blocks = head && decodeBlocks(packet, head, packet.length - CHECKSUM_BYTES)
  return (blocks ?? []).flatMap(({ type, content }) => {
    if (type !== BlockType.cast || checkAnnounce(content) !== undefined) return []
    const announce = new AnnounceView(content)
    const origin = Address.ofPublicKey(announce.publicKey).toString()
    return [{ key: `${origin} ${announce.sequence}`, origin }]
  })
}
