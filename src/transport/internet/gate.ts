/** Admission at the door of an internet transport: what it answers is counted, logged and said to the caller. */
import type { Connection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../../runtime/clock.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { AdmissionControl, Candidate, Rejection } from '../admission.ts'
import { countTransportError, type TransportCounters } from '../transport.ts'

export interface GateOptions {
  readonly admission: AdmissionControl
  readonly clock: Clock
  readonly counters: TransportCounters
  readonly logger: Logger
}

export class Gate {
  readonly #options: GateOptions

  constructor(options: GateOptions) {
    this.#options = options
  }

  /** Whether an inbound connection may go on to its handshake. */
  lets(remote: Multiaddr): boolean {
    const { admission, clock, counters, logger } = this.#options
    const reason = admission.arrived(hostOf(remote), clock.monotonic())
    if (reason === undefined) return true
    countTransportError(counters, reason)
    logger.debug({ remote: String(remote), reason }, 'connection refused')
    return false
  }

  /** An inbound connection is open. */
  opened(connection: Connection): void {
    const { admission } = this.#options
    const host = hostOf(connection.remoteAddr)
    admission.opened(host)
    connection.addEventListener('close', () => admission.closed(host))
  }

  /** Whether a neighbour that has proved its address may have a link. */
  refusalFor(candidate: Candidate): Rejection['code'] | undefined {
    const { admission, logger } = this.#options
    const answer = admission.judge(candidate)
    if (answer === 'accept') return undefined
    const { neighbour, remote } = candidate
    logger.debug({ neighbour: neighbour.toString(), remote, ...answer }, 'link refused')
    return answer.code
  }
}

/** The IP address at the start of a multiaddr; a relayed connection's is the whole of it. */
export function hostOf(remote: Multiaddr): string {
  const text = remote.toString()
  const [, family, host = text] = text.split('/')
  return family === 'ip4' || family === 'ip6' ? host : text
}
