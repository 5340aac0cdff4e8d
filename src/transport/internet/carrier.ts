/** What makes a kind of internet transport, such as TCP, differ from the others. */
import type { Multiaddr } from '@multiformats/multiaddr'
import type { AddressForm } from './multiaddrs.ts'
import type { ReachOptions } from './options.ts'
import type { Resolver } from './resolve.ts'
import type { CarrierTransport } from './shared-node.ts'

export interface Carrier {
  /** The transport's name. */
  readonly name: string
  readonly form: AddressForm
  /** Rejects where this machine lacks what the transport is made of. */
  readonly load: (reach: ReachOptions) => Promise<CarrierTransport>
  /** Where it listens, if not where the options say. */
  readonly listens?: readonly Multiaddr[]
  readonly resolve: Resolver
  /** For routing, where nobody has measured. */
  readonly bitsPerSecond: number
  /** Whether its links go through a third node, so that any other link is better. */
  readonly isRelayed: boolean
}
