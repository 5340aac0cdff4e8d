import { isIPv6 } from 'node:net'

export interface HostPort {
  /** A name, an IPv4 address, or an IPv6 address without its brackets. */
  readonly host: string
  /** 0 to 65,535; 0 lets the system choose one. */
  readonly port: number
}

const BRACKETED = /^\[([0-9a-fA-F:.]{2,45})\]:(\d{1,5})$/
const NAMED = /^([a-zA-Z0-9](?:[a-zA-Z0-9.-]{0,252}[a-zA-Z0-9])?):(\d{1,5})$/

/** Reads `127.0.0.1:9464`, `localhost:0` or `[::1]:9464`; undefined for anything else. */
export function parseHostPort(text: string): HostPort | undefined {
  const bracketed = BRACKETED.exec(text)
  if (bracketed !== null && !isIPv6(bracketed[1] ?? '')) return undefined
  const [, host, digits] = bracketed ?? NAMED.exec(text) ?? []
  const port = Number(digits)
  return host === undefined || port > 65_535 ? undefined : { host, port }
}
