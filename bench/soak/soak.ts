/** Nodes in processes of their own, under traffic, on lines that fail: nothing that was accepted may get lost. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Random, seededRandom } from '../../src/runtime/random.ts'
import { FAULTS, pick, type Scene } from './faults.ts'
import { Line } from './line.ts'
import { Member } from './member.ts'
import { judge, slopeOf, type Verdict } from './verdict.ts'

export interface SoakOptions {
  readonly seed: string
  readonly folder: string
  /** It ends after so many faults and messages, or after so long. */
  readonly until: { readonly faults: number; readonly messages: number } | { readonly seconds: number }
  /** Between two faults, on average, ms. */
  readonly faultEveryMs: number
  readonly messagesPerS: number
  readonly announceS: number
  /** How long what is under way at the end has to arrive, ms: what does not is held, or lost. */
  readonly lastWaitMs: number
  readonly say: (line: string) => void
}

export interface SoakReport {
  readonly seconds: number
  readonly verdict: Verdict
  readonly faults: Readonly<Record<string, number>>
  /** Sends that a node did not take, by reason. */
  readonly refused: Readonly<Record<string, number>>
  /** Shutdowns whose time was up before a stalled line had let everything through. What it held up must arrive later. */
  readonly drainsCutShort: readonly string[]
  /** Shutdowns that left anything else open. */
  readonly uncleanStops: readonly string[]
  /** Of the processes that were there at the end, by transport and reason. */
  readonly transportErrors: Readonly<Record<string, number>>
  /** Of the nodes that are never ended. */
  readonly memory: readonly MemoryTrend[]
}

export interface MemoryTrend {
  readonly node: string
  readonly samples: number
  readonly residentMB: number
  /** Over the second half of the soak, MB an hour. */
  readonly residentSlope: number
  readonly heapMB: number
  readonly heapSlope: number
}

/** The first two are never ended, so that their memory can be followed. A ring, and a way across it. */
const NODES = 6
const EDGES = [
  [0, 1],
  [1, 2],
  [2, 3],
  [3, 4],
  [4, 5],
  [5, 0],
  [3, 0],
] as const
const MESSAGE_TTL_MS = 3_600_000
const SAMPLE_EVERY_MS = 60_000
const MB = 1_000_000

interface Sample {
  readonly hours: number
  readonly resident: number
  readonly heap: number
}

export class Soak {
  readonly #options: SoakOptions
  readonly #random: Random
  readonly #members: Member[] = []
  readonly #lines: Line[] = []
  readonly #faults: Record<string, number> = {}
  readonly #refused: Record<string, number> = {}
  readonly #cutShort: string[] = []
  readonly #unclean: string[] = []
  readonly #samples = new Map<Member, Sample[]>()
  readonly #startedAt = performance.now()
  #sent = 0
  #begun = 0

  constructor(options: SoakOptions) {
    this.#options = options
    this.#random = seededRandom(options.seed)
  }

  async run(): Promise<SoakReport> {
    try {
      await this.#build()
      await Promise.all([this.#traffic(), this.#trouble(), this.#watch()])
      await this.#calm()
      const held = await this.#held()
      const transportErrors = await this.#transportErrors()
      await Promise.all(this.#members.map((member) => this.#stop(member)))
      return {
        seconds: this.#seconds,
        verdict: this.#verdict(held),
        faults: this.#faults,
        refused: this.#refused,
        drainsCutShort: this.#cutShort,
        uncleanStops: this.#unclean,
        transportErrors,
        memory: this.#members.flatMap((member) => this.#trend(member) ?? []),
      }
    } finally {
      await Promise.all(this.#members.map((member) => member.kill()))
      for (const line of this.#lines) line.remove()
    }
  }

  get #seconds(): number {
    return (performance.now() - this.#startedAt) / 1000
  }

  get #isOver(): boolean {
    const { until } = this.#options
    if ('seconds' in until) return this.#seconds >= until.seconds
    return this.#begun >= until.faults && this.#sent >= until.messages
  }

  async #build(): Promise<void> {
    const { folder, announceS } = this.#options
    for (let n = 0; n < NODES; n++) this.#members.push(new Member(`node-${n}`, folder, this.#random))
    for (const [near, far] of EDGES) {
      const random = this.#random.fork(`line ${near} ${far}`)
      const line = await Line.lay(() => random.float())
      this.#lines.push(line)
      this.#members[far]?.inbound.push(line)
      this.#members[near]?.outbound.push({ line, to: this.#members[far] as Member })
    }
    for (const member of this.#members) await member.start(announceS)
    for (const { process } of this.#members) {
      while (((await process?.call('paths')) ?? 0) < NODES - 1) await sleep(100)
    }
  }

  async #traffic(): Promise<void> {
    const random = this.#random.fork('traffic')
    const under = new Set<Promise<void>>()
    while (!this.#isOver) {
      const from = pick(this.#members, random)
      const to = pick(this.#members, random)
      const isLarge = random.float() < 0.01
      const bytes = Math.floor(random.float() * (isLarge ? 60_000 : 2000))
      if (from === to || from.process === undefined) continue
      const sending: Promise<void> = this.#send(from, to, bytes).finally(() => under.delete(sending))
      under.add(sending)
      await sleep((2 * random.float() * 1000) / this.#options.messagesPerS)
    }
    await Promise.all(under)
  }

  async #send(from: Member, to: Member, bytes: number): Promise<void> {
    let reason: string | undefined
    try {
      reason = await from.process?.call('send', { to: to.address, bytes, ttlMs: MESSAGE_TTL_MS })
    } catch {
      reason = 'its process ended'
    }
    this.#sent += 1
    if (reason !== undefined) this.#refused[reason] = (this.#refused[reason] ?? 0) + 1
  }

  /** Faults overlap, as they do. */
  async #trouble(): Promise<void> {
    const random = this.#random.fork('faults')
    const scene: Scene = {
      lines: this.#lines,
      mortals: this.#members.slice(2),
      announceS: this.#options.announceS,
      stop: (member) => this.#stop(member),
    }
    const kinds = Object.keys(FAULTS)
    const under = new Set<Promise<void>>()
    while (!this.#isOver) {
      // Each kind in turn, so that a short soak has them all.
      const kind = kinds[this.#begun % kinds.length] as string
      this.#begun += 1
      this.#faults[kind] = (this.#faults[kind] ?? 0) + 1
      const fault = FAULTS[kind]?.(scene, random.fork(String(this.#begun))) ?? Promise.resolve()
      const guarded: Promise<void> = fault.finally(() => under.delete(guarded))
      under.add(guarded)
      await sleep(2 * random.float() * this.#options.faultEveryMs)
    }
    await Promise.all(under)
  }

  async #watch(): Promise<void> {
    let due = SAMPLE_EVERY_MS
    while (!this.#isOver) {
      await sleep(200)
      if (performance.now() - this.#startedAt < due) continue
      due += SAMPLE_EVERY_MS
      const immortals = this.#members.slice(0, 2)
      for (const member of immortals) {
        const memory = await member.process?.call('memory')
        if (memory === undefined) continue
        const samples = this.#samples.get(member) ?? []
        samples.push({ hours: this.#seconds / 3600, ...memory })
        this.#samples.set(member, samples)
      }
      this.#options.say(this.#progress(this.#verdict(new Set())))
    }
  }

  #progress({ accepted, delivered, doubled, falseReceipts }: Verdict): string {
    const memory = [...this.#samples].map(([{ name }, samples]) => {
      const { resident = 0, heap = 0 } = samples.at(-1) ?? {}
      return `${name} ${(resident / MB).toFixed(1)} MB, heap ${(heap / MB).toFixed(1)} MB`
    })
    const bad = `under way or kept ${accepted - delivered}, doubled ${doubled.length}, false receipts ${falseReceipts.length}`
    return `${this.#seconds.toFixed(0)} s: ${this.#begun} faults, accepted ${accepted}, delivered ${delivered}, ${bad}; ${memory.join('; ')}`
  }

  /** All lines are good and all nodes are there: what is under way has to arrive. */
  async #calm(): Promise<void> {
    for (const line of this.#lines) line.heal()
    const endsAt = performance.now() + this.#options.lastWaitMs
    while (performance.now() < endsAt) {
      const { accepted, delivered, ended, goneWithSender } = this.#verdict(new Set())
      const told = Object.values(ended).reduce((sum, count) => sum + count, 0)
      if (accepted === delivered + told + goneWithSender) return
      await sleep(500)
    }
  }

  async #held(): Promise<ReadonlySet<string>> {
    const each = await Promise.all(this.#members.map(({ process }) => process?.call('held') ?? []))
    return new Set(each.flat())
  }

  async #transportErrors(): Promise<Record<string, number>> {
    const sum: Record<string, number> = {}
    for (const { process } of this.#members) {
      for (const { name, errors } of (await process?.call('errors')) ?? []) {
        for (const [reason, count] of Object.entries(errors)) {
          sum[`${name} ${reason}`] = (sum[`${name} ${reason}`] ?? 0) + count
        }
      }
    }
    return sum
  }

  #verdict(held: ReadonlySet<string>): Verdict {
    return judge(new Map(this.#members.map((member) => [member.address, member.journal.read()])), held)
  }

  async #stop(member: Member): Promise<void> {
    const open = await member.stop()
    if (open.length === 0) return
    const isLines = open.every((part) => part.startsWith('transport '))
    const list = isLines ? this.#cutShort : this.#unclean
    list.push(`${member.name}: ${open.join(', ')}`)
  }

  /** Of the second half: in the first one tables fill up. */
  #trend(member: Member): MemoryTrend | undefined {
    const all = this.#samples.get(member) ?? []
    const samples = all.slice(Math.floor(all.length / 2))
    const last = samples.at(-1)
    if (last === undefined || samples.length < 3) return undefined
    const slope = (of: 'resident' | 'heap') =>
      slopeOf(samples.map((sample) => [sample.hours, sample[of] / MB]))
    return {
      node: member.name,
      samples: samples.length,
      residentMB: last.resident / MB,
      residentSlope: slope('resident'),
      heapMB: last.heap / MB,
      heapSlope: slope('heap'),
    }
  }
}
