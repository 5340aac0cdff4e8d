/**
 * The addresses that a node had before its present one. For a while it announces them and answers to them in
 * their own name, so that nothing on the way to them is lost (docs/specs/succession.md, "The former address").
 */
import type { Address } from '../identity/address.ts'
import { relayedAnnounce } from '../wire/announce.ts'
import { SuccessionView } from '../wire/succession.ts'
import type { FormerKey } from './key-rotation.ts'
import { Originator, type OriginatorOptions } from './originator.ts'

export interface FormerAddressesOptions {
  readonly keys: readonly FormerKey[]
  /** How long after its succession a former address is answered to, seconds. */
  readonly toldForS: number
  /** How the node speaks in the name of its present key. */
  readonly speech: Omit<OriginatorOptions, 'identity' | 'capabilities'>
}

/** Of a former address to the present one: one more hop than none, and the least metric. */
const HOPS = 1
const METRIC = 1

interface Former {
  readonly address: Address
  readonly originator: Originator
  readonly succession: Uint8Array
  /** Wall clock, seconds. */
  readonly until: number
}

export class FormerAddresses {
  readonly addresses: readonly Address[]
  readonly #formers: readonly Former[]
  readonly #nowS: () => number

  /** Keys whose time is over are left out. */
  constructor({ keys, toldForS, speech }: FormerAddressesOptions) {
    this.#nowS = () => speech.clock.now() / 1000
    this.#formers = keys
      .map(({ identity, succession }) => ({
        address: identity.address,
        originator: new Originator({
          ...speech,
          identity,
          random: speech.random.fork(`former ${identity.address}`),
          capabilities: () => 0,
        }),
        succession,
        until: new SuccessionView(succession).created + toldForS,
      }))
      .filter((former) => this.#isTold(former))
    this.addresses = this.#formers.map(({ address }) => address)
  }

  /** The frames that lead from these addresses to the present one and are to be told still. */
  successions(): readonly Uint8Array[] {
    return this.#formers.filter((former) => this.#isTold(former)).map(({ succession }) => succession)
  }

  /**
   * A fresh announce of each that is still answered to, as if from a neighbour with that address: a link
   * vouches for the present address of who is at its end, so another one cannot be there at no hops.
   */
  makeAnnounces(): readonly Uint8Array[] {
    return this.#formers
      .filter((former) => this.#isTold(former))
      .map(({ originator }) => relayedAnnounce(originator.announce(), HOPS, METRIC))
  }

  /** Who speaks for this address, or undefined where it is none of these. */
  originatorOf(address: Address): Originator | undefined {
    return this.#formers.find((former) => former.address.equals(address))?.originator
  }

  #isTold({ until }: Former): boolean {
    return until > this.#nowS()
  }
}
