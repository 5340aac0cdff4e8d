import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { RecordingHost } from '../../../src/testing/recording-host.ts'
import type { AdmissionOptions } from '../../../src/transport/admission.ts'
import type { Link, Transport } from '../../../src/transport/transport.ts'
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
  options: { admission?: AdmissionOptions; peers?: string[] } = {},
): Promise<Started> {
  const transport = makeTcp(newIdentity(label), { listen: [ANY_PORT], ...options })
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
    const hook: AdmissionOptions['hook'] = (neighbour, remote) => {
      seen.push(`${neighbour.toString()} ${remote.split('/').slice(0, 3).join('/')}`)
      return { code: 'busy', reason: 'a test' }
    }
    const node = await start(test, 'node', { admission: { hook } })
    const link = await (await startRaw(test)).dial(node.address)
    assert.deepEqual(await link.hello(), { type: 'refuse', refusal: 'busy' })
    assert.deepEqual(seen, [`${newIdentity('raw').address.toString()} /ip4/127.0.0.1`])
  })

  it('takes so many connections from a network and no more, until one of them goes', LIMIT, async (test) => {
    const node = await start(test, 'node', { admission: { perNetwork: 2 } })
    const [first, second] = [await startRaw(test, 'one'), await startRaw(test, 'two')]
    const link = await first.dial(node.address)
    await link.hello()
    await (await second.dial(node.address)).hello()
    const third = await startRaw(test, 'three')
    await assert.rejects(third.dial(node.address))
    assert.equal(node.transport.counters.errors.get('not_admitted'), 1)
    link.connection.abort(new Error('gone'))
    await node.host.until('it is gone', () => node.host.downs.length === 1)
    let again = await third.dial(node.address).catch(() => undefined)
    while (again === undefined) again = await third.dial(node.address).catch(() => undefined)
    assert.equal((await again.hello())?.type, 'accept')
  })
})

describe('a node under attack', () => {
  /** A node with one honest neighbour, whose frames have to arrive whatever goes on. */
  async function besieged(test: TestContext, admission: AdmissionOptions = {}) {
    const node = await start(test, 'node', { admission })
    const honest = await start(test, 'honest', { peers: [node.address] })
    const link: Link = await honest.host.link()
    const [up] = [await node.host.link()]
    const unharmed = async (): Promise<void> => {
      const before = node.host.frames.length
      for (let n = 0; n < 100; n++) assert.ok(link.send(Uint8Array.of(0x11, n), 2))
      await node.host.framesArrived(before + 100)
      assert.ok(node.host.links.includes(up))
    }
    return { node, unharmed, errors: node.transport.counters.errors }
  }

  function sockets(
    test: TestContext,
    { address }: Started,
    count: number,
  ): { open: Socket[]; gone: () => number } {
    let gone = 0
    const open = Array.from({ length: count }, () => {
      const socket = connect(Number(address.split('/')[4]), '127.0.0.1')
      socket.on('error', () => undefined)
      socket.on('close', () => {
        gone += 1
      })
      return socket
    })
    test.after(() => {
      for (const socket of open) socket.destroy()
    })
    return { open, gone: () => gone }
  }

  it(
    'holds no more than so many sockets that say nothing, and serves its neighbours',
    LIMIT,
    async (test) => {
      const { node, unharmed } = await besieged(test)
      const flood = sockets(test, node, 400)
      await until(test, () => flood.gone() >= 272)
      await unharmed()
      assert.ok(flood.gone() < 400, 'those within the bound may take their time')
    },
  )

  it('turns a flood of connections away at the door', LIMIT, async (test) => {
    const { node, unharmed, errors } = await besieged(test, { connectsPerS: 0.001 })
    const flood = sockets(test, node, 300)
    await until(test, () => flood.gone() === 300)
    // The rest libp2p turned away: more than 100 in a second.
    assert.ok((errors.get('not_admitted') ?? 0) >= 90, `${errors.get('not_admitted')}`)
    await unharmed()
  })

  it(
    'waits for the rest of a frame without harm to others, and keeps no more than that frame',
    LIMIT,
    async (test) => {
      const { node, unharmed } = await besieged(test)
      const raw = await startRaw(test)
      const hostile = await raw.dial(node.address)
      await hostile.hello()
      await node.host.until('it is up', () => node.host.links.length === 2)
      hostile.stream.send(Uint8Array.of(0, 1, 0, 0x90, 0x12, 1, 2, 3))
      await unharmed()
      hostile.connection.abort(new Error('enough'))
      await node.host.until('it is gone', () => node.host.downs.length === 1)
      assert.ok(
        node.host.frames.every(({ length }) => length === 2),
        'half a frame was delivered',
      )
      await unharmed()
    },
  )
})
