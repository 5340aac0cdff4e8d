import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { quic as libp2pQuic } from '@chainsafe/libp2p-quic'
import { MAX_STREAMS } from '../../../src/transport/internet/limits.ts'
import { type QuicOptions, quic } from '../../../src/transport/internet/quic.ts'
import { ANY_UDP_PORT, eventually, InternetNode } from './internet-bench.ts'
import { RawNeighbour } from './raw-neighbour.ts'
import { newIdentity } from './tcp-bench.ts'

const LIMIT = { timeout: 30_000 }

async function start(test: TestContext, label: string, options: QuicOptions = {}): Promise<InternetNode> {
  return await InternetNode.start(test, newIdentity(label), [quic({ listen: [ANY_UDP_PORT], ...options })])
}

/** Waits until the only target is in that state. @returns its last error */
async function targetBecomes(test: TestContext, node: InternetNode, state: string): Promise<string> {
  const target = () => node.transport('quic').targets[0]
  await eventually(test, () => target()?.state === state)
  return target()?.lastError ?? ''
}

describe('a QUIC node that dials', () => {
  it('looks names up, of either family or any', LIMIT, async (test) => {
    const b = await start(test, 'b')
    for (const dns of ['dns4', 'dns']) {
      const a = await start(test, 'a', {
        peers: [b.address('quic').replace('/ip4/127.0.0.1', `/${dns}/localhost`)],
      })
      await a.linkTo(b, 'quic')
      await a.stop()
    }
  })

  it('says which name it could not look up', LIMIT, async (test) => {
    const a = await start(test, 'a', { peers: ['/dns4/no-such-host.invalid/udp/4330/quic-v1'] })
    assert.match(await targetBecomes(test, a, 'waiting'), /^cannot look up no-such-host\.invalid: /)
    assert.equal(a.transport('quic').counters.errors.get('unknown_name'), 1)
  })

  it('says who answered instead of the peer it wanted', LIMIT, async (test) => {
    const b = await start(test, 'b')
    const wanted = newIdentity('wanted').peerId
    const a = await start(test, 'a', { peers: [b.address('quic').replace(/[^/]+$/, wanted)] })
    const error = await targetBecomes(test, a, 'waiting')
    assert.ok(error.includes(wanted) && error.includes(b.identity.peerId), error)
    assert.equal(a.transport('quic').counters.errors.get('wrong_peer'), 1)
  })

  it('does not dial itself again', LIMIT, async (test) => {
    const a = await start(test, 'a')
    const address = a.address('quic').replace(/\/p2p\/.*/, '')
    await a.stop()
    const again = await start(test, 'a', { listen: [address], peers: [address] })
    assert.match(await targetBecomes(test, again, 'refused'), /is this node itself: remove it/)
  })

  it('refuses addresses of another transport', LIMIT, async (test) => {
    await assert.rejects(start(test, 'a', { peers: ['/ip4/127.0.0.1/tcp/4330'] }), {
      code: 'ERR_TRANSPORT',
      message: /is of another transport: write peers like \/ip4\/192\.0\.2\.7\/udp\/4001\/quic-v1$/,
    })
  })
})

describe('a QUIC link', () => {
  it(
    'holds a neighbour back that a paused receiver does not read, with no reset and no loss',
    LIMIT,
    async (test) => {
      const b = await start(test, 'b')
      const a = await start(test, 'a', { peers: [b.address('quic')], queueBytes: 40 * 1024 * 1024 })
      const [linkA, linkB] = [await a.linkTo(b, 'quic'), await b.linkTo(a, 'quic')]
      linkB.pause()
      const frames = 500 // 32 MiB: several times what libp2p's stream would hold before it gives up
      for (let n = 0; n < frames; n++) assert.ok(linkA.send(new Uint8Array(60_000).fill(n % 251, 1), 3))
      // A way there and back for each turn: far more than what could come through does.
      for (let turn = 0; turn < 50; turn++) {
        linkB.send(Uint8Array.of(turn), 0)
        await a.host.framesArrived(turn + 1)
      }
      assert.equal(b.host.frames.length, 0)
      assert.ok(linkA.queuedBytes > 20 * 1024 * 1024, `only ${linkA.queuedBytes} bytes wait`)
      linkB.resume()
      await b.host.framesArrived(frames)
      assert.ok(b.host.frames.every((frame, n) => frame.length === 60_000 && frame[1] === n % 251))
      assert.deepEqual([a.host.downs, b.host.downs], [[], []])
    },
  )

  it('comes back by itself when the neighbour restarts', LIMIT, async (test) => {
    const b = await start(test, 'b')
    const address = b.address('quic')
    const a = await start(test, 'a', { peers: [address] })
    await a.linkTo(b, 'quic')
    await b.stop()
    await a.host.until('the link is down', () => a.host.downs.length === 1)
    const again = await start(test, 'b', { listen: [address.replace(/\/p2p\/.*/, '')] })
    await a.linkTo(again, 'quic')
  })
})

describe('a QUIC node that is called by somebody hostile', () => {
  async function startRaw(test: TestContext): Promise<RawNeighbour> {
    const carrier = { transport: libp2pQuic(), listen: ANY_UDP_PORT }
    const raw = await RawNeighbour.start(newIdentity('raw'), test.signal, carrier)
    test.after(() => raw.stop())
    return raw
  }

  /** An honest neighbour and a hostile one; all that the honest one sends has to arrive. */
  async function besieged(test: TestContext) {
    const node = await start(test, 'node')
    const honest = await start(test, 'honest', { peers: [node.address('quic')] })
    const link = await honest.linkTo(node, 'quic')
    await node.linkTo(honest, 'quic')
    const raw = await startRaw(test)
    const unharmed = async (): Promise<void> => {
      const before = node.host.frames.length
      for (let n = 0; n < 100; n++) assert.ok(link.send(Uint8Array.of(n), 2))
      await node.host.framesArrived(before + 100)
      assert.deepEqual(node.linksTo(honest).length, 1)
    }
    return { node, raw, unharmed, errors: node.transport('quic').counters.errors }
  }

  it('closes a link on a length that is too large, on that alone', LIMIT, async (test) => {
    const { node, raw, unharmed, errors } = await besieged(test)
    const hostile = await raw.dial(node.address('quic'))
    await hostile.hello()
    await node.host.until('it is up', () => node.host.links.length === 2)
    const link = node.host.links[1]
    assert.ok(link !== undefined)
    hostile.stream.send(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1))
    assert.equal((await node.host.down(link)).reason, 'oversized')
    await hostile.closed()
    assert.equal(errors.get('oversized'), 1)
    await unharmed()
  })

  it('lets no flood of streams through', LIMIT, async (test) => {
    const { node, raw, unharmed } = await besieged(test)
    const hostile = await raw.dial(node.address('quic'))
    assert.equal((await hostile.hello())?.type, 'accept')
    let opened = 0
    for (let n = 0; n < 200; n++) {
      hostile.connection.newStream('/hopwire/1').then(
        () => {
          opened += 1
        },
        () => undefined,
      )
    }
    for (let n = 0; n < 10; n++) await unharmed()
    assert.ok(opened < MAX_STREAMS, `${opened} streams`)
    const { address } = newIdentity('raw')
    assert.equal(node.host.links.filter(({ neighbour }) => neighbour?.equals(address)).length, 1)
  })

  it('cuts off whoever begins with nonsense', LIMIT, async (test) => {
    const { node, raw, unharmed, errors } = await besieged(test)
    for (const bytes of [[0x11, 1, 2], [0x1f, 1, 0xff], [0]]) {
      const hostile = await raw.dial(node.address('quic'))
      hostile.send(Uint8Array.from(bytes))
      await hostile.closed()
    }
    assert.equal(errors.get('malformed'), 3)
    await unharmed()
  })

  it('holds back one that sends and never reads', LIMIT, async (test) => {
    const { node, raw, unharmed } = await besieged(test)
    const hostile = await raw.dial(node.address('quic'))
    await hostile.hello()
    await node.host.until('it is up', () => node.host.links.length === 2)
    const link = node.host.links[1]
    assert.ok(link !== undefined)
    link.pause()
    for (let n = 0; n < 256; n++) hostile.send(new Uint8Array(65_536))
    for (let n = 0; n < 10; n++) await unharmed()
    assert.ok(hostile.stream.writableNeedsDrain, 'the sender feels it')
    assert.ok(node.host.links.includes(link))
  })
})
