/** Starts the parts of a node in their order and stops them in the reverse one, each under a deadline. */
import { type HttpServer, startHttpServer } from '../observability/http.ts'
import { withinDeadline } from '../runtime/clock.ts'
import { messageOf } from '../runtime/errors.ts'
import type { Service, ServiceContext } from '../services/service.ts'
import { readBlocklist } from './blocklist-file.ts'
import type { MeshNode } from './mesh-node.ts'
import type { NodeCore } from './node-core.ts'
import type { RunHandle, ShutdownReport } from './run-handle.ts'
import { health, metricsSnapshot, statusView } from './views.ts'

const DEFAULT_DEADLINE_MS = 10_000

type Stop = (deadlineMs: number) => Promise<readonly string[]>

/**
 * Runs a node. When a part fails to start, those before it are stopped again and the failure is passed on.
 *
 * @param onEnd is called at the end of a shutdown.
 */
export async function startNode(node: MeshNode, core: NodeCore, onEnd: () => void): Promise<RunHandle> {
  const { clock, logger, store } = core.parts
  const stops: Stop[] = []
  let http: HttpServer | undefined
  try {
    core.startedAt = clock.monotonic()
    await store.open()
    stops.push(() => finish('store', () => store.close()))
    core.inbox.recall()
    const { identity, config } = core.parts
    await core.warmPaths.load()
    stops.push(() => finish('paths', () => core.warmPaths.save()))
    if (config.blocklist.file !== '') {
      await core.blocking.block(await readBlocklist(config.blocklist.file, identity.address))
    }
    await core.keyChanges.load()
    stops.push(() => finish('successions', () => core.keyChanges.save()))
    await core.services.start((service) => contextFor(node, core, service))
    stops.push((deadlineMs) => core.services.stop(clock, deadlineMs))
    http = await startHttp(core)
    if (http !== undefined) stops.push((deadlineMs) => stopHttp(http as HttpServer, deadlineMs))
    core.housekeeping.start()
    stops.push(() => finish('housekeeping', () => core.housekeeping.stop()))
    await core.transports.start()
    stops.push((deadlineMs) => core.transports.stop(deadlineMs))
    stops.push(() => finish('outgoing messages', () => keepUnsettled(core)))
    core.dataPath.pollRouter()
    // What earlier runs kept for whoever listens already.
    clock.defer(() => core.inbox.drain())
  } catch (error) {
    await stopAll(DEFAULT_DEADLINE_MS)
    onEnd()
    throw error
  }

  async function stopAll(deadlineMs: number): Promise<ShutdownReport> {
    const end = clock.monotonic() + deadlineMs
    const open: string[] = []
    for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) {
      // Those still to come keep a share of what is left, so that one slow part cannot starve the store.
      const left = Math.max(50, (end - clock.monotonic()) / (stops.length > 0 ? 2 : 1))
      open.push(...(await stop(left)))
    }
    if (open.length > 0) logger.warn({ open }, 'shutdown did not finish everything in time')
    return { open }
  }

  async function finish(name: string, work: () => Promise<void> | void): Promise<readonly string[]> {
    try {
      const inTime = await withinDeadline(clock, DEFAULT_DEADLINE_MS, Promise.resolve(work()))
      return inTime ? [] : [name]
    } catch (error) {
      logger.error({ part: name, error: messageOf(error) }, 'a part failed to stop')
      return [name]
    }
  }

  async function stopHttp(server: HttpServer, deadlineMs: number): Promise<readonly string[]> {
    const abort = new AbortController()
    const timer = clock.setTimer(deadlineMs, () => abort.abort())
    await server.stop(abort.signal)
    timer.cancel()
    return []
  }

  let shutdown: Promise<ShutdownReport> | undefined
  const handle: RunHandle = {
    node,
    get listenAddresses() {
      return core.transports.listenAddresses
    },
    healthAddress: http?.address,
    health: () => health(core),
    metricsSnapshot: () => metricsSnapshot(core),
    shutdown(options = {}) {
      shutdown ??= (async () => {
        core.draining = true
        core.endSearches()
        logger.info({ links: core.transports.links.size }, 'draining')
        const report = await stopAll(options.deadlineMs ?? core.parts.config.node.shutdown_s * 1000)
        onEnd()
        return report
      })()
      return shutdown
    },
    async [Symbol.asyncDispose]() {
      await handle.shutdown()
    },
  }
  return handle
}

async function startHttp(core: NodeCore): Promise<HttpServer | undefined> {
  const { config, clock, logger } = core.parts
  if (!config.http.enabled) return undefined
  return await startHttpServer({
    listen: config.http.listen,
    health: () => health(core),
    metrics: () => metricsSnapshot(core),
    status: () => statusView(core),
    logger,
    clock,
  })
}

/** Messages of ours that nobody else holds: the store keeps them for the next run. */
async function keepUnsettled(core: NodeCore): Promise<void> {
  core.dataPath.stop()
  const kept = [...core.outbox.unsettled()].map(async (view) => {
    const outcome = await core.custody.take(view.frame, core.parts.clock.now())
    if (outcome === 'stored' || outcome === 'duplicate') core.outbox.inCustody(view.id, 'shutting_down')
  })
  await Promise.all(kept)
}

function contextFor(node: MeshNode, core: NodeCore, service: Service): ServiceContext {
  const { clock, random, logger } = core.parts
  return {
    address: node.address,
    clock,
    random: random.fork(`service ${service.name}`),
    logger: logger.child({ service: service.name }),
    send: (destination, payload, options) =>
      node.send(destination, payload, { ...options, service: service.id }),
  }
}
