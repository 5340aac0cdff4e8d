import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import type { Identity } from '../../../src/identity/identity.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { MeshError } from '../../../src/runtime/errors.ts'
import { VirtualClock } from '../../../src/sim/clock.ts'
import { RecordingHost } from '../../../src/testing/recording-host.ts'
import { HANDSHAKE_TIMEOUT_MS } from '../../../src/transport/internet/limits.ts'
import { encodeReady, encodeRefusal, encodeTerms } from '../../../src/transport/internet/link-frames.ts'
import { type TcpOptions, tcp } from '../../../src/transport/internet/tcp.ts'
import type { Transport } from '../../../src/transport/transport.ts'
import { MAX_FRAME_BYTES } from '../../../src/wire/frame.ts'
import { RAW_TERMS, RawNeighbour } from './raw-neighbour.ts'
import { ANY_PORT, componentsOf, makeTcp, newIdentity, orderedIdentities } from './tcp-bench.ts'

const LIMIT = { timeout: 30_000 }

interface Started {
  readonly transport: Transport
  readonly host: RecordingHost
  readonly address: string
}

/** Starts a transport that stops with the test. It listens on a free port unless told otherwise. */
async function start(test: TestContext, identity: Identity, options: TcpOptions = {}): Promise<Started> {
  return await startThis(test, makeTcp(identity, { listen: [ANY_PORT], ...options }))
}

async function startThis(test: TestContext, transport: Transport): Promise<Started> {
  const host = new RecordingHost(test.signal)
  await transport.start(host)
  test.after(() => transport.stop(AbortSignal.abort()))
  return { transport, host, address: transport.listenAddresses[0] ?? '' }
}

/** A transport whose timers run only when a test says so, whatever its sockets do. */
async function startByHand(test: TestContext, identity: Identity, options: TcpOptions = {}) {
  const timers = new VirtualClock()
  const clock = { ...systemClock, setTimer: timers.setTimer.bind(timers) }
  const transport = tcp({ listen: [ANY_PORT], ...options })(componentsOf(identity, clock))
  // What still runs at the end must not wait for a timer that nobody advances.
  test.after(() => timers.advance(60_000))
  return { ...(await startThis(test, transport)), timers }
}

async function startRaw(test: TestContext, identity: Identity): Promise<RawNeighbour> {
  const raw = await RawNeighbour.start(identity, test.signal)
  test.after(() => raw.stop())
  return raw
}

/** A port that nobody listens on at this moment. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return address !== null && typeof address === 'object' ? address.port : 0
}

/** Waits until the first target of a transport is in that state. @returns its last error */
async function targetBecomes(
  test: TestContext,
  transport: Transport,
  state: string,
): Promise<string | undefined> {
  for (;;) {
    test.signal.throwIfAborted()
    const target = transport.targets[0]
    if (target?.state === state) return target.lastError
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('two TCP nodes', () => {
  it(
    'that dial each other at once end up with one link, which carries frames both ways',
    LIMIT,
    async (test) => {
      const [portA, portB] = [await freePort(), await freePort()]
      const at = (port: number) => `/ip4/127.0.0.1/tcp/${port}`
      const [a, b] = await Promise.all([
        start(test, newIdentity('a'), { listen: [at(portA)], peers: [at(portB)] }),
        start(test, newIdentity('b'), { listen: [at(portB)], peers: [at(portA)] }),
      ])
      await Promise.all([
        targetBecomes(test, a.transport, 'connected'),
        targetBecomes(test, b.transport, 'connected'),
      ])
      const both = () => a.host.links.length === 1 && b.host.links.length === 1
      await Promise.all([a.host.until('there is one link', both), b.host.until('there is one link', both)])
      const [linkA, linkB] = [await a.host.link(), await b.host.link()]
      assert.notEqual(linkA.direction, linkB.direction)
      linkA.send(Uint8Array.of(1), 0)
      linkB.send(Uint8Array.of(2), 0)
      await Promise.all([a.host.framesArrived(1), b.host.framesArrived(1)])
    },
  )

  it('find each other again when one restarts, and when it was not there at first', LIMIT, async (test) => {
    const listen = [`/ip4/127.0.0.1/tcp/${await freePort()}`]
    const a = await start(test, newIdentity('a'), { peers: listen })
    assert.match((await targetBecomes(test, a.transport, 'waiting')) ?? '', /ECONNREFUSED/)
    for (let run = 1; run <= 3; run++) {
      const b = await start(test, newIdentity('b'), { listen })
      await Promise.all([a.host.link(), b.host.link()])
      assert.deepEqual(a.transport.targets, [{ address: listen[0], state: 'connected' }])
      await b.transport.stop(AbortSignal.abort())
      await a.host.until('the link is down', () => a.host.downs.length === run)
    }
    assert.equal(a.host.ups.length, 3)
  })

  it('speak in frames of any length that the mesh knows', LIMIT, async (test) => {
    const b = await start(test, newIdentity('b'))
    const a = await start(test, newIdentity('a'), { peers: [b.address] })
    assert.equal((await a.host.link()).profile.mtu, MAX_FRAME_BYTES)
  })
})

describe('a TCP node that dials', () => {
  it('does not dial itself again, whether or not the address says that it is itself', LIMIT, async (test) => {
    const listen = [`/ip4/127.0.0.1/tcp/${await freePort()}`]
    const identity = newIdentity('a')
    for (const peer of [listen[0] as string, `${listen[0]}/p2p/${identity.peerId}`]) {
      const { transport, host } = await start(test, identity, { listen, peers: [peer] })
      assert.match((await targetBecomes(test, transport, 'refused')) ?? '', /is this node itself: remove it/)
      assert.equal(host.calls, 0)
      await transport.stop(AbortSignal.abort())
    }
  })

  it('says who answered instead of the peer it wanted, and keeps trying', LIMIT, async (test) => {
    const [wanted, found] = [newIdentity('wanted').peerId, newIdentity('b').peerId]
    const b = await start(test, newIdentity('b'))
    const peer = b.address.replace(/\/p2p\/.*/, `/p2p/${wanted}`)
    const a = await start(test, newIdentity('a'), { peers: [peer] })
    const error = (await targetBecomes(test, a.transport, 'waiting')) ?? ''
    assert.ok(error.includes(found) && error.includes(wanted), error)
    assert.equal(a.transport.counters.errors.get('wrong_peer'), 1)
    await targetBecomes(test, a.transport, 'connecting')
    assert.equal(b.host.calls, 0)
  })

  it('says that a libp2p node is no hopwire node', LIMIT, async (test) => {
    const raw = await startRaw(test, newIdentity('raw'))
    await raw.node.unhandle('/hopwire/1')
    const a = await start(test, newIdentity('a'), { peers: [raw.address] })
    assert.match((await targetBecomes(test, a.transport, 'waiting')) ?? '', /does not speak \/hopwire\/1/)
  })

  it('does not dial a neighbour whose own call it is just answering', LIMIT, async (test) => {
    const raw = await startRaw(test, newIdentity('raw'))
    const { timers, ...node } = await startByHand(test, newIdentity('a'), { peers: [raw.address] })
    const called = await raw.accept()
    await called.receive()
    called.send(encodeRefusal('full'))
    await targetBecomes(test, node.transport, 'waiting')
    const calling = await raw.dial(node.address)
    calling.send(encodeTerms('hello', RAW_TERMS))
    assert.equal((await calling.receiveLinkFrame())?.type, 'accept')
    timers.advance(250)
    await targetBecomes(test, node.transport, 'connecting')
    assert.match((await targetBecomes(test, node.transport, 'waiting')) ?? '', /is making a link/)
    calling.send(encodeReady())
    assert.equal((await node.host.link()).direction, 'inbound')
  })

  it('is content when the neighbour calls before its own next try', LIMIT, async (test) => {
    const raw = await startRaw(test, newIdentity('raw'))
    const { timers, ...node } = await startByHand(test, newIdentity('a'), { peers: [raw.address] })
    const called = await raw.accept()
    await called.grant()
    await node.host.link()
    called.connection.abort(new Error('lost'))
    await targetBecomes(test, node.transport, 'waiting')
    const calling = await raw.dial(node.address)
    await calling.hello()
    await targetBecomes(test, node.transport, 'connected')
    timers.advance(1000)
    assert.equal(node.transport.targets[0]?.state, 'connected')
    assert.equal(node.host.ups.length, 2)
  })

  it('reports a refusal and what it means', LIMIT, async (test) => {
    const b = await start(test, newIdentity('b'), { maxLinks: 0 })
    const a = await start(test, newIdentity('a'), { peers: [b.address] })
    assert.match((await targetBecomes(test, a.transport, 'waiting')) ?? '', /as many links as it allows/)
    assert.equal(a.transport.counters.errors.get('refused_full'), 1)
    assert.equal(b.transport.counters.errors.get('refused_full'), 1)
    assert.equal(b.host.calls, 0)
  })

  it('stops cleanly in the middle of a dial', LIMIT, async (test) => {
    const silent: Server = createServer()
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    test.after(() => silent.close())
    const connected = new Promise((resolve) => silent.once('connection', resolve))
    const address = silent.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    const a = await start(test, newIdentity('a'), { peers: [`/ip4/127.0.0.1/tcp/${port}`] })
    await connected
    await a.transport.stop(AbortSignal.abort())
    assert.deepEqual(a.transport.targets, [])
    assert.equal(a.host.calls, 0)
  })
})

describe('the duplicate rule between two nodes', () => {
  const [small, large] = orderedIdentities()

  it('lets the smaller address refuse a call that crosses its own', LIMIT, async (test) => {
    const raw = await startRaw(test, large)
    const node = await start(test, small, { peers: [raw.address] })
    const called = await raw.accept()
    assert.equal((await called.receiveLinkFrame())?.type, 'hello')
    const calling = await raw.dial(node.address)
    assert.deepEqual(await calling.hello(), { type: 'refuse', refusal: 'duplicate' })
    assert.equal(node.host.calls, 0)
  })

  it('lets the larger address give way to a call that crosses its own', LIMIT, async (test) => {
    const raw = await startRaw(test, small)
    const node = await start(test, large, { peers: [raw.address] })
    const called = await raw.accept()
    assert.equal((await called.receiveLinkFrame())?.type, 'hello')
    const calling = await raw.dial(node.address)
    assert.equal((await calling.hello())?.type, 'accept')
    assert.equal((await node.host.link()).direction, 'inbound')
  })

  it('replaces a link when the same neighbour calls again', LIMIT, async (test) => {
    const raw = await startRaw(test, small)
    const node = await start(test, large)
    const first = await raw.dial(node.address)
    assert.equal((await first.hello())?.type, 'accept')
    const old = await node.host.link()
    const second = await raw.dial(node.address)
    assert.equal((await second.hello())?.type, 'accept')
    assert.equal((await node.host.down(old)).reason, 'replaced')
    await first.closed()
    const fresh = await node.host.link()
    assert.notEqual(fresh, old)
    fresh.send(Uint8Array.of(5), 0)
    assert.deepEqual(Array.from(await second.receive()), [5])
  })

  it('keeps the one link when a node dials a neighbour that has called it already', LIMIT, async (test) => {
    const portB = await freePort()
    const a = await start(test, small, { peers: [`/ip4/127.0.0.1/tcp/${portB}`] })
    await targetBecomes(test, a.transport, 'waiting')
    const b = await start(test, large, { listen: [`/ip4/127.0.0.1/tcp/${portB}`], peers: [a.address] })
    await b.host.link()
    await targetBecomes(test, a.transport, 'connected')
    assert.equal(a.host.links.length, 1)
    assert.equal(b.host.links.length, 1)
  })
})

describe('a TCP node that is called', () => {
  it('refuses a version it does not speak', LIMIT, async (test) => {
    const raw = await startRaw(test, newIdentity('raw'))
    const node = await start(test, newIdentity('a'))
    const link = await raw.dial(node.address)
    link.send(Uint8Array.from(Buffer.from('1f0183021a00010090637261 77'.replace(' ', ''), 'hex')))
    assert.deepEqual(await link.receiveLinkFrame(), { type: 'refuse', refusal: 'version' })
    await link.closed()
    assert.equal(node.transport.counters.errors.get('refused_version'), 1)
  })

  it(
    'refuses a neighbour that does not acknowledge, and hangs up on one that it has called',
    LIMIT,
    async (test) => {
      const raw = await startRaw(test, newIdentity('raw'))
      const node = await start(test, newIdentity('a'), { peers: [raw.address] })
      const called = await raw.accept()
      await called.receive()
      called.send(encodeTerms('accept', { ...RAW_TERMS, features: 0 }))
      await called.closed()
      assert.equal(node.transport.counters.errors.get('malformed'), 1)
      const calling = await raw.dial(node.address)
      // All features but the one.
      assert.deepEqual(await calling.hello({ features: 0xfffe }), { type: 'refuse', refusal: 'version' })
      assert.equal(node.host.calls, 0)
    },
  )

  it('cuts off whoever begins with anything but a hello', LIMIT, async (test) => {
    const raw = await startRaw(test, newIdentity('raw'))
    const node = await start(test, newIdentity('a'))
    for (const bytes of [[0x11, 1, 2], [0x1f, 4, 0x80], [0x1f, 1, 0xff], [0]]) {
      const link = await raw.dial(node.address)
      link.send(Uint8Array.from(bytes))
      await link.closed()
    }
    assert.equal(node.transport.counters.errors.get('malformed'), 4)
    assert.equal(node.host.calls, 0)
  })

  it('gives a caller only so long to finish the handshake, or to begin it', LIMIT, async (test) => {
    const { timers, ...node } = await startByHand(test, newIdentity('a'))
    const raw = await startRaw(test, newIdentity('raw'))
    const hesitant = await raw.dial(node.address)
    hesitant.send(encodeTerms('hello', RAW_TERMS))
    assert.equal((await hesitant.receiveLinkFrame())?.type, 'accept')
    const mute = await raw.node.dial(raw.node.getConnections()[0]?.remoteAddr ?? [], { force: true })
    timers.advance(HANDSHAKE_TIMEOUT_MS - 1)
    assert.equal(hesitant.connection.status, 'open')
    timers.advance(1)
    await hesitant.closed()
    // The node may not have seen the second connection yet: its time begins when it has.
    while (mute.status === 'open') {
      timers.advance(HANDSHAKE_TIMEOUT_MS)
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.equal(node.transport.counters.errors.get('handshake_timeout'), 2)
    assert.equal(node.host.calls, 0)
  })

  it('leaves a link alone once it is one, however old its connection', LIMIT, async (test) => {
    const { timers, host, address } = await startByHand(test, newIdentity('a'))
    const raw = await startRaw(test, newIdentity('raw'))
    const link = await raw.dial(address)
    await link.hello()
    await host.link()
    timers.advance(10 * HANDSHAKE_TIMEOUT_MS)
    link.send(Uint8Array.of(1))
    await host.framesArrived(1)
    assert.equal(host.downs.length, 0)
  })

  it('sends no frame that is longer than the neighbour takes', LIMIT, async (test) => {
    const raw = await startRaw(test, newIdentity('raw'))
    const node = await start(test, newIdentity('a'))
    const raws = await raw.dial(node.address)
    await raws.hello({ maxFrameBytes: 600 })
    const link = await node.host.link()
    assert.equal(link.profile.mtu, 600)
    assert.equal(link.send(new Uint8Array(601), 2), false)
    link.send(new Uint8Array(600), 2)
    assert.equal((await raws.receive()).length, 600)
  })

  it('tells whoever asks while it stops that it is stopping', LIMIT, async (test) => {
    const raw = await startRaw(test, newIdentity('raw'))
    const other = await startRaw(test, newIdentity('other'))
    const node = await start(test, newIdentity('a'))
    const deaf = await raw.dial(node.address)
    await deaf.hello()
    deaf.stream.pause()
    const link = await node.host.link()
    while (link.send(new Uint8Array(MAX_FRAME_BYTES), 3)) {
      // until the queue is full: it holds up the stop
    }
    const late = await other.dial(node.address)
    const hurry = new AbortController()
    const stopped = node.transport.stop(hurry.signal)
    assert.deepEqual(await late.hello(), { type: 'refuse', refusal: 'stopping' })
    await assert.rejects(other.dial(node.address))
    hurry.abort()
    await stopped
  })

  it('closes a link on a length that is too large or zero, and counts it', LIMIT, async (test) => {
    const raw = await startRaw(test, newIdentity('raw'))
    const node = await start(test, newIdentity('a'))
    for (const [bytes, reason] of [
      [[0xff, 0xff, 0xff, 0xff, 1, 2, 3], 'oversized'],
      [[0, 0, 0, 1, 42, 0, 0, 0, 0], 'malformed'],
    ] as const) {
      const raws = await raw.dial(node.address)
      await raws.hello()
      const link = await node.host.link()
      raws.stream.send(Uint8Array.from(bytes))
      assert.equal((await node.host.down(link)).reason, reason)
      assert.equal(node.transport.counters.errors.get(reason), 1)
      await raws.closed()
    }
    assert.deepEqual(
      node.host.frames.map((frame) => [...frame]),
      [[42]],
    )
  })

  it('takes a second stream on one connection for no second link', LIMIT, async (test) => {
    const raw = await startRaw(test, newIdentity('raw'))
    const node = await start(test, newIdentity('a'))
    const first = await raw.dial(node.address)
    await first.hello()
    const link = await node.host.link()
    const second = await first.connection.newStream('/hopwire/1').catch(() => undefined)
    if (second?.status === 'open') await new Promise((resolve) => second.addEventListener('close', resolve))
    link.send(Uint8Array.of(1), 0)
    await first.receive()
    assert.deepEqual(node.host.links, [link])
  })

  it(
    'feels no harm from a neighbour that sends far more than a paused link may hold',
    LIMIT,
    async (test) => {
      const raw = await startRaw(test, newIdentity('raw'))
      const node = await start(test, newIdentity('a'))
      const sender = await raw.dial(node.address)
      await sender.hello()
      const link = await node.host.link()
      link.pause()
      const count = 256
      for (let n = 0; n < count; n++) sender.send(new Uint8Array(65_536).fill(n))
      for (let n = 0; n < 20; n++) {
        link.send(Uint8Array.of(n), 0)
        await sender.receive()
      }
      assert.equal(node.host.frames.length, 0)
      assert.ok(sender.stream.writeBufferLength > 8_000_000, 'the sender feels it')
      link.resume()
      await node.host.framesArrived(count)
      assert.deepEqual(
        node.host.frames.map((frame) => [frame.length, frame[0], frame.at(-1)]),
        Array.from({ length: count }, (_, n) => [65_536, n, n]),
      )
    },
  )

  it(
    'keeps frames in its queue, where urgent ones overtake, while the neighbour does not read',
    LIMIT,
    async (test) => {
      const b = await start(test, newIdentity('b'))
      const a = await start(test, newIdentity('a'), { peers: [b.address] })
      const [linkA, linkB] = await Promise.all([a.host.link(), b.host.link()])
      linkB.pause()
      const bulk = 3_000_000 / 1000
      for (let n = 0; n < bulk; n++) linkA.send(new Uint8Array(1000), 3)
      for (let n = 1; n <= 20; n++) {
        linkB.send(Uint8Array.of(n), 0)
        await a.host.framesArrived(n)
      }
      assert.ok(linkA.queuedBytes > 1_000_000, `${linkA.queuedBytes} bytes still wait`)
      linkA.send(Uint8Array.of(1), 0)
      linkB.resume()
      await b.host.framesArrived(bulk + 1)
      assert.ok(b.host.frames.findIndex(({ length }) => length === 1) < bulk - 1000)
    },
  )

  it('delivers what a neighbour sent before it went, even when the link was paused', LIMIT, async (test) => {
    const b = await start(test, newIdentity('b'))
    const a = await start(test, newIdentity('a'), { peers: [b.address] })
    const [linkA, linkB] = await Promise.all([a.host.link(), b.host.link()])
    linkB.pause()
    for (let n = 0; n < 100; n++) linkA.send(Uint8Array.of(n), 1)
    const hurry = new AbortController()
    const stopped = a.transport.stop(hurry.signal)
    while (linkA.queuedBytes > 0) await new Promise((resolve) => setImmediate(resolve))
    hurry.abort()
    await stopped
    assert.equal(b.host.frames.length, 0)
    linkB.resume()
    assert.equal((await b.host.down(linkB)).reason, 'closed_by_neighbour')
    assert.equal(b.host.frames.length, 100)
  })

  it('cuts off a connection that announces more than it may send', LIMIT, async (test) => {
    const raw = await startRaw(test, newIdentity('raw'))
    const node = await start(test, newIdentity('a'))
    const link = await raw.dial(node.address)
    await link.hello()
    const up = await node.host.link()
    // A yamux data frame of 2 GiB on the link's stream, straight past the sender's own muxer.
    const header = Buffer.from('000000000000000180000000', 'hex')
    const muxer = (link.connection as unknown as { muxer: { maConn: { send(data: Uint8Array): boolean } } })
      .muxer
    muxer.maConn.send(header)
    for (let n = 0; n < 40 && link.connection.status === 'open'; n++) muxer.maConn.send(Buffer.alloc(65_000))
    assert.equal((await node.host.down(up)).reason, 'connection_lost')
    assert.equal(node.host.frames.length, 0)
  })
})

describe('a TCP transport that cannot start', () => {
  const cases: readonly [string, TcpOptions, string, RegExp][] = [
    [
      'no multiaddr to listen on',
      { listen: ['127.0.0.1:4001'] },
      'ERR_LISTEN',
      /'127\.0\.0\.1:4001' is no multiaddr/,
    ],
    [
      'a listen address of another transport',
      { listen: ['/ip4/127.0.0.1/udp/4001/quic-v1'] },
      'ERR_LISTEN',
      /quic-v1' is of another transport: write listen like \/ip4/,
    ],
    [
      'a peer that is no multiaddr',
      { peers: ['relay.example:4001'] },
      'ERR_TRANSPORT',
      /'relay\.example:4001' is no/,
    ],
    ['a peer without a port', { peers: ['/ip4/192.0.2.7'] }, 'ERR_TRANSPORT', /write peers like \/ip4/],
    [
      'a peer with a broken peer id',
      { peers: ['/ip4/192.0.2.7/tcp/1/p2p/nobody'] },
      'ERR_TRANSPORT',
      /p2p\/nobody' is no multiaddr/,
    ],
    [
      'an address of another machine',
      { listen: ['/ip4/192.0.2.7/tcp/4001'] },
      'ERR_LISTEN',
      /192\.0\.2\.7\/tcp\/4001 \(EADDRNOTAVAIL\): this machine has no such address/,
    ],
  ]
  for (const [what, options, code, message] of cases) {
    it(`names it: ${what}`, LIMIT, async (test) => {
      const transport = makeTcp(newIdentity('a'), options)
      await assert.rejects(transport.start(new RecordingHost(test.signal)), (error) => {
        assert.ok(error instanceof MeshError)
        assert.equal(error.code, code)
        assert.match(error.message, message)
        assert.doesNotMatch(error.message, /\n/)
        return true
      })
    })
  }

  it('names the one of its addresses that is in use, and frees the others', LIMIT, async (test) => {
    const taken = await start(test, newIdentity('b'))
    const inUse = taken.address.replace(/\/p2p\/.*/, '')
    const free = `/ip4/127.0.0.1/tcp/${await freePort()}`
    const transport = makeTcp(newIdentity('a'), { listen: [free, inUse] })
    await assert.rejects(transport.start(new RecordingHost(test.signal)), (error) => {
      assert.ok(error instanceof MeshError)
      assert.equal(error.code, 'ERR_LISTEN')
      assert.ok(error.message.includes(`${inUse} (EADDRINUSE)`), error.message)
      assert.match(error.message, /choose another port/)
      return true
    })
    await start(test, newIdentity('c'), { listen: [free] })
  })
})
