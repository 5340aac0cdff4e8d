/** The messages of a simulation: sends them, recognises them where they arrive, and sees what becomes of them. */
import type { Delivery } from '../node/delivery.ts'
import { MeshError } from '../runtime/errors.ts'
import type { SendOptions } from '../services/send-options.ts'
import type { IncomingMessage } from '../services/service.ts'
import type { AsyncWork } from './async-work.ts'
import type { EventQueue } from './event-queue.ts'
import { type Flow, MIN_PAYLOAD_BYTES, TrackedFlow } from './flow.ts'
import type { Findings, Oracle } from './oracles.ts'
import type { SimNode } from './sim-node.ts'

export interface FlowsOptions {
  readonly queue: EventQueue
  readonly work: AsyncWork
  readonly findings: Findings
}

export class Flows {
  readonly #options: FlowsOptions
  readonly #flows: TrackedFlow[] = []
  /** Flows whose fate is open. */
  readonly #open = new Set<TrackedFlow>()
  /** Ends the engine's waiting for a call of `send`. */
  readonly #calls = new Map<TrackedFlow, () => void>()

  constructor(options: FlowsOptions) {
    this.#options = options
  }

  get all(): readonly Flow[] {
    return this.#flows
  }

  send(from: SimNode, to: SimNode, bytes: number, options: SendOptions): Flow {
    const flow = new TrackedFlow({
      number: this.#flows.length,
      from: from.index,
      to: to.index,
      sentAt: this.#options.queue.now,
      bytes,
      source: from.address,
      destination: to.address,
      sourceRun: from.runs,
    })
    this.#flows.push(flow)
    const { node } = from
    if (node === undefined) {
      flow.refused(new MeshError('ERR_LIFECYCLE', `node ${from.index} does not run`))
      return flow
    }
    this.#open.add(flow)
    this.#calls.set(flow, this.#options.work.begin())
    node.send(flow.destination, flow.payload, { ...options, receipt: true }).then(
      (delivery) => this.#accepted(flow, delivery),
      (thrown: unknown) => {
        this.#callEnds(flow)
        flow.refused(thrown)
        this.#open.delete(flow)
      },
    )
    return flow
  }

  /** An application has got a message. */
  arrived(at: SimNode, { from, payload }: IncomingMessage): void {
    const flow = payload.length < MIN_PAYLOAD_BYTES ? undefined : this.#flows[numberIn(payload)]
    const isGenuine =
      flow !== undefined &&
      flow.to === at.index &&
      from.equals(flow.source) &&
      Buffer.compare(payload, flow.payload) === 0
    if (!isGenuine) {
      this.#report('forged', at.index, `a message of ${payload.length} bytes that nobody sent to it`)
      return
    }
    const isKnown = flow.key !== undefined && at.disk.hasDelivered(flow.key)
    if (isKnown || flow.deliveredInRun === at.runs) {
      this.#report('duplicate', at.index, `message ${flow.number} of node ${flow.from} came twice`)
    }
    flow.deliveredInRun = at.runs
    flow.deliveredAt ??= this.#options.queue.now
  }

  /** A node has died, and with it what only it knew. */
  crashed(node: number): void {
    for (const flow of this.#open) {
      if (flow.from !== node) continue
      this.#callEnds(flow)
      if (flow.state === 'stored') continue
      flow.state = 'lost'
      this.#open.delete(flow)
    }
  }

  /** Holds every accepted message against what the nodes still know of it. */
  check(nodes: readonly SimNode[]): void {
    const waiting = new Map<number, number>()
    for (const flow of this.#open) {
      const { from, state } = flow
      if (state === 'queued' || state === 'sent') waiting.set(from, (waiting.get(from) ?? 0) + 1)
      if (state !== 'stored' || flow.deliveredAt !== undefined) continue
      const { key } = flow
      if (key === undefined || nodes.some(({ disk }) => disk.has(key))) continue
      this.#report('held', from, `message ${flow.number} to node ${flow.to}: stored, but nobody has it`)
    }
    for (const [from, count] of waiting) {
      const outbox = nodes[from]?.run?.metricsSnapshot().outbox.waiting ?? 0
      if (outbox >= count) continue
      this.#report('held', from, `${count} messages are under way, and its outbox has ${outbox}`)
    }
  }

  #accepted(flow: TrackedFlow, delivery: Delivery): void {
    this.#callEnds(flow)
    flow.accepted(delivery)
    const update = (): void => {
      if (flow.isSettled) return
      flow.state = delivery.state
      if (delivery.reason !== undefined) flow.error = delivery.reason
      if (!delivery.settled) return
      this.#open.delete(flow)
      if (delivery.state !== 'delivered') return
      flow.error = undefined
      flow.receiptAt = this.#options.queue.now
      if (flow.deliveredAt !== undefined) return
      this.#report(
        'receipt',
        flow.from,
        `a receipt for message ${flow.number}, which node ${flow.to} never got`,
      )
    }
    delivery.watch(update)
    update()
  }

  #callEnds(flow: TrackedFlow): void {
    this.#calls.get(flow)?.()
    this.#calls.delete(flow)
  }

  #report(oracle: Oracle, node: number, detail: string): void {
    const { findings, queue } = this.#options
    findings.report({ oracle, at: queue.now, node, detail })
  }
}

function numberIn(payload: Uint8Array): number {
  return new DataView(payload.buffer, payload.byteOffset).getUint32(0)
}
