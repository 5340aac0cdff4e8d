/**
 * Who may have a link, and how many may ask at once. Pure: the transport asks and says when a connection is
 * gone; nothing here looks at a clock or a socket.
 */
import { Address } from '../identity/address.ts'
import { TokenBucket } from '../runtime/token-bucket.ts'
import { networkOf } from './network-of.ts'

/** Of an answer to a neighbour that asks for a link. */
export type Admission = 'accept' | Rejection

export interface Rejection {
  /** `denied` is final until the rules change; `busy` is worth another try. */
  readonly code: 'denied' | 'busy'
  /** For the log of this node: the neighbour learns the code alone. */
  readonly reason: string
}

/** Whoever is about to have a link. */
export interface Candidate {
  /** It has proved this address. */
  readonly neighbour: Address
  /** Its multiaddr, or the one at which it was called. */
  readonly remote: string
  readonly transport: string
  /** `inbound` where it has called. */
  readonly direction: 'inbound' | 'outbound'
}

/** An embedder's own rule, asked after the lists. What it throws counts as a rejection. */
export type AdmissionHook = (candidate: Candidate) => Admission

/** What can change while a node runs. */
export interface AdmissionRules {
  /** Neighbours that may have a link, by address or public key; all others may not. Default: everybody. */
  readonly allow?: readonly (Address | Uint8Array)[] | undefined
  /** Neighbours that may have none, whatever the other rules say. */
  readonly deny?: readonly (Address | Uint8Array)[] | undefined
  /** Inbound connections at once from one network: a /24 of IPv4, a /64 of IPv6. Default 256. */
  readonly perNetwork?: number | undefined
  /** New inbound connections a second from one network, in the long run. Default 50. */
  readonly connectsPerS?: number | undefined
  /** Inbound connections of one transport at once that are encrypted and no link yet. Default 128. */
  readonly handshakes?: number | undefined
}

export interface AdmissionOptions extends AdmissionRules {
  readonly admit?: AdmissionHook | undefined
}

/** Why a connection goes no further, as it is counted. */
export type DoorRefusal = 'network_full' | 'network_rate' | 'networks_full'

/** Not for the machine itself, whose programs are its owner's. */
export const DEFAULT_PER_NETWORK = 256
export const DEFAULT_CONNECTS_PER_S = 50
export const DEFAULT_HANDSHAKES = 128
/** What the encryption of a connection takes at most: after that it is open or gone. */
const ARRIVAL_MS = 10_000
/** A network may have this part of the handshakes at once in their encryption. */
const ARRIVAL_SHARES = 4
/** So many seconds of that rate may come at once. */
const BURST_S = 4

/**
 * Networks remembered, connected or not. With as many connected at once, further ones are refused: a flood
 * from many networks is bounded by the transport's own limit on connections.
 */
export const MAX_NETWORKS = 4096

interface Network {
  connections: number
  /** When those came in that are not open yet and may be, monotonic, ms. The oldest stands first. */
  readonly arrivals: number[]
  connects: TokenBucket
}

export class AdmissionControl {
  readonly #admit: AdmissionHook | undefined
  #rules: AdmissionRules = {}
  #allow: ReadonlySet<string> | undefined
  #deny: ReadonlySet<string> = new Set()
  /** The one used last stands last. */
  readonly #networks = new Map<string, Network>()

  constructor({ admit, ...rules }: AdmissionOptions = {}) {
    this.#admit = admit
    this.replace(rules, 0)
  }

  /**
   * Takes rules in place of those before. Connections that are open stay, whatever the new ones say.
   *
   * @param now monotonic, ms.
   */
  replace(rules: AdmissionRules, now: number): void {
    this.#rules = rules
    this.#allow = rules.allow && new Set(rules.allow.map(nameOf))
    this.#deny = new Set(rules.deny?.map(nameOf))
    for (const [key, network] of this.#networks) network.connects = this.#bucketFor(key, now)
  }

  get handshakes(): number {
    return this.#rules.handshakes ?? DEFAULT_HANDSHAKES
  }

  /** Networks that are remembered. */
  get networks(): number {
    return this.#networks.size
  }

  /**
   * Asked for each inbound connection before anything is spent on it.
   *
   * @param host an IP address. Anything else, such as a relayed caller's, counts as one network.
   * @param now monotonic, ms.
   */
  arrived(host: string, now: number): DoorRefusal | undefined {
    const key = networkOf(host)
    const most = this.#rules.perNetwork ?? unlessThisMachine(key, DEFAULT_PER_NETWORK)
    const network = this.#networks.get(key) ?? this.#add(key, now)
    if (network === undefined) return 'networks_full'
    this.#networks.delete(key)
    this.#networks.set(key, network)
    if (network.connections >= most) return 'network_full'
    const { arrivals } = network
    while (arrivals[0] !== undefined && now - arrivals[0] >= ARRIVAL_MS) arrivals.shift()
    if (arrivals.length >= this.#mostArrivals(key)) return 'network_full'
    if (!network.connects.take(1, now)) return 'network_rate'
    arrivals.push(now)
    return undefined
  }

  /** One that was accepted is open. It counts until it is {@link closed}. */
  opened(host: string): void {
    const network = this.#networks.get(networkOf(host))
    if (network === undefined) return
    network.connections += 1
    network.arrivals.shift()
  }

  closed(host: string): void {
    const network = this.#networks.get(networkOf(host))
    if (network !== undefined && network.connections > 0) network.connections -= 1
  }

  /** Asked for each neighbour that has proved its address, before it has a link, whoever called. */
  judge(candidate: Candidate): Admission {
    const refusal = this.#refusalByList(candidate.neighbour)
    if (refusal !== undefined) return { code: 'denied', reason: refusal }
    try {
      return this.#admit?.(candidate) ?? 'accept'
    } catch {
      return { code: 'busy', reason: 'the admission hook failed' }
    }
  }

  /** Whether the lists let a neighbour have a link. */
  permits(neighbour: Address): boolean {
    return this.#refusalByList(neighbour) === undefined
  }

  #refusalByList(neighbour: Address): string | undefined {
    const name = neighbour.toString()
    if (this.#deny.has(name)) return 'it is on the list of those denied'
    return (this.#allow?.has(name) ?? true) ? undefined : 'it is not on the list of those allowed'
  }

  /** Makes room by forgetting the network without a connection that has not been heard of for longest. */
  #add(key: string, now: number): Network | undefined {
    if (this.#networks.size >= MAX_NETWORKS) {
      const idle = this.#networks.entries().find(([, { connections }]) => connections === 0)
      if (idle === undefined) return undefined
      this.#networks.delete(idle[0])
    }
    const network: Network = { connections: 0, arrivals: [], connects: this.#bucketFor(key, now) }
    this.#networks.set(key, network)
    return network
  }

  /** A share of all, so that no network can keep the others out by saying nothing. */
  #mostArrivals(key: string): number {
    const most = this.#rules.handshakes ?? unlessThisMachine(key, DEFAULT_HANDSHAKES)
    return Math.ceil(most / ARRIVAL_SHARES)
  }

  #bucketFor(key: string, now: number): TokenBucket {
    const perS = this.#rules.connectsPerS ?? unlessThisMachine(key, DEFAULT_CONNECTS_PER_S)
    return new TokenBucket(perS, Math.max(1, perS * BURST_S), now)
  }
}

function nameOf(who: Address | Uint8Array): string {
  return String(who instanceof Uint8Array ? Address.ofPublicKey(who) : who)
}

function unlessThisMachine(network: string, limit: number): number {
  const isThisMachine = network.startsWith('127.') || network === networkOf('::1')
  return isThisMachine ? Number.MAX_SAFE_INTEGER : limit
}
