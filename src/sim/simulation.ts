/**
 * A mesh in virtual time. The nodes are those that ship; only time, randomness, transport and the medium of
 * the store are swapped. Everything follows from the seed: the same calls with the same seed give the same
 * frames at the same times.
 */
import { type PartialConfig, resolveConfig } from '../config/config.ts'
import { defaultProvider } from '../crypto/provider/select.ts'
import type { Clock } from '../runtime/clock.ts'
import { MeshError, messageOf } from '../runtime/errors.ts'
import { type Random, seededRandom } from '../runtime/random.ts'
import type { SendOptions } from '../services/send-options.ts'
import type { TransportFactory } from '../transport/transport.ts'
import { AsyncWork } from './async-work.ts'
import { type ByzantineKind, Forgeries } from './byzantine.ts'
import { EventQueue, GRAIN_MS } from './event-queue.ts'
import type { Flow } from './flow.ts'
import { Flows } from './flows.ts'
import type { LinkModel } from './link-model.ts'
import { Network } from './network.ts'
import { NextHops } from './next-hops.ts'
import { Machine, NodeClock } from './node-clock.ts'
import { Findings, type Violation } from './oracles.ts'
import { Recorder, type Traffic } from './recorder.ts'
import { sharedVerification } from './shared-verification.ts'
import { SimNode, type SimWorld } from './sim-node.ts'
import { standInProvider } from './stand-in-crypto.ts'
import { capacityProblems, footprint, loops, pathless } from './state-checks.ts'

export type { ByzantineKind } from './byzantine.ts'
export type { Flow, FlowState } from './flow.ts'
export type { LinkModel } from './link-model.ts'
export type { Oracle, Violation } from './oracles.ts'
export type { Traffic } from './recorder.ts'
export type { SimNode } from './sim-node.ts'

export interface SimulationOptions {
  readonly seed: string
  /** Default `ed25519`. `stand-in`: a hash in place of signatures, for thousands of nodes; reports say so. */
  readonly signatures?: 'ed25519' | 'stand-in'
  /** For every node. Tables are small unless something else is given. */
  readonly config?: PartialConfig
}

export interface CrashOptions {
  /**
   * When the neighbours notice, ms. 0, the default, is a process that dies: the machine closes its links. A
   * machine without power is noticed when its links time out.
   */
  readonly noticedAfterMs?: number
}

/** Small tables, so that ten thousand nodes fit into one process. */
const SMALL: PartialConfig = { routing: { seen_messages: 1024 } }
/** After so long without a change from outside, next hops must be free of loops. */
const REST_MS = 10_000
/** After so long, and where nothing can be lost, every pair with a way between them must have a path. */
const HEALED_MS = 20_000
/** Between two looks at the tables of a node while the simulation runs. */
const PATROL_MS = 1000
const DEFAULT_PAYLOAD_BYTES = 32
const START_MS = Date.UTC(2026, 0, 1)

export class Simulation {
  /** The true time, for media that nodes share. */
  readonly clock: Clock
  readonly #options: SimulationOptions
  readonly #random: Random
  readonly #queue: EventQueue
  readonly #network: Network
  readonly #work = new AsyncWork()
  readonly #findings = new Findings()
  readonly #recorder: Recorder
  readonly #flows: Flows
  readonly #world: SimWorld
  readonly #nodes: SimNode[] = []
  /** When something was last done to the mesh from outside. */
  #changedAt = 0
  #patrolledAt = 0
  #patrolled = 0
  #nextHops: { readonly at: number; readonly hops: NextHops } | undefined

  constructor(options: SimulationOptions) {
    this.#options = options
    this.#random = seededRandom(options.seed)
    this.#queue = new EventQueue(this.#random.fork('ties').uint32())
    this.clock = new NodeClock(new Machine(-1, this.#queue), START_MS)
    const forgeries = new Forgeries()
    this.#recorder = new Recorder({
      queue: this.#queue,
      findings: this.#findings,
      forgeries,
      footprint: (node) => footprint(this.#at(node)),
      maxHops: resolveConfig(this.#configOf({})).announce.max_hops,
    })
    this.#network = new Network(this.#queue, this.#random.fork('network'), this.#recorder)
    this.#flows = new Flows({ queue: this.#queue, work: this.#work, findings: this.#findings })
    this.#world = {
      network: this.#network,
      random: this.#random,
      crypto: options.signatures === 'stand-in' ? standInProvider() : sharedVerification(defaultProvider()),
      work: this.#work,
      forgeries,
      startMs: START_MS,
      arrived: (node, message) => this.#flows.arrived(node, message),
      heard: (node, frame) => this.#recorder.arrived(node, frame),
    }
  }

  /** Virtual ms since the start. */
  get now(): number {
    return this.#queue.now
  }

  get nodes(): readonly SimNode[] {
    return this.#nodes
  }

  get flows(): readonly Flow[] {
    return this.#flows.all
  }

  /** Events so far, and how many wait: what a second of real time is measured by. */
  get events(): { readonly fired: number; readonly waiting: number; readonly frames: number } {
    return { fired: this.#queue.fired, waiting: this.#queue.size, frames: this.#recorder.frames }
  }

  /**
   * Adds nodes that do not run yet. Their indices go on from the last.
   *
   * @param transports what a node has beside the simulated network, such as a radio. They run on
   *   {@link Simulation.clock} or on that of their components, and draw from a seeded random.
   */
  addNodes(
    count: number,
    config: PartialConfig = {},
    transports: (node: number) => readonly TransportFactory[] = () => [],
  ): void {
    const own = this.#configOf(config)
    const resolved = resolveConfig(own)
    for (let added = 0; added < count; added++) {
      const index = this.#nodes.length
      this.#nodes.push(
        new SimNode(this.#world, index, { config: own, resolved, transports: transports(index) }),
      )
      this.#recorder.addNode()
    }
  }

  /** Starts every node that does not run. */
  async start(): Promise<void> {
    for (const node of this.#nodes) await node.start()
    this.#changed()
  }

  /**
   * Lays a link between two nodes; it is up whenever both run. Where there is one already, it only changes
   * what it is like. `a` counts as the one that dialled.
   *
   * @throws MeshError ERR_USAGE for a model that makes no sense.
   */
  connect(a: number, b: number, link: Partial<LinkModel> = {}): void {
    this.#network.connect(this.#at(a).index, this.#at(b).index, link)
    this.#changed()
  }

  /** Both ends are told at once; what is under way is lost. */
  disconnect(a: number, b: number): void {
    this.#network.disconnect(a, b)
    this.#changed()
  }

  /** Stops a link from carrying anything for a while. Nothing is lost but time. */
  clog(a: number, b: number, ms: number): void {
    this.#network.clog(a, b, ms)
    this.#changed()
  }

  /** Ends a process at once, as kill -9 does: what it has durably stored is left, and nothing else. */
  crash(node: number, { noticedAfterMs = 0 }: CrashOptions = {}): void {
    if (!this.#at(node).kill()) return
    this.#flows.crashed(node)
    this.#changed()
    const reason = noticedAfterMs === 0 ? 'closed_by_neighbour' : 'timed_out'
    this.#network.notice(node, reason, noticedAfterMs)
  }

  async restart(node: number): Promise<void> {
    this.crash(node)
    await this.#at(node).start()
    this.#changed()
  }

  /** Its process does not run for a while; frames for it wait. */
  pause(node: number, ms: number): void {
    const { machine } = this.#at(node)
    machine.pausedUntil = Math.max(machine.pausedUntil, this.now + ms)
    this.#changed()
  }

  /** Sets a node's clock wrong from now on. @param driftPpm parts per million that it is too fast. */
  skewClock(node: number, offsetMs: number, driftPpm: number): void {
    this.#at(node).machine.skew(offsetMs, driftPpm)
    this.#changed()
  }

  /** At its next restart the node has a new identity. */
  loseKey(node: number): void {
    this.#at(node).loseKey()
  }

  /** The node does not keep to the protocol any more. */
  corrupt(node: number, kind: ByzantineKind): void {
    this.#at(node).corrupt(kind)
    this.#changed()
  }

  /** Lets virtual time pass. */
  async run(ms: number): Promise<void> {
    const until = this.now + ms
    if (this.#work.isPending) await this.#work.settle()
    while (this.#queue.nextAt <= until) {
      this.#runUntil(Math.min(until, Math.floor(this.#queue.nextAt) + 1 - GRAIN_MS))
      if (this.now - this.#patrolledAt >= PATROL_MS) this.#patrol()
      if (this.#work.isPending) await this.#work.settle()
    }
    this.#queue.now = until
  }

  /** Sends a message that asks for a receipt. The flow tells what becomes of it. */
  send(from: number, to: number, bytes = DEFAULT_PAYLOAD_BYTES, options: SendOptions = {}): Flow {
    return this.#flows.send(this.#at(from), this.#at(to), bytes, options)
  }

  /** What has arrived at each node, over all its runs. Control is all but messages, reports and traces. */
  traffic(): Traffic {
    const { controlBytesReceived, bytesReceived, framesReceived } = this.#recorder.traffic
    return {
      controlBytesReceived: [...controlBytesReceived],
      bytesReceived: [...bytesReceived],
      framesReceived: [...framesReceived],
    }
  }

  /** Whether the source's own table has a live path. */
  hasPath(from: number, to: number): boolean {
    return this.#hops().next(from, to) !== undefined
  }

  /** The nodes from one to the other by their next hops, or undefined where those end or loop. */
  walk(from: number, to: number): number[] | undefined {
    const way = this.#hops().walk(from, to)
    return typeof way === 'string' ? undefined : [...way]
  }

  /** All that the oracles have found so far; those that look at the state of the nodes look now. */
  check(): readonly Violation[] {
    this.#flows.check(this.#nodes)
    for (const node of this.#nodes) this.#checkCapacity(node)
    if (this.now - this.#changedAt >= REST_MS && !this.#hasLiar()) {
      for (const { node, detail } of loops(this.#nodes, this.#hops(), this.#random.fork('loops'))) {
        this.#findings.report({ oracle: 'loop', at: this.now, node, detail })
      }
    }
    if (
      this.now - this.#changedAt >= HEALED_MS &&
      this.#nodes.every(({ byzantine }) => byzantine === undefined)
    ) {
      const without = pathless(this.#nodes, this.#network, this.#hops(), this.#random.fork('paths'))
      for (const { node, detail } of without) {
        this.#findings.report({ oracle: 'path', at: this.now, node, detail })
      }
    }
    return this.#findings.violations
  }

  /** Of every frame that was sent: when, from where, to where and what. */
  traceHash(): string {
    return this.#recorder.traceHash
  }

  /** Ends all nodes at once. There is nothing to clean up. */
  async stop(): Promise<void> {
    for (const node of this.#nodes) node.kill()
  }

  #runUntil(until: number): void {
    for (;;) {
      try {
        this.#queue.runUntil(until)
        return
      } catch (error) {
        const node = this.#queue.owner
        this.#findings.report({ oracle: 'exception', at: this.now, node, detail: messageOf(error) })
      }
    }
  }

  /** Looks at the tables of a few nodes in turn. */
  #patrol(): void {
    this.#patrolledAt = this.now
    const count = Math.ceil(this.#nodes.length / 64)
    for (let looked = 0; looked < count; looked++) {
      const node = this.#nodes[this.#patrolled++ % this.#nodes.length]
      if (node !== undefined) this.#checkCapacity(node)
    }
  }

  #checkCapacity(node: SimNode): void {
    for (const detail of capacityProblems(node.run?.metricsSnapshot())) {
      this.#findings.report({ oracle: 'capacity', at: this.now, node: node.index, detail })
    }
  }

  /** Whether somebody tells lies about distances, which no node can see through. */
  #hasLiar(): boolean {
    return this.#nodes.some(({ byzantine }) => byzantine === 'forged_hops')
  }

  #hops(): NextHops {
    const fired = this.#queue.fired
    if (this.#nextHops?.at !== fired) this.#nextHops = { at: fired, hops: new NextHops(this.#nodes) }
    return this.#nextHops.hops
  }

  #changed(): void {
    this.#changedAt = this.now
    this.#nextHops = undefined
    this.#work.note()
  }

  #configOf(config: PartialConfig): PartialConfig {
    return merged(merged(SMALL, this.#options.config ?? {}), config)
  }

  #at(node: number): SimNode {
    const found = this.#nodes[node]
    if (found !== undefined) return found
    throw new MeshError('ERR_USAGE', `there is no node ${node}: there are ${this.#nodes.length}`)
  }
}

/** Tables are merged key by key; anything else of `over` takes the place of what is below. */
function merged(below: PartialConfig, over: PartialConfig): PartialConfig {
  return mergedTables(below, over)
}

function mergedTables(below: object, over: object): object {
  const result: Record<string, unknown> = { ...below }
  for (const [name, value] of Object.entries(over)) {
    const known = result[name]
    result[name] = isTable(known) && isTable(value) ? mergedTables(known, value) : value
  }
  return result
}

function isTable(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
