/** A real server on an ephemeral port and a client that speaks raw bytes. */
import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { type HttpServer, type HttpServerOptions, startHttpServer } from '../../src/observability/http.ts'
import type { Logger } from '../../src/runtime/logger.ts'
import { VirtualClock } from '../../src/sim/clock.ts'
import { SAMPLE_HEALTH, SAMPLE_METRICS, SAMPLE_STATUS } from './sample.ts'

export interface Running extends HttpServer {
  readonly clock: VirtualClock
  readonly url: string
  /** What was logged as a warning or error. */
  readonly complaints: string[]
}

export async function start(t: TestContext, options: Partial<HttpServerOptions> = {}): Promise<Running> {
  const clock = new VirtualClock()
  const complaints: string[] = []
  const complain = (fields: object, message: string): void => {
    complaints.push(`${message} ${JSON.stringify(fields)}`)
  }
  const quiet = (): void => undefined
  const logger: Logger = { debug: quiet, info: quiet, warn: complain, error: complain, child: () => logger }
  const server = await startHttpServer({
    listen: '127.0.0.1:0',
    health: () => SAMPLE_HEALTH,
    metrics: () => SAMPLE_METRICS,
    status: () => SAMPLE_STATUS,
    logger,
    clock,
    ...options,
  })
  t.after(() => server.stop(AbortSignal.abort()))
  return { ...server, clock, complaints, url: `http://${server.address}` }
}

export function open({ address }: HttpServer): Socket {
  const { hostname, port } = new URL(`http://${address}`)
  const socket = connect({ host: hostname.replace(/[[\]]/g, ''), port: Number(port) })
  socket.on('error', () => undefined) // a reset shows as the end of what was received
  return socket
}

/** Everything the server says until it closes the connection. */
export function received(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.once('close', () => resolve(Buffer.concat(chunks).toString('latin1')))
  })
}

/** Sends raw bytes and reads until the server closes. */
export function exchange(server: HttpServer, bytes: string | Uint8Array): Promise<string> {
  const socket = open(server)
  socket.end(bytes)
  return received(socket)
}

/** Connections are accepted in order: once this is answered, those opened before have been accepted. */
export async function settled({ url }: Running): Promise<void> {
  await (await fetch(`${url}/healthz`)).text()
}

export function errorOf(raw: string): { status: number; code: string } {
  const [head = '', body = ''] = raw.split('\r\n\r\n')
  assert.match(head, /^HTTP\/1\.1 \d{3} /)
  assert.match(head, /^content-type: application\/json/im)
  assert.match(head, /^connection: close/im)
  const { error } = JSON.parse(body) as { error: { code: string; message: string } }
  assert.ok(error.message.length > 0 && !error.message.includes('\n'))
  return { status: Number(head.slice(9, 12)), code: error.code }
}

export const GET = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'
