/** Admission at the door of an internet transport: what it answers is counted, logged and said to the caller. */
import type { Connection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Address } from '../../identity/address.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Logger } from '../../runtime/logger.ts'
import { AdmissionControl, type AdmissionOptions, type Rejection } from '../admission.ts'
import { countTransportError, type TransportCounters } from '../transport.ts'

export interface GateOptions {
  readonly admission: AdmissionOptions | undefined
  readonly clock: Clock
  readonly counters: TransportCounters
  readonly logger: Logger
}

export class Gate {
  readonly #admission: AdmissionControl
  readonly #options: GateOptions

  constructor(options: GateOptions) {
    this.#admission = new AdmissionControl(options.admission)
    this.#options = options
  }

  /** Whether an inbound connection may go on to its handshake. */
  lets(remote: Multiaddr): boolean {
    const { clock, counters } = this.#options
    const answer = this.#admission.arrived(hostOf(remote), clock.monotonic())
    if (answer === 'accept') return true
    countTransportError(counters, 'not_admitted')
    this.#tell(answer, String(remote))
    return false
  }

  /** An inbound connection is open. */
  opened(connection: Connection): void {
    const host = hostOf(connection.remoteAddr)
    this.#admission.opened(host)
    connection.addEventListener('close', () => this.#admission.closed(host))
  }

  /** Whether a neighbour that has proved its address may have a link. */
  refusalFor(neighbour: Address, remote: string): Rejection['code'] | undefined {
    const answer = this.#admission.judge(neighbour, remote)
    if (answer === 'accept') return undefined
    this.#tell(answer, remote, neighbour)
    return answer.code
  }

  #tell({ code, reason }: Rejection, remote: string, neighbour?: Address): void {
    const fields = { remote, code, reason, ...(neighbour && { neighbour: neighbour.toString() }) }
    this.#options.logger.debug(fields, 'not admitted')
  }
}

/** The IP address at the start of a multiaddr; a relayed connection's is the whole of it. */
function hostOf(remote: Multiaddr): string {
  const text = remote.toString()
  const [, family, host = text] = text.split('/')
  return family === 'ip4' || family === 'ip6' ? host : text
}
