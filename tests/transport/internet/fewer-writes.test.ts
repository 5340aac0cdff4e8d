import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import type { Connection, Stream, StreamMessageEvent } from '@libp2p/interface'
import { RecordingHost } from '../../../src/testing/recording-host.ts'
import { holdsNothing, writeLess } from '../../../src/transport/internet/fewer-writes.ts'
import { quic } from '../../../src/transport/internet/quic.ts'
import { tcp } from '../../../src/transport/internet/tcp.ts'
import type { Link } from '../../../src/transport/transport.ts'
import { ANY_UDP_PORT } from './internet-bench.ts'
import { RawNeighbour } from './raw-neighbour.ts'
import { ANY_PORT, componentsOf, newIdentity } from './tcp-bench.ts'

const LIMIT = { timeout: 30_000 }

interface End {
  readonly connection: Connection
  readonly stream: Stream
}

/** Both ends of one stream over TCP, with nothing of a link on it. */
async function streams(test: TestContext): Promise<[End, End]> {
  const caller = await RawNeighbour.start(newIdentity('caller'), test.signal)
  const called = await RawNeighbour.start(newIdentity('called'), test.signal)
  test.after(() => Promise.all([caller.stop(), called.stop()]))
  const from = await caller.dial(called.address)
  return [from, await called.accept()]
}

function socketOf({ connection }: End): Socket {
  const { socket } = (connection as unknown as { maConn: { socket?: Socket } }).maConn
  assert.ok(socket !== undefined, 'libp2p keeps its socket elsewhere now')
  return socket
}

/** Resolves once so many bytes have arrived. */
function arrival({ stream }: End, bytes: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let missing = bytes
  stream.addEventListener('message', ({ data }: StreamMessageEvent) => {
    missing -= data.byteLength
    if (missing <= 0) resolve()
  })
  return promise
}

/** Counts the yamux frames that give window back from now on. */
function windowUpdates({ stream }: End): { count: number } {
  const yamux = stream as unknown as { sendFrame: (header: { type: number }, data?: unknown) => boolean }
  const send = yamux.sendFrame
  const updates = { count: 0 }
  yamux.sendFrame = (header, data) => {
    if (header.type === 1) updates.count += 1
    return send(header, data)
  }
  return updates
}

describe('a stream that writes less', () => {
  it('hands a small message to the socket in one piece', LIMIT, async (test) => {
    const [from, to] = await streams(test)
    writeLess(from.connection, from.stream)
    await settled(from, to)
    const write = test.mock.method(socketOf(from), 'write')
    const all = arrival(to, 300)
    from.stream.send(new Uint8Array(300))
    await all
    assert.deepEqual(
      write.mock.calls.map(({ arguments: [bytes] }) => (bytes as Uint8Array).length),
      [2 + 12 + 300 + 16],
    )
  })

  it('hands a long message to the kernel in one go', LIMIT, async (test) => {
    const [from, to] = await streams(test)
    writeLess(from.connection, from.stream)
    await settled(from, to)
    const socket = socketOf(from) as Socket & { _writev(chunks: unknown[], done: () => void): void }
    const writev = test.mock.method(socket, '_writev')
    const all = arrival(to, 60_000)
    from.stream.send(new Uint8Array(60_000))
    await all
    assert.deepEqual(
      writev.mock.calls.map(({ arguments: [chunks] }) => (chunks as unknown[]).length),
      [2],
    )
  })

  it(
    'gives window back a few times for many messages, and the sender never stands still',
    LIMIT,
    async (test) => {
      const [from, to] = await streams(test)
      writeLess(to.connection, to.stream)
      await settled(from, to)
      const updates = windowUpdates(to)
      const all = arrival(to, 3_000_000)
      for (let sent = 0; sent < 1000; sent++)
        if (!from.stream.send(new Uint8Array(3000))) await from.stream.onDrain()
      await all
      assert.ok(
        updates.count >= 3 && updates.count <= 46,
        `${updates.count} times, for 46 quarters of a window`,
      )
    },
  )

  it('tells what has been encrypted from what waits for window', LIMIT, async (test) => {
    const [from, to] = await streams(test)
    await settled(from, to)
    const isFree = holdsNothing(from.connection, from.stream)
    from.stream.send(new Uint8Array(1000))
    assert.ok(isFree())
    to.stream.pause()
    while (from.stream.send(new Uint8Array(60_000))) {
      // until the window is used up
    }
    assert.ok(!isFree())
    assert.ok(!holdsNothing({} as Connection, from.stream)(), 'without Noise nothing can be told')
  })
})

for (const { name, make, listen } of [
  { name: 'TCP', make: tcp, listen: ANY_PORT },
  { name: 'QUIC', make: quic, listen: ANY_UDP_PORT },
]) {
  describe(`links over ${name} that use the same memory for their writes`, () => {
    it('deliver every byte as it was sent, also where one has waited for its reader', LIMIT, async (test) => {
      const linkTo = async (label: string) => {
        const [ownHost, host] = [new RecordingHost(test.signal), new RecordingHost(test.signal)]
        const node = make({ listen: [listen] })(componentsOf(newIdentity(label)))
        await node.start(host)
        const own = make({ listen: [listen], peers: [node.listenAddresses[0] as string] })
        const caller = own(componentsOf(newIdentity(`to ${label}`)))
        await caller.start(ownHost)
        test.after(() => Promise.all([caller.stop(AbortSignal.abort()), node.stop(AbortSignal.abort())]))
        const [link, there] = await Promise.all([ownHost.link(), host.link()])
        return { link, there, host }
      }
      const [slow, quick] = await Promise.all([linkTo('slow'), linkTo('quick')])
      slow.there.pause()
      const sent = { slow: fill(slow.link, 3000, 1), quick: [] as Uint8Array[] }
      for (let round = 0; round < 20; round++) {
        sent.quick.push(...fill(quick.link, 20, 2))
        await new Promise((resolve) => setImmediate(resolve))
      }
      await quick.host.framesArrived(sent.quick.length)
      assert.ok(slow.host.frames.length < sent.slow.length)
      slow.there.resume()
      await slow.host.framesArrived(sent.slow.length)
      assert.ok(Buffer.concat(slow.host.frames).equals(Buffer.concat(sent.slow)))
      assert.ok(Buffer.concat(quick.host.frames).equals(Buffer.concat(sent.quick)))
    })
  })
}

/** Frames of one kind, so that they keep their order. */
function fill(link: Link, count: number, tag: number): Uint8Array[] {
  return Array.from({ length: count }, (_, n) => {
    const frame = new Uint8Array(600 + ((n * 37) % 500)).fill(n * 7 + tag)
    frame[0] = 0x11
    assert.ok(link.send(frame, 2))
    return frame
  })
}

/** The stream is open at both ends, and nothing of its beginning is under way any more. */
async function settled(from: End, to: End): Promise<void> {
  for (const [one, other] of [
    [from, to],
    [to, from],
    [from, to],
  ] as const) {
    const all = arrival(other, 1)
    one.stream.send(Uint8Array.of(0))
    await all
  }
}
