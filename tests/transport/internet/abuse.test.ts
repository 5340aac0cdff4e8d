/** What hostile neighbours do, and that an honest one does not feel it: its messages go on while it lasts. */
import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { RecordingHost } from '../../../src/testing/recording-host.ts'
import type { AdmissionOptions } from '../../../src/transport/admission.ts'
import { MAX_STREAMS } from '../../../src/transport/internet/limits.ts'
import { encodeTerms } from '../../../src/transport/internet/link-frames.ts'
import { DEFAULT_QUEUE_BYTES } from '../../../src/transport/send-queue.ts'
import type { Link, Transport } from '../../../src/transport/transport.ts'
import { eventually } from './internet-bench.ts'
import { RAW_TERMS, type RawLink, RawNeighbour } from './raw-neighbour.ts'
import { ANY_PORT, makeTcp, newIdentity } from './tcp-bench.ts'

const LIMIT = { timeout: 30_000 }

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
      await eventually(test, () => flood.gone() >= 272)
      await unharmed()
      assert.ok(flood.gone() < 400, 'those within the bound may take their time')
    },
  )

  it('turns a flood of connections away at the door', LIMIT, async (test) => {
    const { node, unharmed, errors } = await besieged(test, { connectsPerS: 0.001 })
    const flood = sockets(test, node, 300)
    await eventually(test, () => flood.gone() === 300)
    // The rest libp2p turned away: more than 100 in a second.
    assert.ok((errors.get('network_rate') ?? 0) >= 90, `${errors.get('network_rate')}`)
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

  it(
    'gives up the oldest of those that are encrypted and say nothing, for those that do',
    LIMIT,
    async (test) => {
      const { node, unharmed, errors } = await besieged(test, { handshakes: 8 })
      const raw = await startRaw(test)
      const silent: RawLink[] = []
      for (let n = 0; n < 20; n++) silent.push(await raw.dial(node.address))
      await eventually(test, () => (errors.get('handshakes_full') ?? 0) >= 12)
      await unharmed()
      const newcomer = await start(test, 'newcomer', { peers: [node.address] })
      await newcomer.host.link()
      await unharmed()
      const open = silent.filter(({ connection }) => connection.status === 'open').length
      assert.ok(open <= 8, `${open} are open`)
      assert.equal(silent.at(-1)?.connection.status, 'open', 'the latest may take its time')
    },
  )

  it(
    'waits for a HELLO that comes byte by byte, and serves its neighbours meanwhile',
    LIMIT,
    async (test) => {
      const { node, unharmed } = await besieged(test)
      const slow = await (await startRaw(test)).dial(node.address)
      const hello = encodeTerms('hello', RAW_TERMS)
      const bytes = Buffer.concat([Buffer.of(0, 0, 0, hello.length), hello])
      for (const byte of bytes) {
        slow.stream.send(Uint8Array.of(byte))
        await unharmed()
      }
      assert.equal((await slow.receiveLinkFrame())?.type, 'accept')
    },
  )

  it('cuts off whoever announces 4 GiB, and sets no memory aside for it', LIMIT, async (test) => {
    const { node, unharmed, errors } = await besieged(test)
    const raw = await startRaw(test)
    const before = process.memoryUsage()
    for (let n = 1; n <= 20; n++) {
      const hostile = await raw.dial(node.address)
      if (n % 2 === 0) await hostile.hello()
      hostile.stream.send(Uint8Array.of(0xff, 0xff, 0xff, 0xff))
      await hostile.closed()
      await eventually(test, () => errors.get('oversized') === n)
    }
    await unharmed()
    const after = process.memoryUsage()
    const grown = after.arrayBuffers - before.arrayBuffers
    assert.ok(grown < 64 * 2 ** 20, `${grown} bytes`)
  })

  it('keeps no more than a queue and a window for a neighbour that never reads', LIMIT, async (test) => {
    const { node, unharmed } = await besieged(test)
    const hostile = await (await startRaw(test)).dial(node.address)
    await hostile.hello()
    await node.host.until('it is up', () => node.host.links.length === 2)
    const to = node.host.links[1] as Link
    hostile.stream.pause()
    const frame = Buffer.alloc(60_000, 0x11)
    let accepted = 0
    for (let refused = 0; refused < 20; ) {
      if (to.send(frame, 2)) accepted += frame.length
      else {
        refused += 1
        await unharmed()
      }
    }
    assert.ok(to.queuedBytes <= DEFAULT_QUEUE_BYTES)
    assert.ok(accepted < 3 * DEFAULT_QUEUE_BYTES, `${accepted} bytes were accepted`)
    await unharmed()
  })

  it('lets no flood of streams through', LIMIT, async (test) => {
    const { node, unharmed } = await besieged(test)
    const own = { maxOutboundStreams: 10_000 } // without it, libp2p holds the hostile end back
    const hostile = await createLibp2p({
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux(own)],
    })
    test.after(() => hostile.stop())
    const connection = await hostile.dial(multiaddr(node.address))
    const answers = Array.from({ length: 500 }, () =>
      connection.newStream('/nothing/1', { ...own, signal: test.signal }).then(
        () => 'open',
        (error: Error) => error.name,
      ),
    )
    await unharmed()
    const counts = Map.groupBy(await Promise.all(answers), (answer) => answer)
    const served = counts.get('UnsupportedProtocolError')?.length ?? 0
    assert.ok(served <= 4 * MAX_STREAMS, `${served} streams were served`)
    assert.equal(counts.get('StreamResetError')?.length, 500 - served)
    await unharmed()
  })

  it('stays with its neighbour when another comes who claims to be it', LIMIT, async (test) => {
    const { node, unharmed } = await besieged(test)
    const liar = await start(test, 'liar')
    const [, peerId = ''] = node.address.split('/p2p/')
    const [at = ''] = liar.address.split('/p2p/')
    const victim = await start(test, 'victim', { peers: [`${at}/p2p/${peerId}`, node.address] })
    await eventually(test, () => (victim.transport.counters.errors.get('wrong_peer') ?? 0) >= 1)
    const link = await victim.host.link()
    assert.deepEqual(link.neighbour, newIdentity('node').address)
    assert.equal(liar.host.calls, 0)
    await unharmed()
  })
})
