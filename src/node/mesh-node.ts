/** A node of the mesh, as its embedder holds it. */
import { EventEmitter } from 'node:events'
import type { Address } from '../identity/address.ts'
import type { PathView, StatusView } from '../observability/snapshot.ts'
import { MeshError } from '../runtime/errors.ts'
import type { SendOptions } from '../services/send-options.ts'
import type { IncomingMessage } from '../services/service.ts'
import type { AdmissionRules } from '../transport/admission.ts'
import type { Link } from '../transport/transport.ts'
import { MAX_LIFETIME_S } from '../wire/envelope.ts'
import { MAX_BODY_BYTES, priorityOf } from '../wire/frame.ts'
import type { Processed } from './data-path.ts'
import type { Delivery } from './delivery.ts'
import type { MeshNodeEvents } from './events.ts'
import { startNode } from './lifecycle.ts'
import { NodeCore, PLAIN_MESSAGE } from './node-core.ts'
import { fillOptions, type MeshNodeOptions } from './options.ts'
import type { RunHandle } from './run-handle.ts'
import { MAX_TRACES, type TraceHop } from './tracer.ts'
import { pathViewOf, statusView } from './views.ts'

const DEFAULT_TTL_MS = 24 * 3600 * 1000
const DEFAULT_TRACE_MS = 5000

export class MeshNode extends EventEmitter<MeshNodeEvents> {
  readonly #core: NodeCore
  #run: Promise<RunHandle> | undefined
  #state: 'created' | 'running' | 'stopped' = 'created'

  /**
   * Builds a node; it does nothing until {@link MeshNode.run}.
   *
   * @throws MeshError ERR_CONFIG, ERR_SERVICE or ERR_TRANSPORT for options that cannot be used.
   */
  static async create(options: MeshNodeOptions = {}): Promise<MeshNode> {
    return new MeshNode(options)
  }

  private constructor(options: MeshNodeOptions) {
    super()
    this.#core = new NodeCore(fillOptions(options), {
      linkUp: (link) => this.emit('linkUp', link),
      linkDown: (link, reason) => this.emit('linkDown', link, reason),
      pathFound: (destination) => this.emit('pathFound', destination),
      delivery: (delivery) => this.emit('delivery', delivery),
      messageHandler: () => (this.listenerCount('message') > 0 ? this.#toListeners : undefined),
    })
    this.on('newListener', (event) => {
      // The listener is added after this event: what waited for one goes out in the next tick.
      if (event === 'message') this.#core.parts.clock.defer(() => this.#core.inbox.drain())
    })
  }

  get address(): Address {
    return this.#core.parts.identity.address
  }

  /**
   * Starts the node: store, services, HTTP, transports, announces. One run in a node's life.
   *
   * @throws MeshError ERR_LISTEN, ERR_STORE, ERR_TRANSPORT: then nothing is left running.
   */
  run(): Promise<RunHandle> {
    if (this.#run !== undefined)
      return Promise.reject(new MeshError('ERR_LIFECYCLE', 'a node runs only once'))
    this.#run = startNode(this, this.#core, () => {
      this.#state = 'stopped'
    }).then((handle) => {
      this.#state = 'running'
      return handle
    })
    return this.#run
  }

  /**
   * Sends a payload of at most 65,536 bytes. Resolves when the message is on its way or safely kept; the
   * {@link Delivery} tells what becomes of it.
   *
   * @throws MeshError ERR_NO_PATH where the destination has not been heard of, and the mesh, which is then
   *   asked for some seconds, does not know it either; ERR_PAYLOAD_TOO_LARGE; ERR_QUEUE_FULL; ERR_LIFECYCLE unless the node runs.
   */
  async send(destination: Address, payload: Uint8Array, options: SendOptions = {}): Promise<Delivery> {
    this.#requireRunning()
    if (payload.length > MAX_BODY_BYTES) {
      const most = `a message carries at most ${MAX_BODY_BYTES}`
      throw new MeshError('ERR_PAYLOAD_TOO_LARGE', `${payload.length} bytes are too many: ${most}`)
    }
    const to = await this.#whereTo(destination)
    if (to === undefined) {
      this.#requireRunning()
      const hint = 'nobody in reach knows it; is it running, and connected to this mesh?'
      throw new MeshError('ERR_NO_PATH', `no path to ${destination}: ${hint}`)
    }
    return await this.#core.send({
      destination: to,
      body: payload,
      priority: priorityOf(options.priority ?? 'text'),
      receipt: options.receipt ?? true,
      lifetimeS: lifetimeSeconds(options.ttlMs ?? DEFAULT_TTL_MS),
      service: options.service ?? PLAIN_MESSAGE,
    })
  }

  /**
   * The way to a destination, hop by hop, as the relays themselves answer.
   *
   * @throws MeshError ERR_NO_PATH; ERR_QUEUE_FULL where too many traces are under way.
   */
  async trace(destination: Address, options: { timeoutMs?: number } = {}): Promise<TraceHop[]> {
    this.#requireRunning()
    const path = this.#core.router.pathTo(destination)
    if (path?.link === undefined) throw new MeshError('ERR_NO_PATH', `no path to ${destination}`)
    if (this.#core.tracer.running >= MAX_TRACES) {
      throw new MeshError('ERR_QUEUE_FULL', `${MAX_TRACES} traces are under way already: try again later`)
    }
    return await this.#core.tracer.trace(destination, path.hops, options.timeoutMs ?? DEFAULT_TRACE_MS)
  }

  /**
   * Takes a frame in as if `link` had carried it, without that link's rate limits: for transports under test
   * and for tools that replay. The frame's memory may be changed.
   */
  processIncoming(link: Link, frame: Uint8Array): Processed {
    this.#requireRunning()
    return this.#core.dataPath.process(frame, link)
  }

  /** Frees what has expired, now rather than at the next round. */
  gc(): void {
    this.#core.collectGarbage()
  }

  /** The path to one destination, or undefined where nothing is known of it. */
  pathTo(destination: Address): PathView | undefined {
    return pathViewOf(this.#core, destination)
  }

  /** Neighbours and paths, for people. */
  status(): StatusView {
    return statusView(this.#core)
  }

  /** Takes a list in place of the one before: nothing from or to these addresses passes any more. */
  async setBlocklist(addresses: readonly Address[]): Promise<void> {
    await this.#core.blocking.block(addresses)
  }

  /** Takes rules in place of those before. Links to neighbours that may have none any more are closed. */
  setAdmission(rules: AdmissionRules): void {
    const { parts, transports } = this.#core
    const { admission, clock } = parts
    admission.replace(rules, clock.monotonic())
    for (const link of transports.links) {
      if (link.neighbour !== undefined && !admission.permits(link.neighbour)) link.close('denied')
    }
  }

  /** Where a message for this address goes: to the newest that is known of its owner, if that can be found. */
  async #whereTo(destination: Address): Promise<Address | undefined> {
    const { keyChanges, router } = this.#core
    let tried: Address | undefined
    // Who is asked for the way to an address may answer that it has moved.
    for (let to = keyChanges.newest(destination); !tried?.equals(to); to = keyChanges.newest(to)) {
      if (router.blocklist.has(to)) throw new MeshError('ERR_NO_PATH', `${to} is on the blocklist`)
      if (!(await this.#core.find(to))) break
      tried = to
    }
    return tried ?? (router.knows(destination) ? destination : undefined)
  }

  readonly #toListeners = (message: IncomingMessage): void => {
    this.emit('message', message)
  }

  #requireRunning(): void {
    if (this.#state === 'running' && !this.#core.draining) return
    const what = this.#state === 'created' ? 'is not running yet: call run() first' : 'has been shut down'
    throw new MeshError('ERR_LIFECYCLE', `the node ${what}`)
  }
}

function lifetimeSeconds(ttlMs: number): number {
  if (!(ttlMs > 0)) throw new MeshError('ERR_USAGE', `a time to live of ${ttlMs} ms makes no sense`)
  return Math.min(Math.ceil(ttlMs / 1000), MAX_LIFETIME_S)
}
