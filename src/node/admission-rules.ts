/** What the configuration says of admission, as the transports take it. */
import type { Config } from '../config/config.ts'
import {
  type AdmissionRules,
  DEFAULT_CONNECTS_PER_S,
  DEFAULT_HANDSHAKES,
  DEFAULT_PER_NETWORK,
} from '../transport/admission.ts'
import { addressNamed } from './blocklist-file.ts'

/** A limit that is the default is left open, so that this machine itself is not limited. */
export function admissionOf({ transport: { admission } }: Config): AdmissionRules {
  const unlessDefault = (limit: number, usual: number) => (limit === usual ? undefined : limit)
  const addresses = (names: readonly string[]) => names.flatMap((name) => addressNamed(name) ?? [])
  return {
    allow: admission.allow.length === 0 ? undefined : addresses(admission.allow),
    deny: addresses(admission.deny),
    perNetwork: unlessDefault(admission.connections_per_network, DEFAULT_PER_NETWORK),
    connectsPerS: unlessDefault(admission.connects_per_s, DEFAULT_CONNECTS_PER_S),
    handshakes: unlessDefault(admission.handshakes, DEFAULT_HANDSHAKES),
  }
}
