/**
 * What of `transportCompliance` a radio can be asked: it has no far end that closes or holds frames back, and
 * no place that can be taken but its label.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { defaultProvider } from '../../../src/crypto/provider/select.ts'
import type { Identity } from '../../../src/identity/identity.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { seededRandom } from '../../../src/runtime/random.ts'
import { type RadioTransportOptions, radioTransport } from '../../../src/sim/radio/radio-transport.ts'
import { RecordingHost } from '../../../src/testing/recording-host.ts'
import { airtimeMs, MAX_LORA_BYTES } from '../../../src/transport/lora/airtime.ts'
import type { Link, Transport } from '../../../src/transport/transport.ts'
import type { Priority } from '../../../src/wire/frame.ts'
import { identityOf } from '../../support/frames.ts'
import { frameOf, RadioBench, SF8 } from './bench.ts'

interface Node {
  readonly identity: Identity
  readonly transport: Transport
  readonly host: RecordingHost
  readonly link: Link
}

/** Long enough for many frames, short enough to stay within the duty cycle. */
const WHILE_MS = 30_000

async function node(
  bench: RadioBench,
  name: string,
  x: number,
  options: Partial<RadioTransportOptions> = {},
): Promise<Node> {
  const identity = identityOf(name)
  const factory = radioTransport({ medium: bench.medium, position: { x, y: 0 }, ...options })
  const { clock } = bench
  const random = seededRandom(name)
  const transport = factory({ identity, crypto: defaultProvider(), clock, random, logger: silentLogger })
  const host = new RecordingHost(AbortSignal.abort())
  await transport.start(host)
  assert.equal(host.links.length, 0, 'linkUp was called from within start')
  bench.clock.advance(0)
  return { identity, transport, host, link: host.links[0] as Link }
}

/** Nodes in a row. */
async function row(bench: RadioBench, count: number, spacing: number): Promise<Node[]> {
  const nodes: Node[] = []
  for (let n = 0; n < count; n++) nodes.push(await node(bench, `n${n}`, spacing * n))
  return nodes
}

function fill(link: Link, length: number, priority: Priority = 3): number {
  let accepted = 0
  while (link.send(frameOf(length, accepted), priority)) accepted += 1
  return accepted
}

function firstBytes({ host }: Node): number[] {
  return host.frames.map((frame) => frame[0] as number)
}

describe('a simulated radio as a Transport', () => {
  it('brings up one link to nobody in particular, that says what it can carry', async () => {
    const bench = new RadioBench()
    const { link, transport, identity, host } = await node(bench, 'a', 0)
    assert.equal(host.ups.length, 1)
    assert.equal(link.neighbour, undefined)
    assert.deepEqual(link.profile, { mtu: 255, bitsPerSecond: 3125, broadcast: true })
    assert.ok(link.latencyMs > 200 && link.latencyMs < 600)
    assert.equal(link.transport, transport.name)
    assert.deepEqual(transport.listenAddresses, [`/radio/${identity.address.toString()}`])
  })

  it('carries frames of every length to all in reach, whole and in order', async () => {
    const bench = new RadioBench()
    const [a, b, c] = [await node(bench, 'a', 0), await node(bench, 'b', 10), await node(bench, 'c', -10)]
    const frames = [1, 255, 2, 254, 100].map((length, n) => seededRandom(n).bytes(length))
    for (const frame of frames) frame[0] = 0x11 // of one source all: those keep their order
    for (const frame of frames) assert.ok(a.link.send(frame, 2))
    bench.clock.advance(WHILE_MS)
    assert.deepEqual(b.host.frames, frames)
    assert.deepEqual(c.host.frames, frames)
    assert.deepEqual(a.host.frames, [])
    assert.equal(a.link.queuedBytes, 0)
    assert.deepEqual([a.transport.counters.framesSent, a.transport.counters.bytesSent], [5, 612])
    assert.deepEqual([b.transport.counters.framesReceived, b.transport.counters.bytesReceived], [5, 612])
  })

  it('refuses frames when its queue is full, and says when there is room again', async () => {
    const bench = new RadioBench()
    const a = await node(bench, 'a', 0, { dutyCycle: 1 })
    const b = await node(bench, 'b', 10)
    const accepted = fill(a.link, 200)
    assert.equal(accepted, 25, 'a fifth is kept for other sources')
    assert.ok(a.link.congested && a.link.queuedBytes === 5000 && a.host.drains === 0)
    while (a.host.drains === 0) bench.clock.advance(10)
    assert.ok(!a.link.congested && a.link.queuedBytes < 6144 / 4)
    bench.clock.advance(60_000)
    assert.equal(a.host.drains, 1)
    assert.equal(b.host.frames.length, accepted)
  })

  it('sends urgent frames before those that wait', async () => {
    const bench = new RadioBench()
    const [a, b] = [await node(bench, 'a', 0), await node(bench, 'b', 10)]
    for (const first of [1, 2, 3]) a.link.send(frameOf(50, first), 3)
    bench.clock.advance(1)
    a.link.send(frameOf(50, 9), 0)
    bench.clock.advance(WHILE_MS)
    assert.deepEqual(firstBytes(b), [9, 1, 2, 3])
  })

  it('takes no frame that is empty, longer than its mtu, or longer than the duty cycle allows at all', async () => {
    const bench = new RadioBench()
    const a = await node(bench, 'a', 0, { dutyCycle: 0.0001 })
    assert.equal(a.link.send(new Uint8Array(0), 2), false)
    assert.equal(a.link.send(frameOf(MAX_LORA_BYTES + 1), 2), false)
    assert.equal(a.link.send(frameOf(200), 2), false)
    assert.equal(a.transport.counters.errors.get('unsendable'), 3)
    assert.equal(a.link.send(frameOf(20), 2), true)
  })

  it('keeps some frames while paused and counts the rest: the air cannot wait', async () => {
    const bench = new RadioBench()
    const [a, b] = [await node(bench, 'a', 0, { dutyCycle: 1 }), await node(bench, 'b', 10)]
    b.link.pause()
    for (let n = 0; n < 40; n++) assert.ok(a.link.send(frameOf(20, n), 2))
    bench.clock.advance(60_000)
    assert.equal(b.host.frames.length, 0)
    b.host.onFrame = (link) => {
      if (b.host.frames.length === 5) link.pause()
    }
    b.link.resume()
    assert.equal(b.host.frames.length, 0, 'a frame was delivered from within resume')
    bench.clock.advance(1)
    assert.equal(b.host.frames.length, 5)
    b.link.resume()
    bench.clock.advance(1)
    assert.deepEqual(
      firstBytes(b),
      Array.from({ length: 32 }, (_, n) => n),
    )
    assert.equal(b.transport.counters.errors.get('paused'), 8)
  })

  it('gives back what never left when closed, and comes up again', async () => {
    const bench = new RadioBench()
    const a = await node(bench, 'a', 0)
    const frames = [0, 1, 2, 3].map((n) => frameOf(30, n))
    frames.forEach((frame, n) => {
      assert.ok(a.link.send(frame, (3 - n) as Priority))
    })
    a.link.close('enough')
    a.link.close('again')
    assert.equal(a.host.downs.length, 0, 'linkDown was called from within close')
    assert.equal(a.link.send(frameOf(1), 2), false)
    bench.clock.advance(1)
    assert.deepEqual(
      a.host.downs.map(({ reason, unsent }) => [reason, unsent]),
      [['enough', frames]],
    )
    bench.clock.advance(5000)
    assert.equal(a.host.links.length, 1)
    assert.ok(a.host.links[0]?.send(frameOf(1), 2))
  })

  it('sends what is queued before it stops, and is silent then', async () => {
    const bench = new RadioBench()
    const [a, b] = [await node(bench, 'a', 0), await node(bench, 'b', 10)]
    for (let n = 0; n < 5; n++) a.link.send(frameOf(60, n), 2)
    const stopped = a.transport.stop(new AbortController().signal)
    await bench.clock.advanceAsync(WHILE_MS)
    await stopped
    assert.equal(b.host.frames.length, 5)
    assert.deepEqual(a.host.downs[0]?.unsent, [])
    const { calls } = a.host
    b.link.send(frameOf(10), 2)
    await a.transport.stop(AbortSignal.abort())
    await bench.clock.advanceAsync(WHILE_MS)
    assert.equal(a.host.calls, calls)
    assert.equal(a.link.send(frameOf(1), 2), false)
    assert.deepEqual(a.transport.listenAddresses, [])
  })

  it('stops at once when told so, also when it was just closed, and gives back what waits', async () => {
    for (const isClosed of [false, true]) {
      const bench = new RadioBench()
      const a = await node(bench, 'a', 0)
      a.link.send(frameOf(60), 2)
      if (isClosed) a.link.close('enough')
      await a.transport.stop(AbortSignal.abort())
      assert.equal(a.host.downs[0]?.unsent.length, 1)
      bench.clock.advance(WHILE_MS)
      assert.deepEqual([a.host.downs.length, a.host.links.length], [1, 0])
    }
  })

  it('fails to start where its label is on the air, and can start once it is free', async () => {
    const bench = new RadioBench()
    const a = await node(bench, 'a', 0)
    await assert.rejects(node(bench, 'a', 5), { code: 'ERR_TRANSPORT' })
    await a.transport.stop(AbortSignal.abort())
    await node(bench, 'a', 5)
  })
})

describe('listening before talking', () => {
  it('keeps radios that hear each other from speaking at once', async () => {
    const bench = new RadioBench()
    const nodes = await row(bench, 4, 1)
    const listener = bench.station('listener', 20)
    for (const [n, { link }] of nodes.entries()) {
      for (let k = 0; k < 10; k++) link.send(frameOf(100, 10 * n + k), 2)
      bench.clock.advance(6)
    }
    bench.clock.advance(120_000)
    const heard = listener.heard.length
    // Two that begin within the same few symbols still collide.
    assert.ok(heard >= 32, `${heard} of 40 frames`)
  })

  it('waits for two quiet slots and up to 14 more, and begins the two anew when somebody speaks', async () => {
    const slot = 24.576
    for (let seed = 0; seed < 50; seed++) {
      const bench = new RadioBench()
      const other = bench.station('other', 1)
      const a = await node(bench, `a${seed}`, 0)
      const probe = bench.station('probe', 5)
      a.link.send(frameOf(30), 2)
      bench.clock.advance(5)
      other.radio.transmit(frameOf(200))
      const busyUntil = 5 + airtimeMs(SF8, 200)
      bench.clock.advance(5000)
      const sent = probe.heard.at(-1)?.at ?? 0
      const waited = sent - airtimeMs(SF8, 30) - busyUntil
      assert.ok(waited >= 2 * slot - 1e-6 && waited <= 18 * slot, `spoke ${waited} ms after the other`)
    }
  })

  it('waits longer the more it has sent of late', async () => {
    const meanGapMs = async (dutyCycle: number, frames: number): Promise<number> => {
      const bench = new RadioBench()
      const a = await node(bench, 'a', 0, { dutyCycle, queueBytes: 100_000 })
      const probe = bench.station('probe', 5)
      for (let n = 0; n < frames; n++) a.link.send(frameOf(200), 2)
      bench.clock.advance(600_000)
      const times = probe.heard.map(({ at }) => at)
      assert.equal(times.length, frames)
      return ((times.at(-1) ?? 0) - (times[0] ?? 0)) / (frames - 1) - airtimeMs(SF8, 200)
    }
    assert.ok((await meanGapMs(1, 100)) > 1.5 * (await meanGapMs(1, 3)))
  })

  it('also waits for strangers', async () => {
    const sentAt = async (foreignUse: number): Promise<number> => {
      const bench = new RadioBench({ foreignUse })
      const a = await node(bench, 'a', 0)
      const probe = bench.station('probe', 5)
      for (let n = 0; n < 5; n++) a.link.send(frameOf(20), 2)
      bench.clock.advance(WHILE_MS)
      return probe.heard.at(-1)?.at ?? Number.NaN
    }
    assert.ok((await sentAt(0.5)) > (await sentAt(0)))
  })
})

describe('the duty cycle of a radio', () => {
  it('is kept in every hour, and used up', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(0.01, 0.1), fc.nat(1000), async (dutyCycle, seed) => {
        const bench = new RadioBench()
        const a = await node(bench, 'a', 0, { dutyCycle })
        const probe = bench.station('probe', 5)
        const random = seededRandom(seed)
        for (let hours = 0; hours < 3; hours += 1 / 60) {
          while (a.link.send(frameOf(1 + random.below(255)), 2)) {
            // the queue is kept full
          }
          bench.clock.advance(60_000)
        }
        const sent = probe.heard.map(({ at, frame }) => [at - airtimeMs(SF8, frame.length), at] as const)
        const budget = dutyCycle * 3_600_000
        let most = 0
        let from = 0
        let sum = 0
        for (const [start, end] of sent) {
          sum += end - start
          while ((sent[from]?.[1] ?? end) <= end - 3_600_000) {
            sum -= (sent[from]?.[1] ?? 0) - (sent[from]?.[0] ?? 0)
            from += 1
          }
          const cut = Math.max(0, end - 3_600_000 - (sent[from]?.[0] ?? end))
          most = Math.max(most, sum - cut)
        }
        assert.ok(most <= budget + 1e-3, `${most} ms in an hour, ${budget} are allowed`)
        assert.ok(most > 0.97 * budget, `only ${most} ms of ${budget} were used`)
      }),
      { numRuns: 6 },
    )
  })
})

describe('the same seed', () => {
  it('gives the same run, and another seed another one', async () => {
    const run = async (seed: string): Promise<string> => {
      const bench = new RadioBench({ random: seededRandom(seed), shadowingDb: 6, foreignUse: 0.1 })
      const nodes = await row(bench, 8, 12)
      const traffic = seededRandom(seed)
      const trace: string[] = []
      nodes.forEach(({ host }, n) => {
        host.onFrame = (_, frame) => trace.push(`${bench.clock.monotonic()} ${n} ${frame[0]} ${frame.length}`)
      })
      for (let n = 0; n < 200; n++) {
        nodes[traffic.below(8)]?.link.send(frameOf(1 + traffic.below(100), n), 2)
        bench.clock.advance(traffic.below(1000))
      }
      return trace.join('\n')
    }
    const once = await run('one')
    assert.equal(await run('one'), once)
    assert.notEqual(await run('two'), once)
    assert.ok(once.split('\n').length > 100)
  })
})
