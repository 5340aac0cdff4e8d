/** The methods of the control socket (docs/specs/control.md). */
import type { Delivery } from '../node/delivery.ts'
import { FILE_MESSAGE, PLAIN_MESSAGE } from '../node/node-core.ts'
import { neighbourCount } from '../observability/snapshot.ts'
import type { Clock } from '../runtime/clock.ts'
import { MeshError } from '../runtime/errors.ts'
import { encodeFile } from '../services/file-message.ts'
import type { IncomingMessage } from '../services/service.ts'
import { findDestination } from './destination.ts'
import { messageEvent } from './messages.ts'
import { type Call, type Controlled, checked, type Method } from './method.ts'
import { noParams, type SendParams, sendParams, type TraceParams, traceParams } from './params.ts'
import type {
  DeliveryEvent,
  MessageEvent,
  MethodName,
  NodeStatus,
  RoutesResult,
  TraceResult,
} from './protocol.ts'

export const METHODS: Readonly<Record<MethodName, Method<never>>> = {
  status: checked('status', noParams, status),
  peers: checked('peers', noParams, ({ node }) => {
    const { neighbours, addresses } = node.status()
    return { peers: neighbours, addresses }
  }),
  routes: checked('routes', noParams, routes),
  store: checked('store', noParams, ({ run }) => {
    const { store } = run.metricsSnapshot()
    if (store === undefined) throw new MeshError('ERR_STORE', 'this node keeps nothing for others')
    return store
  }),
  health: checked('health', noParams, ({ run }) => run.health()),
  metrics: checked('metrics', noParams, ({ run }) => run.metricsSnapshot()),
  trace: checked('trace', traceParams, trace),
  send: checked('send', sendParams, send),
  listen: checked('listen', noParams, listen),
}

function status({ node, run }: Controlled): NodeStatus {
  const { name, address, listen, reach, neighbours, pathCount } = node.status()
  const { version, uptimeSeconds, status: health } = run.health()
  const { store, outbox, radios } = run.metricsSnapshot()
  return {
    name,
    address,
    version,
    uptimeSeconds,
    health,
    listen,
    reach,
    http: run.healthAddress ?? null,
    neighbours: neighbourCount(neighbours),
    links: neighbours.length,
    paths: pathCount,
    stored: store?.messages ?? 0,
    outbox: outbox.waiting,
    radios,
  }
}

function routes({ node }: Controlled): RoutesResult {
  const { paths, pathCount } = node.status()
  return { routes: paths, total: pathCount }
}

async function trace({ node }: Controlled, { to, timeoutMs }: TraceParams): Promise<TraceResult> {
  const destination = findDestination(node, to)
  if (destination.equals(node.address))
    throw new MeshError('ERR_NO_PATH', `${destination} is this node itself`)
  const path = node.pathTo(destination)
  if (path === undefined) throw new MeshError('ERR_NO_PATH', `no path to ${destination}`)
  const lines = await node.trace(destination, timeoutMs === undefined ? {} : { timeoutMs })
  const end = lines.findIndex(({ address }) => address?.equals(destination))
  // Probes that were to go further than the destination are answered by it, too.
  const hops = (end < 0 ? lines : lines.slice(0, end + 1)).map(({ hop, address, roundTripMs }) => {
    return { hop, address: address?.toString() ?? null, roundTripMs: roundTripMs ?? null }
  })
  return { destination: destination.toString(), path, hops }
}

async function send(
  { node, clock }: Controlled,
  { to, payload, file, priority, ttlS, receipt, wait = 'sent' }: SendParams,
  { emit, signal }: Call<DeliveryEvent>,
): Promise<DeliveryEvent> {
  const content = Buffer.from(payload, 'base64')
  const delivery = await node.send(
    findDestination(node, to),
    file === undefined ? content : encodeFile({ name: file, content }),
    {
      service: file === undefined ? PLAIN_MESSAGE : FILE_MESSAGE,
      ...(priority === undefined ? {} : { priority }),
      ...(ttlS === undefined ? {} : { ttlMs: ttlS * 1000 }),
      ...(receipt === undefined ? {} : { receipt }),
    },
  )
  const tell = (): void => {
    emit(deliveryEvent(delivery, clock))
  }
  tell()
  const unwatch = delivery.watch(tell)
  try {
    await delivery.reached(wait, { signal })
  } finally {
    unwatch()
  }
  return deliveryEvent(delivery, clock)
}

function deliveryEvent({ id, state, reason, expectedMs }: Delivery, clock: Clock): DeliveryEvent {
  const time = new Date(clock.now()).toISOString()
  return {
    id,
    state,
    ...(reason === undefined ? {} : { reason }),
    ...(expectedMs === undefined ? {} : { expectedMs: Math.ceil(expectedMs) }),
    time,
  }
}

/** Ends with its client only. */
function listen({ hub }: Controlled, _params: unknown, call: Call<MessageEvent>): Promise<never> {
  const take = (message: IncomingMessage): void => {
    if (call.emit(messageEvent(message))) return
    hub.remove(take)
    call.whenRoom(() => {
      if (!call.signal.aborted) hub.add(take)
    })
  }
  hub.add(take)
  return new Promise((_, reject) => {
    call.signal.addEventListener('abort', () => {
      hub.remove(take)
      reject(call.signal.reason)
    })
  })
}
