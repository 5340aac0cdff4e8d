/** The QUIC transport: `transports: [tcp({ ... }), quic({ listen: ['/ip4/0.0.0.0/udp/4001/quic-v1'] })]`. */
import type { TransportFactory } from '../transport.ts'
import { boundedQuic, loadQuic, type QuicLoader } from './bounded-quic.ts'
import { EXPECTED_BITS_PER_SECOND } from './limits.ts'
import type { InternetOptions } from './options.ts'
import { resolveNames } from './resolve.ts'
import { InternetTransport } from './transport.ts'

export type QuicOptions = InternetOptions

/**
 * Needs native code. Where that is missing a node goes on with its other internet transports, and its health
 * says so; where it has no other one, it does not start.
 */
export function quic(options: QuicOptions = {}): TransportFactory {
  return quicFrom(loadQuic, options)
}

/** The same with another source of libp2p's QUIC. */
export function quicFrom(load: QuicLoader, options: QuicOptions): TransportFactory {
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
