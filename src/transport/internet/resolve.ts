/** Names in multiaddrs, for a transport of libp2p that knows only numbers. */
import { lookup } from 'node:dns/promises'
import { isIPv6 } from 'node:net'
import { type Component, type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { messageOf } from '../../runtime/errors.ts'
import { linkFailure } from './failure.ts'

/** Turns what is configured into what can be dialled. */
export type Resolver = (addresses: readonly Multiaddr[], signal: AbortSignal) => Promise<Multiaddr[]>

/** For transports that look names up by themselves. */
export const leaveNames: Resolver = async (addresses) => [...addresses]

const FAMILIES: Readonly<Record<string, 0 | 4 | 6>> = { dns: 0, dns4: 4, dns6: 6 }
/** Of the addresses behind one name. */
const MAX_ADDRESSES = 8

/** Asks the system, as every other program does. @throws MeshError whose reason is `unknown_name` */
export const resolveNames: Resolver = async (addresses, signal) => {
  const resolved = await Promise.all(addresses.map((address) => resolveOne(address, signal)))
  return resolved.flat()
}

async function resolveOne(address: Multiaddr, signal: AbortSignal): Promise<Multiaddr[]> {
  const [host, ...rest] = address.getComponents()
  const family = host && FAMILIES[host.name]
  if (host?.value === undefined || family === undefined) return [address]
  const found = await Promise.race([ask(host.value, family), aborted(signal)])
  return found.slice(0, MAX_ADDRESSES).map((ip) => multiaddr([component(ip), ...rest]))
}

async function ask(name: string, family: 0 | 4 | 6): Promise<string[]> {
  try {
    const found = await lookup(name, { all: true, family })
    return found.map(({ address }) => address)
  } catch (error) {
    throw linkFailure('unknown_name', `cannot look up ${name}: ${messageOf(error)}`, error)
  }
}

function component(ip: string): Component {
  return isIPv6(ip) ? { code: 41, name: 'ip6', value: ip } : { code: 4, name: 'ip4', value: ip }
}

function aborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason)
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })
  return promise
}
