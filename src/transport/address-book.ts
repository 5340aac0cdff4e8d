/**
 * Where a node's neighbours can be reached, whoever has said so, and how that went. One book for all transports.
 * Pure: nothing here calls anybody.
 */
import type { Address } from '../identity/address.ts'

/**
 * - `configured`: by whoever runs this node.
 * - `found`: the neighbour, or who claims to be it, has announced it on the local network.
 * - `learnt`: a direct way that was found while there was a relayed link.
 * - `seen`: the neighbour has called from there. Often nobody listens at it.
 */
export type AddressSource = 'configured' | 'found' | 'learnt' | 'seen'

export interface KnownAddress {
  readonly neighbour: string
  readonly transport: string
  readonly address: string
  readonly source: AddressSource
  /** When a link came to be there last, wall clock, ms; undefined where none has. */
  readonly linkedAt: number | undefined
  /** Calls in vain since. */
  readonly failures: number
}

/** What is not configured is forgotten beyond these, the neighbour first that was mentioned longest ago. */
export const MAX_KNOWN_NEIGHBOURS = 1024
export const MAX_KNOWN_ADDRESSES = 8

type Entry = { -readonly [K in keyof KnownAddress]: KnownAddress[K] }

export interface AddressNote {
  readonly neighbour: Address
  readonly transport: string
  readonly address: string
  readonly source: AddressSource
}

export class AddressBook {
  /** By neighbour, the one mentioned last stands last; by address within. */
  readonly #neighbours = new Map<string, Map<string, Entry>>()

  /** Every address, those of one neighbour together and its best first. */
  get all(): KnownAddress[] {
    return this.#neighbours.values().flatMap(sorted).toArray()
  }

  of(neighbour: Address): KnownAddress[] {
    return sorted(this.#neighbours.get(neighbour.toString()) ?? new Map())
  }

  /**
   * What is known already keeps its record; what was configured once stays so.
   *
   * @param linkedAt when a link has come to be there, wall clock, ms
   */
  note(note: AddressNote, linkedAt?: number): void {
    const entry = this.#entry(note)
    if (linkedAt === undefined) return
    entry.linkedAt = linkedAt
    entry.failures = 0
  }

  /** A call to an address has failed. Without effect for one that is not in the book. */
  failed(neighbour: Address, address: string): void {
    const entry = this.#neighbours.get(neighbour.toString())?.get(address)
    if (entry !== undefined) entry.failures += 1
  }

  /** The same addresses, the one that is most likely to answer first. */
  inOrder<T>(neighbour: Address, addresses: readonly T[]): T[] {
    const order = this.of(neighbour).map(({ address }) => address)
    const place = (address: T): number => {
      const at = order.indexOf(String(address))
      return at < 0 ? order.length : at
    }
    return addresses.toSorted((a, b) => place(a) - place(b))
  }

  #entry({ neighbour, transport, address, source }: AddressNote): Entry {
    const name = neighbour.toString()
    const addresses = this.#neighbours.get(name) ?? new Map<string, Entry>()
    this.#neighbours.delete(name)
    this.#neighbours.set(name, addresses)
    // Of the places it has called from, with a new port each time, the latest is enough.
    if (source === 'seen' && !addresses.has(address)) {
      for (const [key, known] of addresses) {
        if (known.source === 'seen' && known.transport === transport) addresses.delete(key)
      }
    }
    const fresh = { neighbour: name, transport, address, source, linkedAt: undefined, failures: 0 }
    const entry: Entry = addresses.get(address) ?? fresh
    if (source === 'configured') entry.source = source
    addresses.set(address, entry)
    this.#forget(addresses, entry)
    return entry
  }

  /** Makes room, and never for it by what is configured, or was mentioned just now. */
  #forget(addresses: Map<string, Entry>, latest: Entry): void {
    if (addresses.size > MAX_KNOWN_ADDRESSES) {
      const worst = sorted(addresses).findLast((entry) => entry.source !== 'configured' && entry !== latest)
      if (worst !== undefined) addresses.delete(worst.address)
    }
    if (this.#neighbours.size <= MAX_KNOWN_NEIGHBOURS) return
    for (const [name, known] of this.#neighbours) {
      if (known === addresses || known.values().some(({ source }) => source === 'configured')) continue
      this.#neighbours.delete(name)
      return
    }
  }
}

const RANKS: readonly AddressSource[] = ['configured', 'learnt', 'found', 'seen']

/** Those that answered last first, of the others those with the fewest failures, of equals the better source. */
function sorted(addresses: ReadonlyMap<string, Entry>): Entry[] {
  const isGood = ({ linkedAt, failures }: Entry): boolean => linkedAt !== undefined && failures === 0
  return [...addresses.values()].sort((a, b) => {
    if (isGood(a) !== isGood(b)) return isGood(a) ? -1 : 1
    if (isGood(a)) return (b.linkedAt ?? 0) - (a.linkedAt ?? 0)
    return a.failures - b.failures || RANKS.indexOf(a.source) - RANKS.indexOf(b.source)
  })
}
