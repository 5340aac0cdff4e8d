import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { RecordingHost } from '../../../src/testing/recording-host.ts'
import type { AdmissionHook, AdmissionOptions } from '../../../src/transport/admission.ts'
import type { Transport } from '../../../src/transport/transport.ts'
import { RawNeighbour } from './raw-neighbour.ts'
import { ANY_PORT, makeTcp, newIdentity } from './tcp-bench.ts'

const LIMIT = { timeout: 30_000 }

async function until(test: TestContext, condition: () => boolean): Promise<void> {
  while (!condition()) {
    test.signal.throwIfAborted()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

interface Started {
  readonly transport: Transport
  readonly host: RecordingHost
  readonly address: string
}

async function start(
  test: TestContext,
  label: string,
  { admission, peers = [] }: { admission?: AdmissionOptions; peers?: string[] } = {},
): Promise<Started> {
  const transport = makeTcp(newIdentity(label), { listen: [ANY_PORT], peers }, admission)
  const host = new RecordingHost(test.signal)
  await transport.start(host)
  test.after(() => transport.stop(AbortSignal.abort()))
  return { transport, host, address: transport.listenAddresses[0] as string }
}

async function startRaw(test: TestContext, label = 'raw'): Promise<RawNeighbour> {
  const raw = await RawNeighbour.start(newIdentity(label), test.signal)
  test.after(() => raw.stop())
  return raw
}

/** Waits until the first target of a transport has failed for this reason. */
async function refusedFor(test: TestContext, { transport }: Started, reason: string): Promise<void> {
  await until(test, () => (transport.counters.errors.get(reason) ?? 0) > 0)
}

describe('a node with rules of admission', () => {
  it('refuses a neighbour that is denied, and says so', LIMIT, async (test) => {
    const node = await start(test, 'node', { admission: { deny: [newIdentity('bob').address] } })
    const raw = await startRaw(test, 'bob')
    const link = await raw.dial(node.address)
    assert.deepEqual(await link.hello(), { type: 'refuse', refusal: 'denied' })
    await link.closed()
    assert.equal(node.transport.counters.errors.get('refused_denied'), 1)
    assert.equal(node.host.calls, 0)
    const other = await start(test, 'carol', { peers: [node.address] })
    await other.host.link()
  })

  it('makes no link either to a neighbour that it dials itself', LIMIT, async (test) => {
    const bob = await start(test, 'bob')
    const node = await start(test, 'node', { admission: { allow: [] }, peers: [bob.address] })
    await refusedFor(test, node, 'denied')
    assert.equal(bob.host.calls + node.host.calls, 0)
  })

  it('lets a hook decide, which sees who asks and from where', LIMIT, async (test) => {
    const seen: string[] = []
    const admit: AdmissionHook = ({ neighbour, remote, transport, direction }) => {
      seen.push([neighbour, remote.split('/').slice(0, 3).join('/'), transport, direction].join(' '))
      return { code: 'busy', reason: 'a test' }
    }
    const node = await start(test, 'node', { admission: { admit } })
    const link = await (await startRaw(test)).dial(node.address)
    assert.deepEqual(await link.hello(), { type: 'refuse', refusal: 'busy' })
    assert.deepEqual(seen, [`${newIdentity('raw').address} /ip4/127.0.0.1 tcp inbound`])
  })

  it('takes so many connections from a network and no more, until one of them goes', LIMIT, async (test) => {
    const node = await start(test, 'node', { admission: { perNetwork: 2 } })
    const [first, second] = [await startRaw(test, 'one'), await startRaw(test, 'two')]
    const link = await first.dial(node.address)
    await link.hello()
    await (await second.dial(node.address)).hello()
    const third = await startRaw(test, 'three')
    await assert.rejects(third.dial(node.address))
    assert.equal(node.transport.counters.errors.get('network_full'), 1)
    link.connection.abort(new Error('gone'))
    await node.host.until('it is gone', () => node.host.downs.length === 1)
    let again = await third.dial(node.address).catch(() => undefined)
    while (again === undefined) again = await third.dial(node.address).catch(() => undefined)
    assert.equal((await again.hello())?.type, 'accept')
  })
})
