/** The simulated network: which nodes there are, which cables lie between them, and the links that are up. */
import type { Address } from '../identity/address.ts'
import { MeshError } from '../runtime/errors.ts'
import type { Random } from '../runtime/random.ts'
import { MAX_FRAME_BYTES } from '../wire/frame.ts'
import type { EventQueue, SimEvent } from './event-queue.ts'
import { EntryPool } from './frame-list.ts'
import { completeModel, type DirectionModel, type LinkModel } from './link-model.ts'
import type { Machine } from './node-clock.ts'
import { SimLink } from './sim-link.ts'
import { SimTransport } from './sim-transport.ts'

/** Sees every frame. The frames are not its own: it copies what it keeps. */
export interface NetworkObserver {
  /** A node has given a frame to its link. */
  offered(link: SimLink, frame: Uint8Array): void
  /** A frame has left `link` for the other end. */
  sent(link: SimLink, frame: Uint8Array): void
  /** A frame has arrived and the node is about to see it. `link` is the receiver's end. */
  received(link: SimLink, frame: Uint8Array): void
  /** The node has dealt with the frame. */
  handled(link: SimLink, frame: Uint8Array): void
}

/** A node that has closed a link does not get rid of its neighbour: it dials again, as over TCP. */
const REDIAL_MS = 5000

/** Links below this are told of some paths only, and of all in time. */
const SOUND_BITS_PER_S = 1_000_000

interface Cable {
  readonly a: number
  readonly b: number
  there: DirectionModel
  back: DirectionModel
  /** The end at `a`, while both nodes run. */
  link: SimLink | undefined
}

export class Network {
  readonly queue: EventQueue
  readonly random: Random
  readonly observer: NetworkObserver
  readonly pool = new EntryPool()
  /** Frames that left and never arrived. */
  lost = 0
  readonly #running = new Map<number, SimTransport>()
  /** By node: the cables to its neighbours. */
  readonly #cables = new Map<number, Map<number, Cable>>()
  readonly #loan = new ArrayBuffer(MAX_FRAME_BYTES)
  /** Views of the loan by length. */
  readonly #views: (Uint8Array | undefined)[] = new Array(MAX_FRAME_BYTES + 1).fill(undefined)

  constructor(queue: EventQueue, random: Random, observer: NetworkObserver) {
    this.queue = queue
    this.random = random
    this.observer = observer
  }

  transport(machine: Machine, address: Address): SimTransport {
    return new SimTransport(this, machine, address)
  }

  neighbours(node: number): readonly number[] {
    return [...(this.#cables.get(node)?.keys() ?? [])]
  }

  /** Whether frames can pass between two nodes: a cable lies there and both run. */
  isUp(a: number, b: number): boolean {
    return this.#linkFrom(a, b)?.isClosed === false
  }

  /** Neighbours with whom frames pass both ways without fail, and all announces have room. */
  soundNeighbours(node: number): readonly number[] {
    return [...(this.#cables.get(node) ?? [])].flatMap(([other, { there, back }]) =>
      this.isUp(node, other) && isSound(there) && isSound(back) ? [other] : [],
    )
  }

  /**
   * Lays a cable, or changes what the one that lies there is like, without its link going down.
   *
   * @throws MeshError ERR_USAGE for a node with itself, or a model that makes no sense.
   */
  connect(a: number, b: number, model: Partial<LinkModel>): void {
    if (a === b) throw new MeshError('ERR_USAGE', `a link from node ${a} to itself`)
    const { there, back } = completeModel(model)
    const known = this.#cables.get(a)?.get(b)
    if (known !== undefined) {
      reshape(known, a, there, back)
      return
    }
    const cable: Cable = { a, b, there, back, link: undefined }
    this.#cablesOf(a).set(b, cable)
    this.#cablesOf(b).set(a, cable)
    this.#plug(cable)
  }

  /** Takes a cable away: both ends are told at once. What is under way is lost. */
  disconnect(a: number, b: number): void {
    const link = this.#cables.get(a)?.get(b)?.link
    link?.fail('disconnected')
    link?.peer.fail('disconnected')
    this.#cables.get(a)?.delete(b)
    this.#cables.get(b)?.delete(a)
  }

  /** Stops one link from carrying anything for a while, in both directions. */
  clog(a: number, b: number, ms: number): void {
    const link = this.#cables.get(a)?.get(b)?.link
    link?.clog(ms)
    link?.peer.clog(ms)
  }

  /** The neighbours of a node that has died notice it, `afterMs` from now. */
  notice(node: number, reason: string, afterMs: number): void {
    for (const other of this.neighbours(node)) {
      const end = this.#linkFrom(other, node)
      if (end === undefined || end.isClosed) continue
      if (afterMs === 0) end.fail(reason)
      else this.queue.push(new Notice(end, reason), this.queue.now + afterMs)
    }
  }

  /** A node has closed a link, which comes up again after a while. */
  closed(link: SimLink): void {
    const cable = this.#cables.get(link.port.machine.index)?.get(link.owner)
    if (cable === undefined) return
    const { link: before } = cable
    const redial = (): void => {
      if (cable.link === before && this.#cables.get(cable.a)?.get(cable.b) === cable) this.#plug(cable)
    }
    this.queue.push(new Redial(link.owner, redial), this.queue.now + REDIAL_MS)
  }

  /** @throws MeshError ERR_TRANSPORT where a process of this node runs already. */
  join(transport: SimTransport): void {
    const { index } = transport.machine
    if (this.#running.has(index)) {
      throw new MeshError('ERR_TRANSPORT', `node ${index} is on the simulated network already`)
    }
    this.#running.set(index, transport)
    for (const cable of this.#cables.get(index)?.values() ?? []) this.#plug(cable)
  }

  /** Without effect unless it has joined. */
  leave(transport: SimTransport): void {
    const { index } = transport.machine
    if (this.#running.get(index) === transport) this.#running.delete(index)
  }

  /** The bytes of a frame, for the length of one call into a node: each receiver may change its own. */
  lend(frame: Uint8Array): Uint8Array {
    let view = this.#views[frame.length]
    if (view === undefined) {
      view = new Uint8Array(this.#loan, 0, frame.length)
      this.#views[frame.length] = view
    }
    view.set(frame)
    return view
  }

  /** A frame that a link may keep: a copy where it is on loan. */
  keep(frame: Uint8Array): Uint8Array {
    // To ask a short array for its buffer costs more than to copy it: V8 makes one first.
    return frame.length <= 64 || frame.buffer === this.#loan ? new Uint8Array(frame) : frame
  }

  #plug(cable: Cable): void {
    const portA = this.#running.get(cable.a)
    const portB = this.#running.get(cable.b)
    if (portA === undefined || portB === undefined) return
    // An end whose neighbour has come back before its loss was noticed.
    cable.link?.fail('replaced')
    cable.link?.peer.fail('replaced')
    const atA = new SimLink(portA, portB, 'outbound', cable.there)
    const atB = new SimLink(portB, portA, 'inbound', cable.back)
    SimLink.join(atA, atB)
    cable.link = atA
    portA.later(() => portA.up(atA))
    portB.later(() => portB.up(atB))
  }

  #linkFrom(a: number, b: number): SimLink | undefined {
    const cable = this.#cables.get(a)?.get(b)
    return cable?.a === a ? cable.link : cable?.link?.peer
  }

  #cablesOf(node: number): Map<number, Cable> {
    const known = this.#cables.get(node)
    if (known !== undefined) return known
    const made = new Map<number, Cable>()
    this.#cables.set(node, made)
    return made
  }
}

class Redial implements SimEvent {
  readonly isDead = false
  readonly owner: number
  readonly fire: () => void

  constructor(owner: number, fire: () => void) {
    this.owner = owner
    this.fire = fire
  }
}

/** A neighbour finds out that nothing comes any more. */
class Notice implements SimEvent {
  readonly isDead = false
  readonly owner: number
  readonly #end: SimLink
  readonly #reason: string

  constructor(end: SimLink, reason: string) {
    this.owner = end.port.machine.index
    this.#end = end
    this.#reason = reason
  }

  fire(): void {
    this.#end.fail(this.#reason)
  }
}

function reshape(cable: Cable, a: number, there: DirectionModel, back: DirectionModel): void {
  if (there.mtu !== cable.there.mtu) {
    throw new MeshError('ERR_USAGE', `the link from node ${a} is up: its mtu cannot change`)
  }
  cable.there = cable.a === a ? there : back
  cable.back = cable.a === a ? back : there
  cable.link?.reshape(cable.there)
  cable.link?.peer.reshape(cable.back)
}

function isSound({ loss, blocked, clog, bitsPerSecond }: DirectionModel): boolean {
  return loss === 0 && !blocked && clog === undefined && bitsPerSecond >= SOUND_BITS_PER_S
}
