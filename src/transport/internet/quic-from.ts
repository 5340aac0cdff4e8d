/** Apart from quic.ts, so that the public types do not drag those of libp2p's QUIC along. */
import type { TransportFactory } from '../transport.ts'
import { boundedQuic, type QuicLoader } from './bounded-quic.ts'
import { EXPECTED_BITS_PER_SECOND } from './limits.ts'
import type { InternetOptions } from './options.ts'
import { resolveNames } from './resolve.ts'
import { InternetTransport } from './transport.ts'

/** The QUIC transport on the package that `load` brings. */
export function quicFrom(load: QuicLoader, options: InternetOptions): TransportFactory {
  const carrier = {
    name: 'quic',
    form: {
      protocols: /^(ip4|ip6|dns|dns4|dns6)\/udp\/quic-v1$/,
      example: '/ip4/192.0.2.7/udp/4001/quic-v1',
    },
    load: () => boundedQuic(load),
    resolve: resolveNames,
    bitsPerSecond: EXPECTED_BITS_PER_SECOND,
    isRelayed: false,
  }
  return (components) => new InternetTransport(carrier, options, components)
}
