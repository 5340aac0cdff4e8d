/**
 * What every Transport has to pass, as a suite of `node:test`:
 *
 *     transportCompliance('carrier pigeon', async (hostA, hostB) => {
 *       ...
 *       return { a, b, addressA, addressB, rival }
 *     })
 */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { Address } from '../identity/address.ts'
import { MeshError } from '../runtime/errors.ts'
import { seededRandom } from '../runtime/random.ts'
import type { Link, LinkHost, Transport } from '../transport/transport.ts'
import { FrameKind, firstByte, type Priority } from '../wire/frame.ts'
import { RecordingHost } from './recording-host.ts'

/** Two transports of the kind under test, both started, between which a link is up or on its way. */
export interface TransportPair {
  readonly a: Transport
  readonly b: Transport
  readonly addressA: Address
  readonly addressB: Address
  /** A transport that has not started, and cannot while `b` runs: one that claims the same place. */
  rival(): Transport
  /** Called when the test is over and all transports have stopped. */
  dispose?(): Promise<void>
}

/** Called for each test, with what the transports are to be started with. */
export type TransportPairFactory = (hostA: LinkHost, hostB: LinkHost) => Promise<TransportPair>

const TIME_LIMIT_MS = 30_000
const TEXT: Priority = 2
const BULK: Priority = 3

/** Adds the suite to the test run. */
export function transportCompliance(name: string, factory: TransportPairFactory): void {
  describe(`${name} as a Transport`, () => {
    for (const [title, run] of Object.entries(CASES)) {
      it(title, { timeout: TIME_LIMIT_MS }, async (test) => run(await openBench(factory, test)))
    }
  })
}

/** One test's pair, with the link seen from both ends. */
interface Bench extends TransportPair {
  readonly hostA: RecordingHost
  readonly hostB: RecordingHost
  readonly linkA: Link
  readonly linkB: Link
}

async function openBench(factory: TransportPairFactory, test: TestContext): Promise<Bench> {
  const hostA = new RecordingHost(test.signal)
  const hostB = new RecordingHost(test.signal)
  const pair = await factory(hostA, hostB)
  test.after(async () => {
    await pair.a.stop(AbortSignal.abort())
    await pair.b.stop(AbortSignal.abort())
    await pair.dispose?.()
  })
  const [linkA, linkB] = await Promise.all([hostA.link(), hostB.link()])
  return { ...pair, hostA, hostB, linkA, linkB }
}

/** A frame of `length` bytes that tells its number. All count as of one source: only those keep their order. */
function numbered(number: number, length: number): Uint8Array {
  const frame = seededRandom(number).bytes(length)
  frame[0] = firstByte(FrameKind.announce)
  return frame
}

function batch(count: number, length: number): Uint8Array[] {
  return Array.from({ length: count }, (_, number) => numbered(number, length))
}

/** Sends until the queue refuses. @returns what was accepted */
function fill(link: Link): Uint8Array[] {
  const accepted: Uint8Array[] = []
  for (;;) {
    const frame = numbered(accepted.length, link.profile.mtu)
    if (!link.send(frame, BULK)) return accepted
    accepted.push(frame)
  }
}

function sendAll(link: Link, frames: readonly Uint8Array[], priority: Priority = TEXT): void {
  for (const frame of frames) assert.ok(link.send(frame, priority), 'a frame was refused')
}

function assertFrames(actual: readonly Uint8Array[], expected: readonly Uint8Array[]): void {
  assert.equal(actual.length, expected.length, 'number of frames')
  const wrong = expected.findIndex((frame, index) => Buffer.compare(frame, actual[index] as Uint8Array) !== 0)
  assert.equal(wrong, -1, `frame ${wrong} is not the one that was sent`)
}

const CASES: Readonly<Record<string, (bench: Bench) => Promise<void>>> = {
  'tells each end who the other is, and what the link can carry': async (bench) => {
    const { a, linkA, linkB, addressA, addressB } = bench
    assert.ok(linkA.neighbour?.equals(addressB))
    assert.ok(linkB.neighbour?.equals(addressA))
    assert.deepEqual([linkA.direction, linkB.direction].sort(), ['inbound', 'outbound'])
    assert.equal(linkA.transport, a.name)
    assert.equal(linkA.profile.mtu, linkB.profile.mtu)
    assert.ok(linkA.profile.mtu > 0 && linkA.profile.bitsPerSecond > 0)
    assert.ok(linkA.latencyMs >= 0 && Number.isFinite(linkA.latencyMs))
    assert.notEqual(linkA.remote, '')
  },

  'carries frames of every length whole and in order, both ways': async ({ hostA, hostB, linkA, linkB }) => {
    const { mtu } = linkA.profile
    const frames = [1, mtu, 2, mtu - 1, 3, Math.ceil(mtu / 2), 1].map((length, n) => numbered(n, length))
    sendAll(linkA, frames)
    sendAll(linkB, frames.toReversed())
    await Promise.all([hostA.framesArrived(frames.length), hostB.framesArrived(frames.length)])
    assertFrames(hostB.frames, frames)
    assertFrames(hostA.frames, frames.toReversed())
  },

  'carries many frames that were sent in one tick': async ({ hostB, linkA }) => {
    const frames = batch(2000, Math.min(300, linkA.profile.mtu))
    sendAll(linkA, frames)
    await hostB.framesArrived(frames.length)
    assertFrames(hostB.frames, frames)
  },

  'gives the receiver frames that are its own to change': async ({ hostB, linkA }) => {
    const frame = numbered(1, 100)
    hostB.onFrame = (_, arrived) => arrived.fill(0)
    sendAll(linkA, [frame, frame])
    await hostB.framesArrived(2)
    assertFrames([frame, ...hostB.frames], [numbered(1, 100), frame, frame])
  },

  'refuses frames when its queue is full, and says when there is room again': async ({
    hostA,
    hostB,
    linkA,
  }) => {
    const accepted = fill(linkA)
    assert.ok(linkA.congested)
    assert.equal(hostA.drains, 0, 'drained was called from within send')
    assert.ok(linkA.queuedBytes <= accepted.length * linkA.profile.mtu)
    await hostA.until('the queue has drained', () => hostA.drains > 0)
    assert.ok(!linkA.congested)
    const more = numbered(accepted.length, linkA.profile.mtu)
    sendAll(linkA, [more], BULK)
    await hostB.framesArrived(accepted.length + 1)
    assertFrames(hostB.frames, [...accepted, more])
    assert.equal(hostA.drains, 1)
  },

  'sends urgent frames before those that wait': async ({ hostB, linkA }) => {
    const bulk = batch(20, linkA.profile.mtu)
    const urgent = numbered(99, 1)
    sendAll(linkA, bulk, BULK)
    sendAll(linkA, [urgent], 0)
    await hostB.framesArrived(bulk.length + 1)
    const place = hostB.frames.findIndex(({ length }) => length === 1)
    assert.ok(place < bulk.length, 'the urgent frame came last')
    assertFrames(hostB.frames.toSpliced(place, 1), bulk)
  },

  'takes no frame that is empty or longer than its mtu': async ({ a, hostB, linkA }) => {
    assert.equal(linkA.send(new Uint8Array(0), TEXT), false)
    assert.equal(linkA.send(new Uint8Array(linkA.profile.mtu + 1), TEXT), false)
    assert.equal(a.counters.errors.get('unsendable'), 2)
    sendAll(linkA, [numbered(7, 1)])
    await hostB.framesArrived(1)
    assertFrames(hostB.frames, [numbered(7, 1)])
  },

  'holds frames back while paused, without a loss': async ({ hostA, hostB, linkA, linkB }) => {
    linkB.pause()
    const accepted = fill(linkA)
    sendAll(linkB, [numbered(1, 10)])
    await hostA.framesArrived(1)
    assert.equal(hostB.frames.length, 0, 'a frame arrived at a paused link')
    linkB.resume()
    await hostB.framesArrived(accepted.length)
    assertFrames(hostB.frames, accepted)
  },

  'stops between two frames when paused in the midst of many': async ({ hostB, linkA, linkB }) => {
    const frames = batch(500, Math.min(1000, linkA.profile.mtu))
    let isPaused = false
    hostB.onFrame = () => {
      assert.ok(!isPaused, 'a frame arrived at a paused link')
      if (hostB.frames.length % 7 !== 0) return
      isPaused = true
      linkB.pause()
      void Promise.resolve().then(() => {
        isPaused = false
        linkB.resume()
      })
    }
    sendAll(linkA, frames)
    await hostB.framesArrived(frames.length)
    assertFrames(hostB.frames, frames)
  },

  'tells both ends when one closes, and gives back what never left': async ({
    hostA,
    hostB,
    linkA,
    linkB,
  }) => {
    const frames = batch(10, Math.min(500, linkA.profile.mtu))
    sendAll(linkA, frames)
    linkA.close('enough')
    assert.equal(hostA.downs.length, 0, 'linkDown was called from within close')
    assert.equal(linkA.send(numbered(1, 1), TEXT), false)
    const [downA, downB] = await Promise.all([hostA.down(linkA), hostB.down(linkB)])
    assert.equal(downA.reason, 'enough')
    assertFrames(downA.unsent, frames)
    assert.match(downB.reason, /^[a-z]+(_[a-z]+)*$/)
    assert.equal(hostB.frames.length, 0)
    assert.equal(linkB.send(numbered(1, 1), TEXT), false)
  },

  'gives back the unsent frames oldest first, whatever their priority': async ({ hostA, linkA }) => {
    const frames = batch(12, 20)
    frames.forEach((frame, n) => {
      assert.ok(linkA.send(frame, (n % 4) as Priority))
    })
    linkA.close('enough')
    assertFrames((await hostA.down(linkA)).unsent, frames)
  },

  'gives back at least what never left when the other end closes': async (bench) => {
    const { a, hostA, hostB, linkA, linkB } = bench
    const accepted = fill(linkA)
    await hostB.framesArrived(1)
    linkB.close('enough')
    const { unsent } = await hostA.down(linkA)
    assert.ok(a.counters.framesSent + unsent.length >= accepted.length)
    assertFrames(unsent, accepted.slice(accepted.length - unsent.length))
  },

  'closes once, however often it is told': async ({ hostA, hostB, linkA, linkB }) => {
    linkA.close('first')
    linkA.close('second')
    await Promise.all([hostA.down(linkA), hostB.down(linkB)])
    linkA.close('third')
    linkB.close('fourth')
    const reasons = hostA.downs.filter(({ link }) => link === linkA).map(({ reason }) => reason)
    assert.deepEqual(reasons, ['first'])
    assert.equal(hostB.downs.filter(({ link }) => link === linkB).length, 1)
  },

  'counts frames and bytes the same at both ends': async ({ a, b, hostA, hostB, linkA, linkB }) => {
    sendAll(linkA, batch(30, 100))
    sendAll(linkB, batch(5, 40))
    await Promise.all([hostA.framesArrived(5), hostB.framesArrived(30)])
    const { framesSent, bytesSent, framesReceived, bytesReceived } = a.counters
    assert.deepEqual([framesSent, bytesSent, framesReceived, bytesReceived], [30, 3000, 5, 200])
    const {
      framesSent: sentB,
      bytesSent: bytesB,
      framesReceived: gotB,
      bytesReceived: gotBytesB,
    } = b.counters
    assert.deepEqual([sentB, bytesB, gotB, gotBytesB], [5, 200, 30, 3000])
    assert.equal(linkA.queuedBytes, 0)
  },

  'sends what is queued before it stops, and takes its links down': async (bench) => {
    const { a, hostA, hostB, linkA, linkB } = bench
    const frames = batch(50, Math.min(2000, linkA.profile.mtu))
    sendAll(linkA, frames)
    await a.stop(new AbortController().signal)
    assert.deepEqual(hostA.links, [])
    assertFrames((await hostA.down(linkA)).unsent, [])
    await hostB.down(linkB)
    assertFrames(hostB.frames, frames)
  },

  'stops at once when told so, and gives back what waits': async ({ a, b, hostA, linkA, linkB }) => {
    linkB.pause()
    const accepted = fill(linkA)
    await a.stop(AbortSignal.abort())
    const { unsent } = await hostA.down(linkA)
    assertFrames(unsent, accepted.slice(accepted.length - unsent.length))
    assert.ok(a.counters.framesSent + unsent.length >= accepted.length)
    await b.stop(AbortSignal.abort())
  },

  'can be stopped twice, and does not call its host any more': async ({ a, b, hostA, hostB, linkA }) => {
    await Promise.all([a.stop(AbortSignal.abort()), a.stop(AbortSignal.abort())])
    await a.stop(AbortSignal.abort())
    const { calls } = hostA
    assert.equal(linkA.send(numbered(1, 1), TEXT), false)
    linkA.resume()
    linkA.close('late')
    await b.stop(AbortSignal.abort())
    await hostB.until('all links are down', () => hostB.links.length === 0)
    assert.equal(hostA.calls, calls)
    assert.deepEqual(a.listenAddresses, [])
  },

  'fails to start where its place is taken, and leaves nothing behind': async ({ b, rival }) => {
    const transport = rival()
    const host = new RecordingHost(AbortSignal.abort())
    await assert.rejects(transport.start(host), (error) => {
      assert.ok(error instanceof MeshError)
      assert.match(error.code, /^ERR_(LISTEN|TRANSPORT)$/)
      assert.doesNotMatch(error.message, /\n/, 'one line')
      return true
    })
    assert.deepEqual(transport.listenAddresses, [])
    assert.equal(host.calls, 0)
    await transport.stop(AbortSignal.abort())
    await b.stop(AbortSignal.abort())
    await transport.start(host)
    await transport.stop(AbortSignal.abort())
  },
}
