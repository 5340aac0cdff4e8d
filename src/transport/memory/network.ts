/**
 * A network in memory: nodes join it under their mesh address, and cables are laid between addresses. It
 * stands on the public transport seam alone, so whoever writes a transport can build on it.
 */
import type { Address } from '../../identity/address.ts'
import type { Clock } from '../../runtime/clock.ts'
import { MeshError } from '../../runtime/errors.ts'
import { MAX_FRAME_BYTES } from '../../wire/frame.ts'
import { type CableProfile, type LinkOwner, MemoryLink } from './link.ts'

/** A node's socket on the network. */
export interface NetworkPort extends LinkOwner {
  up(link: MemoryLink): void
}

interface Cable {
  readonly a: Address
  readonly b: Address
  readonly profile: CableProfile
  /** One end of the link, while both nodes are there. */
  link: MemoryLink | undefined
}

const DEFAULT_CABLE: CableProfile = { latencyMs: 1, bitsPerSecond: 1e9, mtu: MAX_FRAME_BYTES }

export class MemoryNetwork {
  readonly #clock: Clock
  readonly #ports = new Map<string, NetworkPort>()
  readonly #cables = new Map<string, Cable>()

  /** @param clock what delays and rates are measured on; a virtual clock makes the network repeatable. */
  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Lays a cable between two addresses; `a` counts as the one that dialled. The link comes up as soon as
   * both nodes have joined, and again whenever one of them comes back. A cable that is there already is
   * replaced. Unless given: 1 ms, 1 Gbit/s, frames of any length the mesh allows.
   *
   * @throws MeshError ERR_USAGE for a node with itself, or figures that make no sense.
   */
  connect(a: Address, b: Address, profile: Partial<CableProfile> = {}): void {
    const cable: Cable = { a, b, profile: { ...DEFAULT_CABLE, ...profile }, link: undefined }
    const { latencyMs, bitsPerSecond, mtu } = cable.profile
    if (a.equals(b)) throw new MeshError('ERR_USAGE', `a cable from ${a.toString()} to itself`)
    if (!(latencyMs >= 0 && bitsPerSecond > 0 && mtu > 0)) {
      throw new MeshError('ERR_USAGE', `no cable has ${latencyMs} ms, ${bitsPerSecond} bit/s and mtu ${mtu}`)
    }
    this.disconnect(a, b)
    this.#cables.set(pairKey(a, b), cable)
    this.#plug(cable)
  }

  /** Removes a cable, in either direction. What is under way on it or queued comes back to its sender. */
  disconnect(a: Address, b: Address): void {
    const key = pairKey(a, b)
    this.#cables.get(key)?.link?.cut('disconnected')
    this.#cables.delete(key)
  }

  /** @throws MeshError ERR_TRANSPORT when a node of this address is there already. */
  join(address: Address, port: NetworkPort): void {
    const key = address.toString()
    if (this.#ports.has(key)) {
      throw new MeshError('ERR_TRANSPORT', `${key} is on this memory network already: one node per address`)
    }
    this.#ports.set(key, port)
    for (const cable of this.#cables.values()) {
      if (cable.a.equals(address) || cable.b.equals(address)) this.#plug(cable)
    }
  }

  /** The node's links have to be closed first. Without effect unless `port` has joined. */
  leave(address: Address, port: NetworkPort): void {
    if (this.#ports.get(address.toString()) === port) this.#ports.delete(address.toString())
  }

  #plug(cable: Cable): void {
    const portA = this.#ports.get(cable.a.toString())
    const portB = this.#ports.get(cable.b.toString())
    if (portA === undefined || portB === undefined) return
    const atA = new MemoryLink(portA, cable.b, 'outbound', cable.profile, this.#clock)
    const atB = new MemoryLink(portB, cable.a, 'inbound', cable.profile, this.#clock)
    MemoryLink.join(atA, atB)
    cable.link?.cut('replaced')
    cable.link = atA
    this.#clock.defer(() => {
      if (!atA.isClosed) portA.up(atA)
      if (!atB.isClosed) portB.up(atB)
    })
  }
}

function pairKey(a: Address, b: Address): string {
  return [a.toString(), b.toString()].sort().join('-')
}
