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

/** An embedder's own rule, asked after the lists. What it throws counts as a rejection. */
export type AdmissionHook = (neighbour: Address, remote: string) => Admission

export interface AdmissionOptions {
  /** Neighbours that may have a link, by address or public key; all others may not. Default: everybody. */
  readonly allow?: readonly (Address | Uint8Array)[]
  /** Neighbours that may have none, whatever the other rules say. */
  readonly deny?: readonly (Address | Uint8Array)[]
  /** Inbound connections at once from one network: a /24 of IPv4, a /64 of IPv6. Default 256. */
  readonly perNetwork?: number
  /** New inbound connections a second from one network, in the long run. Default 50. */
  readonly connectsPerS?: number
  readonly hook?: AdmissionHook
}

/** Not for the machine itself, whose programs are its owner's. */
export const DEFAULT_PER_NETWORK = 256
export const DEFAULT_CONNECTS_PER_S = 50
/** So many seconds of that rate may come at once. */
const BURST_S = 4

/**
 * Networks remembered, connected or not. With as many connected at once, further ones are refused: a flood
 * from many networks is bounded by the transport's own limit on connections.
 */
export const MAX_NETWORKS = 4096

interface Network {
  connections: number
  readonly connects: TokenBucket
}

export class AdmissionControl {
  readonly #options: AdmissionOptions
  readonly #allow: ReadonlySet<string> | undefined
  readonly #deny: ReadonlySet<string>
  /** The one used last stands last. */
  readonly #networks = new Map<string, Network>()

  constructor(options: AdmissionOptions = {}) {
    this.#options = options
    this.#allow = options.allow && new Set(options.allow.map(nameOf))
    this.#deny = new Set(options.deny?.map(nameOf))
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
  arrived(host: string, now: number): Admission {
    const key = networkOf(host)
    const unlessSet = (limit: number): number => (isThisMachine(key) ? Number.MAX_SAFE_INTEGER : limit)
    const most = this.#options.perNetwork ?? unlessSet(DEFAULT_PER_NETWORK)
    const perS = this.#options.connectsPerS ?? unlessSet(DEFAULT_CONNECTS_PER_S)
    const network = this.#networks.get(key) ?? this.#add(key, perS, now)
    if (network === undefined) return { code: 'busy', reason: `${MAX_NETWORKS} networks are connected` }
    this.#networks.delete(key)
    this.#networks.set(key, network)
    if (network.connections >= most) {
      return { code: 'busy', reason: `${network.connections} connections from ${key}` }
    }
    if (network.connects.take(1, now)) return 'accept'
    return { code: 'busy', reason: `more than ${perS} connections a second from ${key}` }
  }

  /** One that was accepted is open. It counts until it is {@link closed}. */
  opened(host: string): void {
    const network = this.#networks.get(networkOf(host))
    if (network !== undefined) network.connections += 1
  }

  closed(host: string): void {
    const network = this.#networks.get(networkOf(host))
    if (network !== undefined && network.connections > 0) network.connections -= 1
  }

  /** Asked for each neighbour that has proved its address, before it has a link, whoever called. */
  judge(neighbour: Address, remote: string): Admission {
    const name = neighbour.toString()
    if (this.#deny.has(name)) return { code: 'denied', reason: 'it is on the list of those denied' }
    if (this.#allow !== undefined && !this.#allow.has(name)) {
      return { code: 'denied', reason: 'it is not on the list of those allowed' }
    }
    try {
      return this.#options.hook?.(neighbour, remote) ?? 'accept'
    } catch {
      return { code: 'busy', reason: 'the admission hook failed' }
    }
  }

  /** Makes room by forgetting the network without a connection that has not been heard of for longest. */
  #add(key: string, connectsPerS: number, now: number): Network | undefined {
    if (this.#networks.size >= MAX_NETWORKS) {
      const idle = this.#networks.entries().find(([, { connections }]) => connections === 0)
      if (idle === undefined) return undefined
      this.#networks.delete(idle[0])
    }
    const connects = new TokenBucket(connectsPerS, Math.max(1, connectsPerS * BURST_S), now)
    const network: Network = { connections: 0, connects }
    this.#networks.set(key, network)
    return network
  }
}

function nameOf(who: Address | Uint8Array): string {
  return String(who instanceof Uint8Array ? Address.ofPublicKey(who) : who)
}

function isThisMachine(network: string): boolean {
  return network.startsWith('127.') || network === networkOf('::1')
}
