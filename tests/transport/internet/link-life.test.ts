import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { type Clock, systemClock } from '../../../src/runtime/clock.ts'
import { VirtualClock } from '../../../src/sim/clock.ts'
import { RecordingHost } from '../../../src/testing/recording-host.ts'
import { isAck, readAck, writeAck } from '../../../src/transport/internet/ack-frame.ts'
import { tcp } from '../../../src/transport/internet/tcp.ts'
import type { Link } from '../../../src/transport/transport.ts'
import { Cable } from './cable.ts'
import { type RawLink, RawNeighbour } from './raw-neighbour.ts'
import { ANY_PORT, componentsOf, newIdentity } from './tcp-bench.ts'

const LIMIT = { timeout: 30_000 }

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** A node on a virtual clock, over real sockets, and a neighbour whose end the test plays. */
async function bench(test: TestContext, options: { viaCable?: boolean } = {}) {
  const virtual = new VirtualClock()
  const clock: Clock = {
    now: () => virtual.now(),
    monotonic: () => virtual.monotonic(),
    setTimer: (delayMs, task) => virtual.setTimer(delayMs, task),
    defer: (task) => systemClock.defer(task),
  }
  const host = new RecordingHost(test.signal)
  const node = tcp({ listen: [ANY_PORT] })(componentsOf(newIdentity('a'), clock))
  await node.start(host)
  const raw = await RawNeighbour.start(newIdentity('raw'), test.signal)
  const address = node.listenAddresses[0] as string
  const cable = options.viaCable ? await Cable.lay(address) : undefined
  test.after(async () => {
    const stopped = Promise.all([node.stop(AbortSignal.abort()), raw.stop()])
    const timer = setInterval(() => virtual.advance(1000), 1)
    await stopped
    clearInterval(timer)
    await cable?.remove()
  })
  const raws = await raw.dial(
    cable === undefined ? address : `${cable.address}/p2p/${address.split('/p2p/')[1]}`,
  )
  await raws.hello()
  return { virtual, host, node, raws, cable, link: await host.link() }
}

function sendAck(raws: RawLink, received: number, question: number, answer: number): void {
  const bytes = Buffer.alloc(8)
  writeAck({ received, question, answer, isLeaving: false }, bytes, 0)
  raws.send(bytes)
}

/** Advances until the link is down. @returns how long that took, ms, and why it went */
async function untilDown(host: RecordingHost, virtual: VirtualClock, link: Link): Promise<[number, string]> {
  const start = virtual.monotonic()
  while (host.downs.length === 0 && virtual.monotonic() - start < 200_000) {
    virtual.advance(500)
    await turn()
  }
  const { reason } = await host.down(link)
  return [virtual.monotonic() - start, reason]
}

describe('a link on the internet', () => {
  it('notices within 5 s that its neighbour is gone without a word', LIMIT, async (test) => {
    const { virtual, host, link, cable } = await bench(test, { viaCable: true })
    cable?.die()
    link.send(Uint8Array.of(1, 2, 3), 2)
    const [afterMs, reason] = await untilDown(host, virtual, link)
    assert.equal(reason, 'silent')
    assert.ok(afterMs >= 3500 && afterMs <= 5000, `${afterMs} ms`)
    assert.deepEqual(host.downs[0]?.unsent, [Uint8Array.of(1, 2, 3)])
  })

  it('stays up with an idle neighbour that answers', LIMIT, async (test) => {
    const { virtual, host, link, raws } = await bench(test)
    for (let round = 1; round <= 20; round++) {
      for (let s = 0; s < 3; s++) virtual.advance(1000)
      const frame = await raws.receive()
      assert.ok(isAck(frame))
      const { question, received } = readAck(frame)
      assert.deepEqual([question, received], [round, round - 1])
      sendAck(raws, 0, 0, question)
      // The data behind it tells when the answer has been read.
      raws.send(Uint8Array.of(round))
      await host.framesArrived(round)
    }
    assert.equal(host.downs.length, 0)
    assert.equal(link.latencyMs, 0)
  })

  it(
    'gives up on a neighbour that speaks but takes nothing, and hands its frames back',
    LIMIT,
    async (test) => {
      const { virtual, host, link, raws } = await bench(test)
      link.send(Uint8Array.of(1), 2)
      let downAt = Number.NaN
      for (let s = 1; s <= 40 && host.downs.length === 0; s++) {
        raws.send(Uint8Array.of(s))
        await host.framesArrived(s)
        virtual.advance(1000)
        await turn()
        if (host.downs.length > 0) downAt = s
      }
      assert.ok(downAt >= 29 && downAt <= 32, `${downAt} s`)
      assert.equal(host.downs[0]?.reason, 'stalled')
      assert.deepEqual(host.downs[0]?.unsent, [Uint8Array.of(1)])
    },
  )

  it(
    'is patient with a slow line on which something always waits, as long as it moves',
    LIMIT,
    async (test) => {
      const { virtual, host, link, raws } = await bench(test)
      for (let n = 0; n < 5; n++) link.send(Uint8Array.of(n), 2)
      let downAt = Number.NaN
      for (let s = 1; s <= 150 && host.downs.length === 0; s++) {
        // One frame gets through every 25 s, and the last one never.
        sendAck(raws, Math.min(4, Math.floor(s / 25)), 0, 0)
        raws.send(Uint8Array.of(1))
        await host.framesArrived(s)
        virtual.advance(1000)
        await turn()
        if (host.downs.length > 0) downAt = s
      }
      assert.ok(downAt >= 129 && downAt <= 132, `${downAt} s`)
      assert.equal(host.downs[0]?.reason, 'stalled')
      assert.deepEqual(host.downs[0]?.unsent, [Uint8Array.of(4)])
    },
  )

  it('is not silent because this end is paused', LIMIT, async (test) => {
    const { virtual, host, link, raws } = await bench(test)
    link.pause()
    for (let s = 0; s < 60; s++) {
      virtual.advance(1000)
      await turn()
    }
    raws.send(Uint8Array.of(1))
    link.resume()
    await host.framesArrived(1)
    assert.equal(host.downs.length, 0)
  })

  it('probes at once after a sleep', LIMIT, async (test) => {
    const { virtual, raws } = await bench(test)
    virtual.stepWallClock(3_600_000)
    virtual.advance(1000)
    assert.equal(readAck(await raws.receive()).question, 1)
  })

  it('acknowledges what it was sent within 100 ms, and at once when asked', LIMIT, async (test) => {
    const { virtual, host, raws } = await bench(test)
    for (let n = 0; n < 5; n++) raws.send(Uint8Array.of(n))
    await host.framesArrived(5)
    virtual.advance(100)
    assert.equal(readAck(await raws.receive()).received, 5)
    raws.send(Uint8Array.of(9))
    sendAck(raws, 0, 1, 0)
    assert.deepEqual(readAck(await raws.receive()), { received: 6, question: 0, answer: 1, isLeaving: false })
  })

  it('lets an acknowledgement that is due go along with data, and none before', LIMIT, async (test) => {
    const { virtual, host, link, raws } = await bench(test)
    raws.send(Uint8Array.of(1))
    await host.framesArrived(1)
    link.send(Uint8Array.of(6), 0)
    assert.deepEqual([...(await raws.receive())], [6])
    virtual.advance(100)
    link.send(Uint8Array.of(7), 0)
    assert.equal(readAck(await raws.receive()).received, 1)
    assert.deepEqual([...(await raws.receive())], [7])
  })

  it(
    'sends no more than its window ahead of the acknowledgements, and asks in good time',
    LIMIT,
    async (test) => {
      const { link, raws } = await bench(test)
      const length = 10_000
      let accepted = 0
      const fill = (): void => {
        while (accepted < 600 && link.send(new Uint8Array(length), 3)) accepted += 1
      }
      fill()
      let data = 0
      let asked = 0
      while (data * length < 4 * 1024 * 1024) {
        if (isAck(await raws.receive())) asked += 1
        else data += 1
        fill()
      }
      assert.ok(asked === 1 && data < 600, `asked ${asked} times, ${data} frames`)
      assert.equal(accepted, 600)
      const waiting = link.queuedBytes
      assert.equal(waiting, (600 - data) * length)
      for (let turns = 0; turns < 20; turns++) await turn()
      assert.equal(link.queuedBytes, waiting)
      sendAck(raws, data, 0, 1)
      while (data < 600) if (!isAck(await raws.receive())) data += 1
    },
  )

  it('is cut when the neighbour acknowledges what it was never sent', LIMIT, async (test) => {
    const { host, node, link, raws } = await bench(test)
    sendAck(raws, 1, 0, 0)
    assert.equal((await host.down(link)).reason, 'malformed')
    assert.equal(node.counters.errors.get('malformed'), 1)
    await raws.closed()
  })

  it(
    'carries frames of kind 15 that are none of its own, but none that looks like one',
    LIMIT,
    async (test) => {
      const { host, link, raws } = await bench(test)
      assert.equal(link.send(Buffer.from('1f05000000000000', 'hex'), 0), false)
      raws.send(Uint8Array.of(0x1f, 5, 1))
      await host.framesArrived(1)
      assert.deepEqual([...(host.frames[0] as Uint8Array)], [0x1f, 5, 1])
    },
  )
})
