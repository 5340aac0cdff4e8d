/** The QUIC transport: `transports: [tcp({ ... }), quic({ listen: ['/ip4/0.0.0.0/udp/4001/quic-v1'] })]`. */
import type { TransportFactory } from '../transport.ts'
import { loadQuic } from './bounded-quic.ts'
import type { InternetOptions } from './options.ts'
import { quicFrom } from './quic-from.ts'

export type QuicOptions = InternetOptions

/**
 * Needs native code. Where that is missing a node goes on with its other internet transports, and its health
 * says so; where it has no other one, it does not start.
 */
export function quic(options: QuicOptions = {}): TransportFactory {
  return quicFrom(loadQuic, options)
}
