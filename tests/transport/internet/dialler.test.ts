import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { Address } from '../../../src/identity/address.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { seededRandom } from '../../../src/runtime/random.ts'
import { VirtualClock } from '../../../src/sim/clock.ts'
import {
  EAGER_DELAY_MS,
  EAGER_WAITS,
  FIRST_DELAY_MS,
  LONGEST_DELAY_MS,
} from '../../../src/transport/internet/backoff.ts'
import { Dialler } from '../../../src/transport/internet/dialler.ts'
import { linkFailure } from '../../../src/transport/internet/failure.ts'
import {
  DIAL_TIMEOUT_MS,
  FOUND_PEER_REST_MS,
  FOUND_PEER_TRIES,
  MAX_FOUND_PEERS,
  SHORT_CALL_MS,
  STABLE_LINK_MS,
} from '../../../src/transport/internet/limits.ts'
import type { PeerAddress } from '../../../src/transport/internet/multiaddrs.ts'
import type { StreamLink } from '../../../src/transport/internet/stream-link.ts'
import { newTransportCounters } from '../../../src/transport/transport.ts'

const NEIGHBOUR = Address.parse('b'.repeat(32))
const TEXT = '/ip4/192.0.2.7/tcp/4001'

const CONFIGURED = { text: TEXT, dial: [multiaddr(TEXT)], peerId: undefined, neighbour: undefined }

/** A dialler of one peer whose dials a test answers by hand. */
class Bench {
  readonly clock = new VirtualClock()
  readonly counters = newTransportCounters()
  /** When each dial began, ms. */
  readonly dials: number[] = []
  readonly dialler: Dialler
  #last: StreamLink | undefined
  /** The one link there is to the peer. */
  present: StreamLink | undefined
  answer: (signal: AbortSignal) => Promise<StreamLink> = async () => {
    throw linkFailure('dial_failed', 'nobody there')
  }

  constructor(peers: readonly PeerAddress[] = [CONFIGURED]) {
    this.dialler = new Dialler({
      peers,
      dial: (_, signal) => {
        this.dials.push(this.clock.monotonic())
        return this.answer(signal)
      },
      linkTo: () => this.present,
      clock: this.clock,
      random: seededRandom('dialler'),
      logger: silentLogger,
      counters: this.counters,
    })
  }

  get state(): string | undefined {
    return this.dialler.targets[0]?.state
  }

  link(): StreamLink {
    this.#last = {
      neighbour: NEIGHBOUR,
      upSince: this.clock.monotonic(),
      isClosed: false,
      latencyMs: 0,
    } as StreamLink
    return this.#last
  }

  /** Takes the last link down. */
  lose(): void {
    if (this.#last !== undefined) this.dialler.linkDown(this.#last)
  }
}

describe('the dialler', () => {
  it('tries at once, then once a second, at last ever more seldom, and shows the last error', async () => {
    const bench = new Bench()
    bench.dialler.start()
    assert.equal(bench.state, 'connecting')
    await bench.clock.advanceAsync(0)
    assert.deepEqual(bench.dialler.targets, [{ address: TEXT, state: 'waiting', lastError: 'nobody there' }])
    await bench.clock.advanceAsync(300_000)
    const waits = bench.dials.slice(1).map((at, n) => at - (bench.dials[n] as number))
    assert.equal(bench.dials[0], 0)
    assert.ok((waits[0] as number) <= FIRST_DELAY_MS)
    assert.ok(waits.slice(0, EAGER_WAITS).every((wait) => wait <= EAGER_DELAY_MS))
    assert.ok((waits.at(-1) as number) > LONGEST_DELAY_MS / 2)
    assert.equal(bench.counters.errors.get('dial_failed'), bench.dials.length)
  })

  it('leaves a peer that refuses ever more time from the start', async () => {
    const bench = new Bench()
    bench.answer = async () => {
      throw linkFailure('refused_full', 'it has as many links as it allows')
    }
    bench.dialler.start()
    await bench.clock.advanceAsync(30_000)
    assert.ok(bench.dials.length <= 10, `${bench.dials.length}`)
    await bench.dialler.stop()
  })

  it('makes short calls to a peer that does not answer, one behind the other, and each fourth a long one', async () => {
    const bench = new Bench()
    bench.answer = (signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    bench.dialler.start()
    await bench.clock.advanceAsync(60_000)
    const gaps = bench.dials.slice(1).map((at, n) => at - (bench.dials[n] as number))
    const lengths = gaps.slice(0, 9).map((gap) => Math.floor(gap / 1000) * 1000)
    const [long, short] = [DIAL_TIMEOUT_MS, SHORT_CALL_MS]
    assert.deepEqual(lengths, [long, short, short, short, long, short, short, short, long])
    assert.ok(gaps.every((gap) => gap % 1000 <= FIRST_DELAY_MS))
    await bench.dialler.stop()
  })

  it('gives up an attempt that takes too long', async () => {
    const bench = new Bench()
    bench.answer = (signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    bench.dialler.start()
    await bench.clock.advanceAsync(DIAL_TIMEOUT_MS - 1)
    assert.equal(bench.state, 'connecting')
    await bench.clock.advanceAsync(1)
    assert.equal(bench.state, 'waiting')
    assert.equal(bench.counters.errors.get('dial_timeout'), 1)
    await bench.dialler.stop()
  })

  it('calls the neighbour of a link in doubt, one call at a time, and stays connected', async () => {
    const bench = new Bench()
    const link = bench.link()
    bench.answer = async () => link
    bench.dialler.start()
    await bench.clock.advanceAsync(5000)
    const silence = (signal: AbortSignal): Promise<StreamLink> =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    const doubtFor = async (durationMs: number): Promise<void> => {
      for (let ms = 0; ms < durationMs; ms += 250) {
        bench.dialler.doubt(link)
        await bench.clock.advanceAsync(250)
      }
    }
    bench.answer = silence
    await doubtFor(SHORT_CALL_MS)
    assert.deepEqual(bench.dials, [0, 5000])
    bench.answer = async () => {
      throw linkFailure('dial_failed', 'nobody there')
    }
    await doubtFor(2000)
    assert.deepEqual(bench.dials.slice(2), [7000, 8000])
    assert.equal(bench.state, 'connected')

    bench.answer = silence
    bench.dialler.doubt(link)
    bench.dialler.relief(link)
    await bench.clock.advanceAsync(1000)
    assert.equal(bench.state, 'connected')
    assert.equal(bench.counters.errors.size, 0)
    bench.dialler.doubt(link)
    assert.deepEqual(bench.dials.slice(4), [9000, 10_000])

    bench.dialler.linkDown(link)
    assert.equal(bench.state, 'connecting')
    await bench.clock.advanceAsync(SHORT_CALL_MS)
    assert.equal(bench.state, 'waiting')
    await bench.dialler.stop()
  })

  it('takes what the call of a link in doubt brings', async () => {
    const bench = new Bench()
    const [old, fresh] = [bench.link(), bench.link()]
    bench.answer = async () => old
    bench.dialler.start()
    await bench.clock.advanceAsync(5000)
    bench.answer = async () => fresh
    bench.dialler.doubt(old)
    await bench.clock.advanceAsync(0)
    bench.dialler.linkDown(old)
    assert.equal(bench.state, 'connected')
    bench.dialler.doubt(old)
    assert.equal(bench.dials.length, 2)
    bench.dialler.linkDown(fresh)
    assert.equal(bench.state, 'waiting')
  })

  it('begins anew on another network, and gives up the calls it made on the old one', async () => {
    const bench = new Bench()
    bench.dialler.start()
    await bench.clock.advanceAsync(20_000)
    assert.equal(bench.state, 'waiting')
    bench.answer = (signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    const count = bench.dials.length
    bench.dialler.networkChanged()
    await bench.clock.advanceAsync(FIRST_DELAY_MS)
    assert.equal(bench.dials.length, count + 1)
    assert.equal(bench.state, 'connecting')
    bench.dialler.networkChanged()
    await bench.clock.advanceAsync(FIRST_DELAY_MS)
    assert.equal(bench.dials.length, count + 2)
    assert.equal(bench.counters.errors.get('network_changed'), 1)
    await bench.dialler.stop()
  })

  it('dials again when the link is lost: soon after a long life, later after short ones', async () => {
    const bench = new Bench()
    let link = bench.link()
    bench.answer = async () => {
      link = bench.link()
      return link
    }
    bench.dialler.start()
    const lose = async (afterMs: number): Promise<number> => {
      await bench.clock.advanceAsync(afterMs)
      assert.equal(bench.state, 'connected')
      const count = bench.dials.length
      const lostAt = bench.clock.monotonic()
      bench.dialler.linkDown(link)
      assert.equal(bench.state, 'waiting')
      while (bench.dials.length === count) await bench.clock.advanceAsync(10)
      return bench.clock.monotonic() - lostAt
    }
    for (let n = 0; n < 6; n++) await lose(1000)
    assert.ok((await lose(1000)) > 4 * FIRST_DELAY_MS)
    assert.ok((await lose(STABLE_LINK_MS)) <= FIRST_DELAY_MS + 10)
  })

  it('counts a link that the neighbour made, once it knows who lives there', async () => {
    const bench = new Bench()
    const first = bench.link()
    bench.answer = async () => first
    bench.dialler.start()
    await bench.clock.advanceAsync(0)
    bench.dialler.linkDown(first)
    bench.dialler.linkUp(bench.link())
    assert.deepEqual(bench.dialler.targets, [{ address: TEXT, state: 'connected' }])
    await bench.clock.advanceAsync(600_000)
    assert.equal(bench.dials.length, 1)
  })

  it('does not dial a neighbour that it is linked to when the wait is over', async () => {
    const bench = new Bench()
    const first = bench.link()
    bench.answer = async () => first
    bench.dialler.start()
    await bench.clock.advanceAsync(0)
    bench.dialler.linkDown(first)
    bench.present = bench.link()
    await bench.clock.advanceAsync(FIRST_DELAY_MS)
    assert.equal(bench.state, 'connected')
    assert.equal(bench.dials.length, 1)
  })

  it('does not try itself again', async () => {
    const bench = new Bench()
    bench.answer = async () => {
      throw linkFailure('self', 'that is this node')
    }
    bench.dialler.start()
    await bench.clock.advanceAsync(600_000)
    assert.deepEqual(bench.dialler.targets, [
      { address: TEXT, state: 'refused', lastError: 'that is this node' },
    ])
    assert.equal(bench.dials.length, 1)
  })

  it('ends what is under way when it stops, and dials no more', async () => {
    const bench = new Bench()
    let isAborted = false
    bench.answer = (signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          isAborted = true
          reject(signal.reason)
        })
      })
    bench.dialler.start()
    await bench.dialler.stop()
    assert.ok(isAborted)
    await bench.clock.advanceAsync(600_000)
    assert.equal(bench.dials.length, 1)
    assert.equal(bench.counters.errors.size, 0)
  })
})

describe('a node that was found', () => {
  const FOUND = { text: TEXT, dial: [multiaddr(TEXT)], peerId: 'somebody', neighbour: NEIGHBOUR }

  /** A dialler with no configured peer. */
  function bench(): Bench {
    const made = new Bench([])
    made.dialler.start()
    return made
  }

  it('is called at once, once, and does not count among the peers', async () => {
    const { dialler, dials, clock } = bench()
    dialler.offer(FOUND)
    dialler.offer({ ...FOUND, text: `${TEXT}1` })
    await clock.advanceAsync(0)
    assert.equal(dials.length, 1)
    assert.deepEqual(dialler.targets, [])
  })

  it('is not called when there is a link', () => {
    const made = bench()
    made.present = made.link()
    made.dialler.offer(FOUND)
    assert.equal(made.dials.length, 0)
  })

  it('is left alone after a few failures, for a while', async () => {
    const { dialler, dials, clock } = bench()
    dialler.offer(FOUND)
    await clock.advanceAsync(60_000)
    assert.equal(dials.length, FOUND_PEER_TRIES)
    dialler.offer(FOUND)
    assert.equal(dials.length, FOUND_PEER_TRIES)
    await clock.advanceAsync(FOUND_PEER_REST_MS)
    dialler.offer(FOUND)
    assert.equal(dials.length, FOUND_PEER_TRIES + 1)
  })

  it('that takes the call and hangs up each time is left alone as well', async () => {
    const made = bench()
    made.answer = async () => made.link()
    made.dialler.offer(FOUND)
    for (let n = 0; n < 2 * FOUND_PEER_TRIES; n++) {
      await made.clock.advanceAsync(0)
      made.lose()
      await made.clock.advanceAsync(2000)
    }
    assert.equal(made.dials.length, FOUND_PEER_TRIES)
  })

  it('is one of a bounded number', async () => {
    const { dialler, dials } = bench()
    for (let n = 0; n < 2 * MAX_FOUND_PEERS; n++) {
      const neighbour = Address.parse(n.toString(16).padStart(32, '0'))
      dialler.offer({ ...FOUND, peerId: `peer ${n}`, neighbour })
    }
    assert.equal(dials.length, MAX_FOUND_PEERS)
  })
})
