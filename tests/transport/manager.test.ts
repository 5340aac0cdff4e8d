import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Address } from '../../src/identity/address.ts'
import { MeshError } from '../../src/runtime/errors.ts'
import { silentLogger } from '../../src/runtime/logger.ts'
import { VirtualClock } from '../../src/sim/clock.ts'
import { RecordingHost } from '../../src/testing/recording-host.ts'
import { TransportManager } from '../../src/transport/manager.ts'
import {
  type Link,
  type LinkHost,
  newTransportCounters,
  type Transport,
} from '../../src/transport/transport.ts'

const BOB = Address.parse('b'.repeat(32))
const CAROL = Address.parse('c'.repeat(32))

/** A transport that notes in a shared log what is asked of it. */
class FakeTransport implements Transport {
  readonly name: string
  readonly counters = newTransportCounters()
  readonly targets = []
  host: LinkHost | undefined
  fails = false
  /** What stop() waits for. */
  stopping: (signal: AbortSignal) => Promise<void> = async () => undefined
  readonly #log: string[]

  constructor(name: string, log: string[]) {
    this.name = name
    this.#log = log
  }

  get listenAddresses(): string[] {
    return [`/${this.name}`]
  }

  async start(host: LinkHost): Promise<void> {
    this.#log.push(`start ${this.name}`)
    if (this.fails) throw new MeshError('ERR_LISTEN', `${this.name} cannot listen`)
    this.host = host
  }

  async stop(signal: AbortSignal): Promise<void> {
    this.#log.push(`stop ${this.name}`)
    await this.stopping(signal)
  }

  linkUp(neighbour: Address | undefined, figures: Partial<Link> = {}): Link {
    const link = { transport: this.name, neighbour, ...figures } as Link
    this.host?.linkUp(link)
    return link
  }
}

function bench(...names: string[]) {
  const log: string[] = []
  const clock = new VirtualClock()
  const host = new RecordingHost(AbortSignal.abort())
  const transports = names.map((name) => new FakeTransport(name, log))
  const manager = new TransportManager(transports, { host, clock, logger: silentLogger })
  return {
    log,
    clock,
    host,
    manager,
    transports: transports as [FakeTransport, FakeTransport, FakeTransport],
  }
}

describe('the transport manager', () => {
  it('starts in order and stops in the reverse one', async () => {
    const { manager, log } = bench('one', 'two', 'three')
    await manager.start()
    assert.deepEqual(manager.listenAddresses, ['/one', '/two', '/three'])
    assert.deepEqual(await manager.stop(1000), [])
    assert.deepEqual(log, ['start one', 'start two', 'start three', 'stop three', 'stop two', 'stop one'])
    assert.deepEqual(await manager.stop(1000), [])
    assert.equal(log.length, 6)
  })

  it('stops what has started when another fails, and passes the failure on', async () => {
    const { manager, log, transports } = bench('one', 'two', 'three')
    transports[1].fails = true
    await assert.rejects(manager.start(), /two cannot listen/)
    assert.deepEqual(log, ['start one', 'start two', 'stop one'])
  })

  it('refuses two transports of one name', () => {
    assert.throws(() => bench('tcp', 'tcp'), /two transports are called 'tcp'/)
  })

  it('knows the links that are up, and those to one neighbour', async () => {
    const { manager, host, transports } = bench('one', 'two')
    await manager.start()
    const first = transports[0].linkUp(BOB)
    const second = transports[1].linkUp(BOB)
    const other = transports[0].linkUp(CAROL)
    const nobody = transports[0].linkUp(undefined)
    assert.deepEqual([...manager.links], [first, second, other, nobody])
    assert.deepEqual(manager.linksTo(Address.parse('B'.repeat(32))), [first, second])
    manager.frame(second, Uint8Array.of(1))
    manager.drained(second)
    manager.linkDown(first, 'gone', [Uint8Array.of(2)])
    assert.deepEqual(manager.linksTo(BOB), [second])
    manager.linkDown(second, 'gone', [])
    assert.deepEqual(manager.linksTo(BOB), [])
    assert.deepEqual([host.ups.length, host.frames.length, host.drains, host.downs.length], [4, 1, 1, 2])
    assert.deepEqual(host.downs[0], { link: first, reason: 'gone', unsent: [Uint8Array.of(2)] })
  })

  it('knows the best link to a neighbour, and the best for a frame of a given length', async () => {
    const { manager, transports } = bench('lora', 'relayed', 'direct')
    await manager.start()
    const [lora, relayed, direct] = transports
    assert.equal(manager.bestLinkTo(BOB), undefined)
    assert.equal(manager.recommendedCrypto(BOB), undefined)
    const figures = (bitsPerSecond: number, mtu: number, latencyMs: number): Partial<Link> => ({
      profile: { bitsPerSecond, mtu, broadcast: false },
      latencyMs,
      queuedBytes: 0,
    })
    const radio = lora.linkUp(BOB, figures(5000, 500, 20))
    assert.equal(manager.bestLinkTo(BOB), radio)
    assert.equal(manager.recommendedCrypto(BOB), 'mlsLiteSigned')
    assert.equal(manager.selectForSize(501, BOB), undefined)
    const near = relayed.linkUp(BOB, figures(200_000, 65_680, 10))
    const fast = direct.linkUp(BOB, figures(100_000_000, 65_680, 40))
    assert.equal(manager.bestLinkTo(BOB), near)
    assert.equal(manager.recommendedCrypto(BOB), 'mlsClassical')
    assert.equal(manager.selectForSize(200, BOB), near)
    assert.equal(manager.selectForSize(60_000, BOB), fast)
    relayed.host?.linkDown(near, 'gone', [])
    assert.equal(manager.bestLinkTo(BOB), fast)
    assert.equal(manager.recommendedCrypto(BOB), 'mlsHybrid')
    direct.host?.linkDown(fast, 'gone', [])
    assert.equal(manager.bestLinkTo(BOB), radio)
  })

  it('takes the time that a queue needs into account', async () => {
    const { manager, transports } = bench('one', 'two')
    await manager.start()
    const profile = { bitsPerSecond: 1_000_000, mtu: 65_680, broadcast: false }
    transports[0].linkUp(BOB, { profile, latencyMs: 1, queuedBytes: 100_000 })
    const idle = transports[1].linkUp(BOB, { profile, latencyMs: 50, queuedBytes: 0 })
    assert.equal(manager.selectForSize(1000, BOB), idle)
  })

  it('does not pass on what a link says that is down already', async () => {
    const { manager, host, transports } = bench('one')
    await manager.start()
    const link = transports[0].linkUp(BOB)
    manager.linkDown(link, 'gone', [])
    manager.frame(link, Uint8Array.of(1))
    manager.drained(link)
    manager.linkDown(link, 'again', [])
    assert.deepEqual([host.frames.length, host.drains, host.downs.length], [0, 0, 1])
  })

  it('reports a transport that does not stop in time, and is done with its links', async () => {
    const { manager, host, clock, log, transports } = bench('one', 'two')
    await manager.start()
    const { promise: never } = Promise.withResolvers<void>()
    let flushEndedAt = Number.NaN
    transports[1].stopping = (signal) => {
      signal.addEventListener('abort', () => {
        flushEndedAt = clock.monotonic()
      })
      return never
    }
    transports[1].linkUp(BOB)
    const link = transports[1].linkUp(CAROL)
    const stopped = manager.stop(1000)
    await clock.advanceAsync(1000)
    assert.deepEqual(await stopped, ['transport two (2 links)'])
    assert.equal(flushEndedAt, 250, 'half of its half')
    assert.deepEqual(log.slice(-2), ['stop two', 'stop one'])
    assert.deepEqual(manager.links.size, 0)
    assert.deepEqual(
      host.downs.map(({ reason }) => reason),
      ['abandoned', 'abandoned'],
    )
    manager.frame(link, Uint8Array.of(1))
    transports[1].linkUp(BOB)
    assert.deepEqual([host.frames.length, host.ups.length, manager.links.size], [0, 2, 0])
  })

  it('goes on stopping the others when one fails to', async () => {
    const { manager, log, transports } = bench('one', 'two')
    await manager.start()
    transports[1].stopping = async () => {
      throw new Error('stuck')
    }
    assert.deepEqual(await manager.stop(1000), ['transport two (0 links)'])
    assert.deepEqual(log.at(-1), 'stop one')
  })
})
