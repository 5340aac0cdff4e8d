/** Text such as `127.0.0.1:9464` or `[::1]:0`, and which Host headers a server bound there answers to. */
import { isIPv4 } from 'node:net'
import { type HostPort, parseHostPort } from '../config/config.ts'
import { MeshError } from '../runtime/errors.ts'

/** @throws MeshError ERR_LISTEN where the text is no host and port. */
export function parseListenAddress(text: string): HostPort {
  const address = parseHostPort(text)
  if (address !== undefined) return address
  throw new MeshError(
    'ERR_LISTEN',
    `http.listen: ${JSON.stringify(text)} is no host and port; write "127.0.0.1:9464" or "[::1]:9464"`,
    { context: { key: 'http.listen' } },
  )
}

export function formatListenAddress({ host, port }: HostPort): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Of the canonical form in which the system returns an address. */
export function isLoopback(host: string): boolean {
  return host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}

/**
 * Whether a server bound to a loopback address should answer to this Host header. A name from outside that
 * resolves to 127.0.0.1 (DNS rebinding) would let any web page read the node through the user's browser.
 * The port is not looked at: behind `ssh -L` it is another one.
 */
export function isLoopbackHostHeader(header: string): boolean {
  const { ipv6, name } = /^(?:\[(?<ipv6>[^\]]+)\]|(?<name>[^:]+))(?::\d{1,5})?$/.exec(header)?.groups ?? {}
  if (ipv6 !== undefined) return isLoopback(ipv6)
  return name !== undefined && (name.toLowerCase() === 'localhost' || isLoopback(name))
}
