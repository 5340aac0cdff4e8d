import type { LoadedConfig } from '../../config/config.ts'
import { type ErrorCode, MeshError } from '../../runtime/errors.ts'

const NAME_THEIR_FILE: ReadonlySet<ErrorCode> = new Set(['ERR_IDENTITY_FILE', 'ERR_CONTROL', 'ERR_STORE'])

/** The error with the file and, where it can be told, the line and the key that a person has to look at. */
export function named(error: unknown, loaded: LoadedConfig): unknown {
  if (!(error instanceof MeshError) || NAME_THEIR_FILE.has(error.code)) return error
  const { code, message, cause, context } = error
  const key = keyOf(context, loaded)
  if (key === undefined) return new MeshError(code, `${loaded.file}: ${message}`, { cause })
  // An address that the system has given no reason against is none that this transport understands.
  const isMisconfigured = key.startsWith('transport.') && context['reason'] === undefined
  const said = message.startsWith(`${key}: `) ? message.slice(key.length + 2) : message
  return new MeshError(isMisconfigured ? 'ERR_CONFIG' : code, `${loaded.placeOf(key)}: ${said}`, { cause })
}

/** The key that an error is about, by what it tells of itself. */
function keyOf(context: MeshError['context'], { config, blocklistFile }: LoadedConfig): string | undefined {
  if (typeof context['key'] === 'string') return context['key']
  if (blocklistFile !== undefined && context['file'] === blocklistFile) return 'blocklist.file'
  const { tcp, quic, relay } = config.transport
  const keys = {
    'transport.tcp.listen': tcp.listen,
    'transport.tcp.peers': tcp.peers,
    'transport.quic.listen': quic.listen,
    'transport.quic.peers': quic.peers,
    'transport.relay.peers': relay.peers,
  }
  return Object.entries(keys).find(([, addresses]) => addresses.includes(String(context['address'])))?.[0]
}
