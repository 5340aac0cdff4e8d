/**
 * The small read-only server that shows a node: `/healthz` and `/metricsz` for machines, a status page for
 * people.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { HostPort } from '../config/config.ts'
import type { Clock } from '../runtime/clock.ts'
import { MeshError, messageOf, systemCodeOf } from '../runtime/errors.ts'
import type { Logger } from '../runtime/logger.ts'
import { consolePage } from './console-page.ts'
import { CONSOLE_CSS } from './console-style.ts'
import { type HealthReport, httpStatusOf } from './health.ts'
import { type Answer, failure, json, writeAnswer } from './http-answer.ts'
import { HttpConnections } from './http-connections.ts'
import {
  formatListenAddress,
  isLoopback,
  isLoopbackHostHeader,
  parseListenAddress,
} from './listen-address.ts'
import { MetricsExporter } from './metrics.ts'
import type { MetricsSnapshot, StatusView } from './snapshot.ts'

export interface HttpServerOptions {
  /** `127.0.0.1:9464`, `[::1]:0`; port 0 lets the system choose. */
  readonly listen: string
  readonly health: () => HealthReport
  readonly metrics: () => MetricsSnapshot
  readonly status: () => StatusView
  readonly logger: Logger
  readonly clock: Clock
}

export interface HttpServer {
  /** What it is bound to, `host:port`, with the port that was given or chosen. */
  readonly address: string
  /**
   * Takes no more connections and closes the idle ones at once. Answers on their way have until `signal`
   * aborts. Idempotent; it never rejects.
   */
  stop(signal: AbortSignal): Promise<void>
}

export const HTTP_LIMITS = {
  /** Connections at a time; further ones are closed at once. */
  connections: 64,
  /** Request line and headers together, bytes. */
  headerBytes: 8192,
  /** From the connection to the last byte of the answer, ms. */
  connectionMs: 10_000,
} as const

type Routes = ReadonlyMap<string, () => Answer | Promise<Answer>>

/** @throws MeshError ERR_LISTEN where the address makes no sense or cannot be bound. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { logger, clock } = options
  const wanted = parseListenAddress(options.listen)
  const exporter = new MetricsExporter({ snapshot: options.metrics, clock })
  const routes = routesOf(options, exporter)
  const server = createServer({
    maxHeaderSize: HTTP_LIMITS.headerBytes,
    // HttpConnections has one deadline for all three.
    headersTimeout: 0,
    requestTimeout: 0,
    keepAliveTimeout: 0,
    // `refusalOf` looks at it, and answers in our shape.
    requireHostHeader: false,
  })
  server.maxConnections = HTTP_LIMITS.connections
  server.maxRequestsPerSocket = 1
  const connections = new HttpConnections(server, clock, HTTP_LIMITS.connectionMs)

  const bound = await bind(server, wanted)
  const loopbackOnly = isLoopback(bound.host)
  server.on('error', (error) => logger.warn({ error: error.message }, 'http server failed to accept'))
  server.on('clientError', (error, socket) => connections.refuse(socket as Socket, parserRefusal(error)))
  server.on('request', async (request, response) => {
    connections.answering(request.socket)
    let answer: Answer
    try {
      answer = refusalOf(request, loopbackOnly) ?? (await routed(request, routes))
    } catch (thrown) {
      logger.error({ path: request.url, error: messageOf(thrown) }, 'http request failed')
      answer = failure(500, 'internal', 'the node could not answer; its log has the reason')
    }
    writeAnswer(response, answer, request.method !== 'HEAD')
  })
  exporter.start()

  let stopped: Promise<void> | undefined
  return {
    address: formatListenAddress(bound),
    stop(signal) {
      exporter.stop()
      stopped ??= connections.close(signal)
      return stopped
    },
  }
}

function routesOf({ health, metrics, status }: HttpServerOptions, exporter: MetricsExporter): Routes {
  const healthz = (): Answer => {
    const report = health()
    return json(httpStatusOf(report.status), report)
  }
  const metricsz = async (): Promise<Answer> => ({
    status: 200,
    type: exporter.contentType,
    body: await exporter.render(),
  })
  const page = (): Answer => ({
    status: 200,
    type: 'text/html; charset=utf-8',
    body: consolePage({ status: status(), health: health(), metrics: metrics() }),
  })
  const style = (): Answer => ({ status: 200, type: 'text/css; charset=utf-8', body: CONSOLE_CSS })
  return new Map<string, () => Answer | Promise<Answer>>([
    ['/', page],
    ['/console.css', style],
    ['/healthz', healthz],
    ['/metrics', metricsz],
    ['/metricsz', metricsz],
  ])
}

function routed(request: IncomingMessage, routes: Routes): Answer | Promise<Answer> {
  const path = (request.url ?? '').split('?', 1)[0] ?? ''
  const route = routes.get(path)
  if (route === undefined) {
    return failure(404, 'not_found', `nothing here; there are ${[...routes.keys()].join(', ')}`)
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return failure(405, 'method_not_allowed', 'only GET and HEAD are answered', { allow: 'GET, HEAD' })
  }
  return route()
}

/** Why a request is not looked at, going by the Host header, or undefined. */
function refusalOf(request: IncomingMessage, loopbackOnly: boolean): Answer | undefined {
  const { host: hosts = [] } = request.headersDistinct
  // HTTP/1.0 knows no Host header, and no browser speaks it.
  if (hosts.length > 1 || (hosts.length === 0 && request.httpVersion !== '1.0')) {
    return failure(400, 'bad_request', 'a request needs exactly one Host header')
  }
  if (loopbackOnly && hosts[0] !== undefined && !isLoopbackHostHeader(hosts[0])) {
    return failure(403, 'forbidden_host', 'bound to loopback, this node answers to loopback host names only')
  }
  return undefined
}

function parserRefusal(error: Error): Answer {
  return systemCodeOf(error) === 'HPE_HEADER_OVERFLOW'
    ? failure(431, 'headers_too_large', `request line and headers exceed ${HTTP_LIMITS.headerBytes} bytes`)
    : failure(400, 'bad_request', 'this is not HTTP/1.1')
}

function bind(server: Server, wanted: HostPort): Promise<HostPort> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => reject(listenError(wanted, error))
    server.once('error', onError)
    server.listen(wanted, () => {
      server.off('error', onError)
      const { address, port } = server.address() as AddressInfo
      resolve({ host: address, port })
    })
  })
}

const LISTEN_FIXES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is already in use: stop what listens there, or set http.listen to a free port',
  EACCES: 'may not be bound by this user: set http.listen to a port from 1024 up',
  EADDRNOTAVAIL: 'is no address of this machine: set http.listen to one that is',
  ENOTFOUND: 'names no host: set http.listen to an address of this machine',
}

function listenError(wanted: HostPort, error: Error): MeshError {
  const address = formatListenAddress(wanted)
  const reason = LISTEN_FIXES[systemCodeOf(error) ?? ''] ?? `cannot be bound: ${error.message}`
  return new MeshError('ERR_LISTEN', `http.listen: ${address} ${reason}`, {
    cause: error,
    context: { key: 'http.listen', address },
  })
}
