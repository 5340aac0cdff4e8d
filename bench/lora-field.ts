/**
 * Meshtasticator's setting of May 2022, from which its published figures are: 30 nodes strewn over a disc so
 * that each is in range of another, each with a broadcast every 100 s on average, for 200 s.
 */
import { type Random, seededRandom } from '../src/runtime/random.ts'
import { VirtualClock } from '../src/sim/clock.ts'
import { RadioMedium } from '../src/sim/radio/medium.ts'
import { distanceM, macroCell, type Position, rangeM } from '../src/sim/radio/propagation.ts'
import type { RadioSettings } from '../src/sim/radio/radio.ts'

export const NODES = 30
/** Relays after the origin's own transmission. */
export const HOP_LIMIT = 3
export const FRAME_BYTES = 50
/** Of the radii in its history, 2 km is the one that gives its figures; it was 1 to 3 km in that week. */
const DISC_M = 2000
const LEAST_DISTANCE_M = 10
const PERIOD_MS = 100_000
const LASTS_MS = 200_000
const SETTLES_MS = 120_000
/** How often its radios find the channel taken by strangers: 5 %, which its draw makes 10 %. */
const FOREIGN_USE = 0.1
export const PATH_LOSS = macroCell({ frequencyHz: 868e6, antennaM: 1 })
const POWER_DBM = 16
const SENSITIVITY_DBM = -124.25

export const RADIO = {
  // Its formula adds 4 to the denominator, so that its 4/8 takes the time of 4/12.
  modulation: { spreadingFactor: 7, bandwidthHz: 250_000, codingRate: 12, preambleSymbols: 32 },
  frequencyHz: 868e6,
  powerDbm: POWER_DBM,
  sensitivityDbm: SENSITIVITY_DBM,
} as const

/** A node of the field: what it is asked. */
export interface Flooder {
  originate(id: number): void
}

export interface Field {
  readonly clock: VirtualClock
  readonly medium: RadioMedium
  readonly random: Random
  readonly tally: Tally
  /** Whether a radio that listens right now takes the channel to be used by strangers. */
  hearsStrangers(): boolean
}

export type MakeFlooder = (field: Field, node: number, settings: RadioSettings) => Flooder

export class Tally {
  broadcasts = 0
  receptions = 0
  firstReceptions = 0
  readonly #reached = new Map<number, Set<number>>()

  originated(id: number, node: number): void {
    this.broadcasts += 1
    this.#reached.set(id, new Set([node]))
  }

  received(id: number, node: number): void {
    this.receptions += 1
    const reached = this.#reached.get(id)
    if (reached === undefined || reached.has(node)) return
    reached.add(node)
    this.firstReceptions += 1
  }
}

export interface FloodFigures {
  /** Share of the other nodes that got a broadcast. */
  readonly reach: number
  /** First receptions among all. */
  readonly usefulness: number
  readonly transmissions: number
}

export function runField(seed: number, make: MakeFlooder): FloodFigures {
  const clock = new VirtualClock()
  const random = seededRandom(`lora field ${seed}`)
  const medium = new RadioMedium({ clock, random: random.fork('medium'), pathLoss: PATH_LOSS })
  const strangers = random.fork('medium').fork('foreign use')
  const hearsStrangers = (): boolean => strangers.float() < FOREIGN_USE
  const field: Field = { clock, medium, random, tally: new Tally(), hearsStrangers }
  const flooders = placesOf(seed).map((position, node) =>
    make(field, node, { ...RADIO, label: String(node), position }),
  )
  const traffic = random.fork('traffic')
  let ids = 0
  const nextOf = (node: number): void => {
    const wait = -Math.log(1 - traffic.float()) * PERIOD_MS
    if (clock.monotonic() + wait > LASTS_MS) return
    clock.setTimer(wait, () => {
      ids += 1
      field.tally.originated(ids, node)
      flooders[node]?.originate(ids)
      nextOf(node)
    })
  }
  for (let node = 0; node < NODES; node++) nextOf(node)
  clock.advance(LASTS_MS + SETTLES_MS)
  const { broadcasts, receptions, firstReceptions } = field.tally
  let transmissions = 0
  for (const { counters } of medium.radios.values()) transmissions += counters.transmissions
  return {
    reach: firstReceptions / (broadcasts * (NODES - 1)),
    usefulness: firstReceptions / receptions,
    transmissions: transmissions / broadcasts,
  }
}

export function placesOf(seed: number): Position[] {
  const random = seededRandom(`lora places ${seed}`)
  const range = rangeM(PATH_LOSS, POWER_DBM - SENSITIVITY_DBM)
  const places: Position[] = []
  while (places.length < NODES) {
    const radius = DISC_M * Math.sqrt(random.float())
    const angle = 2 * Math.PI * random.float()
    const place = { x: radius * Math.cos(angle), y: radius * Math.sin(angle) }
    const nearest = Math.min(...places.map((other) => distanceM(place, other)))
    if (nearest >= LEAST_DISTANCE_M && (places.length === 0 || nearest <= range)) places.push(place)
  }
  return places
}

/**
 * What a planner would reach that knows all places and loses no frame: of the nodes that have it and may
 * relay, it lets the one speak next that brings it to the most new ones for each that hears it. Greedy: the
 * very best may be a little better.
 */
export function runPlanner(seed: number): FloodFigures {
  const places = placesOf(seed)
  const range = rangeM(PATH_LOSS, POWER_DBM - SENSITIVITY_DBM)
  const reaches = places.map((a) =>
    places.flatMap((b, n) => (a !== b && distanceM(a, b) <= range ? [n] : [])),
  )
  const sums = { first: 0, all: 0, sent: 0 }
  for (let origin = 0; origin < NODES; origin++) {
    const hops = new Map([[origin, 0]])
    const silent = new Set([origin])
    for (let speaker = origin; speaker >= 0; speaker = bestOf(reaches, hops, silent)) {
      silent.delete(speaker)
      const heardBy = reaches[speaker] ?? []
      const hop = (hops.get(speaker) ?? 0) + 1
      sums.sent += 1
      sums.all += heardBy.length
      for (const node of heardBy) {
        if (hops.has(node)) continue
        sums.first += 1
        hops.set(node, hop)
        if (hop <= HOP_LIMIT) silent.add(node)
      }
    }
  }
  return {
    reach: sums.first / (NODES * (NODES - 1)),
    usefulness: sums.first / sums.all,
    transmissions: sums.sent / NODES,
  }
}

function bestOf(
  reaches: readonly number[][],
  hops: ReadonlyMap<number, number>,
  silent: Set<number>,
): number {
  let best = -1
  let bestGain = 0
  for (const node of silent) {
    const fresh = (reaches[node] ?? []).filter((other) => !hops.has(other))
    const mayRelay = (hops.get(node) ?? 0) < HOP_LIMIT
    const beyond = new Set(mayRelay ? fresh.flatMap((other) => reaches[other] ?? []) : [])
    for (const known of hops.keys()) beyond.delete(known)
    const gain = fresh.length === 0 ? 0 : (fresh.length + 0.3 * beyond.size) / (reaches[node]?.length ?? 1)
    if (gain > bestGain) [best, bestGain] = [node, gain]
  }
  return best
}

/** A frame with the broadcast's number, how often it has been relayed and by whom it was sent. */
export function frameOf(id: number, hops: number, sender: number): Uint8Array {
  const frame = new Uint8Array(FRAME_BYTES)
  const view = new DataView(frame.buffer)
  view.setUint32(0, id)
  view.setUint8(4, hops)
  view.setUint8(5, sender)
  return frame
}

export function readFrame(frame: Uint8Array): { id: number; hops: number; sender: number } {
  const view = new DataView(frame.buffer, frame.byteOffset)
  return { id: view.getUint32(0), hops: view.getUint8(4), sender: view.getUint8(5) }
}
