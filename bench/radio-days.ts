/** Two days of five nodes on the radio, in virtual time: the account of airtime, and what became of each message. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Identity } from '../src/identity/identity.ts'
import type { Delivery } from '../src/node/delivery.ts'
import { MeshNode } from '../src/node/mesh-node.ts'
import type { RunHandle } from '../src/node/run-handle.ts'
import { type Random, seededRandom } from '../src/runtime/random.ts'
import { VirtualClock } from '../src/sim/clock.ts'
import { EmulatedAir } from '../src/sim/rnode/network.ts'
import type { LedgerMedium } from '../src/transport/lora/ledger/ledger-medium.ts'
import { lora } from '../src/transport/lora/lora.ts'
import { atLeast, atMost, type Bench, row } from './report.ts'

const NODES = 5
const HOUR_MS = 3_600_000
/** A tenth of an hour: band P of EU868. */
const LEGAL_MS = HOUR_MS / 10
const TEXTS_PER_HOUR = 40
const TTL_MS = 4 * HOUR_MS

interface Days {
  readonly delivered: number
  readonly expired: number
  readonly silent: number
  readonly orphaned: number
  readonly doubled: number
  /** The most that any modem sent in any hour, ms. */
  readonly mostMs: number
  readonly airMs: number
}

export const radioDays: Bench = {
  name: 'radio-days',
  title: 'Emulated RNodes: two days of mixed traffic, by the law',
  async run({ quick }) {
    const run = await days('days 1', quick ? 2 : 48)
    const of = (what: (days: Days) => number): number[] => [what(run)]
    return {
      workload:
        'Five whole nodes with RNodes in a line, SF 8, EU868 at 869.525 MHz (10 %), for 48 virtual hours: 40 texts an hour ' +
        'between random pairs and 2 kB every half hour, all with receipts and four hours to live; a tenth of all ' +
        'frames lost, bursts of messages beyond what the law leaves, modems unplugged or wedged every hour, a node ' +
        'started anew every six. Then the four hours run out.',
      against:
        'the law: no modem on the air for more than 360 s in any hour, by what left the emulated modems.',
      rows: [
        row(
          'the busiest hour of any modem',
          's',
          of(({ mostMs }) => mostMs / 1000),
          atMost(LEGAL_MS / 1000),
        ),
        row(
          'messages of which nothing was heard any more',
          'messages',
          of(({ silent }) => silent),
          atMost(0),
        ),
        row(
          'messages delivered twice',
          'messages',
          of(({ doubled }) => doubled),
          atMost(0),
        ),
        row(
          'messages delivered',
          '%',
          of(({ delivered, expired, orphaned }) => (100 * delivered) / (delivered + expired + orphaned)),
        ),
        row(
          'messages that ran out, their senders told',
          'messages',
          of(({ expired }) => expired),
        ),
        row(
          'messages that did not arrive, and their senders were started anew meanwhile',
          'messages',
          of(({ orphaned }) => orphaned),
        ),
        row(
          'messages',
          'in all',
          of(({ delivered, expired, orphaned }) => delivered + expired + orphaned),
          atLeast(1),
        ),
        row(
          'on the air',
          's',
          of(({ airMs }) => airMs / 1000),
        ),
      ],
      notes: [],
    }
  },
}

/** A node that can be started anew on what it kept. */
class Station {
  node!: MeshNode
  run!: RunHandle
  readonly identity: Identity
  readonly #make: () => Promise<MeshNode>

  constructor(identity: Identity, make: () => Promise<MeshNode>) {
    this.identity = identity
    this.#make = make
  }

  async start(): Promise<void> {
    this.node = await this.#make()
    this.run = await this.node.run()
  }
}

async function days(seed: string, hours: number): Promise<Days> {
  const clock = new VirtualClock()
  const random = seededRandom(seed)
  const folder = mkdtempSync(join(tmpdir(), 'hopwire-days-'))
  const sent = Array.from({ length: NODES }, () => new Spans())
  const air = new EmulatedAir({
    clock,
    random: random.fork('air'),
    reach: 'line',
    loss: 0.1,
    onTransmission: ({ at, modem, airtimeMs }) => sent[Number(modem)]?.add(at, airtimeMs),
  })
  const received = new Map<string, number>()
  const stations = Array.from({ length: NODES }, (_, n) => {
    const modem = air.modem({ name: `${n}` })
    const identity = Identity.generate(random.fork(`identity ${n}`))
    const ledger = new Kept()
    let starts = 0
    return new Station(identity, async () => {
      const data_dir = join(folder, `${n}`)
      const radio = lora({
        port: `${n}`,
        spreadingFactor: 8,
        ledger,
        line: { open: modem.openLine, bootMs: 0, answerMs: 500, gapMs: 100 },
      })
      const node = await MeshNode.create({
        identity,
        clock,
        random: random.fork(`node ${n} ${starts++}`),
        transports: [radio],
        config: { node: { data_dir } },
      })
      node.on('message', ({ id, from }) => {
        const name = `${from.toString()} ${id}`
        received.set(name, (received.get(name) ?? 0) + 1)
      })
      return node
    })
  })
  for (const station of stations) await station.start()
  await clock.advanceAsync(120_000)
  const traffic = new Traffic(stations, random.fork('traffic'))
  const faults = random.fork('faults')
  for (let minute = 0; minute < hours * 60; minute++) {
    traffic.minute(minute)
    if (minute % 60 === 30) {
      const modem = air.modems.get(`${faults.below(NODES)}`)
      if (faults.float() < 0.7) modem?.unplug(30_000 + faults.below(300_000))
      else modem?.reset()
    }
    if (minute % 360 === 200) await again(stations[faults.below(NODES)], clock)
    await clock.advanceAsync(60_000)
  }
  await clock.advanceAsync(TTL_MS + HOUR_MS)
  const outcome = traffic.outcome(received)
  const doubled = [...received.values()].filter((times) => times > 1).length
  await stop(stations, clock)
  rmSync(folder, { recursive: true })
  return {
    ...outcome,
    doubled,
    mostMs: Math.max(...sent.map((spans) => spans.mostWithin(HOUR_MS))),
    airMs: sent.reduce((sum, spans) => sum + spans.totalMs, 0),
  }
}

async function again(station: Station | undefined, clock: VirtualClock): Promise<void> {
  if (station === undefined) return
  await stop([station], clock)
  await station.start()
}

async function stop(stations: readonly Station[], clock: VirtualClock): Promise<void> {
  let isDown = false
  const down = Promise.all(stations.map(({ run }) => run.shutdown())).finally(() => {
    isDown = true
  })
  while (!isDown) await clock.advanceAsync(100)
  await down
}

interface Message {
  readonly from: Station
  /** The run that it was sent in. */
  readonly node: MeshNode
  delivery?: Delivery
  /** Why it was not accepted. */
  error?: string
}

class Traffic {
  readonly #stations: readonly Station[]
  readonly #random: Random
  readonly #messages: Message[] = []

  constructor(stations: readonly Station[], random: Random) {
    this.#stations = stations
    this.#random = random
  }

  minute(minute: number): void {
    if (this.#random.float() < TEXTS_PER_HOUR / 60) this.#send(10 + this.#random.below(120), 'text')
    if (minute % 30 === 7) this.#send(2000, 'bulk')
    // More at once than an hour's airtime carries.
    if (minute % 720 === 400) for (let n = 0; n < 60; n++) this.#send(1000, 'bulk')
  }

  /** What became of all. One whose sender was started anew can only be judged by whether it arrived. */
  outcome(
    received: ReadonlyMap<string, number>,
  ): Pick<Days, 'delivered' | 'expired' | 'orphaned' | 'silent'> {
    const sums = { delivered: 0, expired: 0, orphaned: 0, silent: 0 }
    for (const { from, node, delivery, error } of this.#messages) {
      const hasArrived = delivery && received.has(`${from.identity.address.toString()} ${delivery.id}`)
      if (hasArrived) sums.delivered += 1
      else if (error !== undefined || delivery?.state === 'expired' || delivery?.state === 'failed')
        sums.expired += 1
      else if (node !== from.node) sums.orphaned += 1
      else sums.silent += 1
    }
    return sums
  }

  #send(bytes: number, priority: 'text' | 'bulk'): void {
    const from = this.#stations[this.#random.below(NODES)]
    const others = this.#stations.filter((station) => station !== from)
    const to = others[this.#random.below(others.length)]
    if (from === undefined || to === undefined) return
    const message: Message = { from, node: from.node }
    this.#messages.push(message)
    from.node
      .send(to.identity.address, new Uint8Array(bytes), { priority, ttlMs: TTL_MS, receipt: true })
      .then(
        (delivery) => {
          message.delivery = delivery
        },
        (error: unknown) => {
          message.error = String(error)
        },
      )
  }
}

/** A disk that takes no time: what is on it outlives a node. */
class Kept implements LedgerMedium {
  readonly name = 'kept'
  #bytes: Uint8Array | undefined

  read(): Uint8Array | undefined {
    return this.#bytes?.slice()
  }

  append(bytes: Uint8Array): void {
    this.#bytes = Buffer.concat([this.#bytes ?? new Uint8Array(0), bytes])
  }

  replace(bytes: Uint8Array): void {
    this.#bytes = bytes.slice()
  }

  setAside(): string {
    return this.name
  }

  close(): void {
    // There is nothing open.
  }
}

/** Times on the air, in order. */
class Spans {
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  totalMs = 0

  add(start: number, lastsMs: number): void {
    this.#starts.push(start)
    this.#ends.push(start + lastsMs)
    this.totalMs += lastsMs
  }

  /** The most in any window of this length: it is highest in one that ends with a transmission. */
  mostWithin(windowMs: number): number {
    let most = 0
    let sum = 0
    let first = 0
    for (const [i, end] of this.#ends.entries()) {
      sum += end - (this.#starts[i] as number)
      const from = end - windowMs
      while ((this.#ends[first] as number) <= from) {
        sum -= (this.#ends[first] as number) - (this.#starts[first] as number)
        first += 1
      }
      // Of the first only what lies in the window.
      const cut = Math.max(0, from - (this.#starts[first] as number))
      most = Math.max(most, sum - cut)
    }
    return most
  }
}
