/** The TCP transport: `transports: [tcp({ listen: ['/ip4/0.0.0.0/tcp/4001'], peers: [...] })]`. */
import { tcp as libp2pTcp } from '@libp2p/tcp'
import type { TransportFactory } from '../transport.ts'
import type { Carrier } from './carrier.ts'
import { EXPECTED_BITS_PER_SECOND } from './limits.ts'
import type { InternetOptions } from './options.ts'
import { onePortTcp } from './reach-tcp.ts'
import { leaveNames } from './resolve.ts'
import { InternetTransport } from './transport.ts'

export type TcpOptions = InternetOptions

const TCP: Carrier = {
  name: 'tcp',
  form: { protocols: /^(ip4|ip6|dns|dns4|dns6)\/tcp$/, example: '/ip4/192.0.2.7/tcp/4001' },
  load: async ({ holePunching }) => (holePunching ? await onePortTcp() : libp2pTcp()),
  resolve: leaveNames,
  bitsPerSecond: EXPECTED_BITS_PER_SECOND,
  isRelayed: false,
}

export function tcp(options: TcpOptions = {}): TransportFactory {
  return (components) => new InternetTransport(TCP, options, components)
}
