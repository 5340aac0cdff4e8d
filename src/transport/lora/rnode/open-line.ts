/** From a port as people write it to the line behind it, and to how long one has to wait there. */
import type { Clock } from '../../../runtime/clock.ts'
import { MeshError } from '../../../runtime/errors.ts'
import type { OpenLine } from './line.ts'
import { serialLine } from './line-serial.ts'
import { tcpLine } from './line-tcp.ts'

/** Where RNode firmware listens. */
const TCP_PORT = 7633

/** A line that can be opened, and the patience that it takes. Times in ms. */
export interface ModemLine {
  readonly open: OpenLine
  /** A modem that restarts when its port is opened may be silent for this long. */
  readonly bootMs: number
  /** How soon a modem answers a question when it has nothing else to do, at worst. */
  readonly answerMs: number
  /** When the rest of a frame has not come after this, it never will. */
  readonly gapMs: number
}

/**
 * @param port `/dev/ttyACM0`, `COM3`, `tcp://192.168.4.1` or `tcp://host:7633`
 * @throws MeshError ERR_USAGE for what can be none of these.
 */
export function modemLine(port: string, clock: Clock): ModemLine {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(port)) {
    if (port === '' || port.includes('\0')) {
      throw new MeshError('ERR_USAGE', `${JSON.stringify(port)} is no port: give /dev/ttyACM0 or tcp://HOST`)
    }
    return { open: serialLine(port, clock), bootMs: 2000, answerMs: 500, gapMs: 100 }
  }
  const url = URL.canParse(port) ? new URL(port) : undefined
  if (url?.protocol !== 'tcp:' || url.hostname === '' || !/^\/?$/.test(url.pathname)) {
    throw new MeshError('ERR_USAGE', `${port} is no port: give /dev/ttyACM0 or tcp://HOST:${TCP_PORT}`)
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const open = tcpLine(port, host, url.port === '' ? TCP_PORT : Number(url.port), clock)
  return { open, bootMs: 0, answerMs: 1500, gapMs: 1500 }
}
