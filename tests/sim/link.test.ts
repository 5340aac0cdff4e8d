import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type GilbertElliott, type LinkModel, linkModelProblems } from '../../src/sim/link-model.ts'
import { numbered, type Receiver, receiver } from './engine.ts'

/** Sends `count` frames of `bytes` bytes, one every `everyMs`. */
async function sendSteadily({ engine, link }: Receiver, count: number, everyMs: number, bytes = 100) {
  for (let number = 0; number < count; number++) {
    assert.ok(link.send(numbered(number, bytes), 2))
    await engine.pass(everyMs)
  }
  await engine.pass(10_000)
}

const seeds = fc.integer({ min: 0, max: 1_000_000 }).map(String)
const fewRuns = { numRuns: 20 }

describe('a simulated link', () => {
  it('takes its latency and what the bit rate takes, and no more', async () => {
    const { engine, link, arrivals } = await receiver({ latencyMs: 20, bitsPerSecond: 10_000 })
    link.send(numbered(0, 125), 2)
    link.send(numbered(1, 250), 2)
    await engine.pass(1000)
    assert.deepEqual(
      arrivals.map(({ at }) => at),
      [120, 320],
    )
  })

  it('never carries more than its bit rate, whatever is sent when', async () => {
    const bursts = fc.array(fc.record({ count: fc.integer({ min: 1, max: 20 }), pauseMs: fc.nat(500) }), {
      minLength: 1,
      maxLength: 10,
      size: 'max',
    })
    await fc.assert(
      fc.asyncProperty(seeds, bursts, async (seed, plan) => {
        const bits = 80_000
        const one = await receiver({ bitsPerSecond: bits, latencyMs: 5, jitterMs: 0 }, seed)
        let number = 0
        for (const { count, pauseMs } of plan) {
          for (let i = 0; i < count; i++) one.link.send(numbered(number++, 200), 2)
          await one.engine.pass(pauseMs)
        }
        await one.engine.pass(10_000)
        assert.equal(one.arrivals.length, number)
        // Each frame takes 20 ms on the wire; arrivals are told in steps of 1/16 ms.
        for (let i = 1; i < number; i++) {
          const gap = (one.arrivals[i]?.at as number) - (one.arrivals[i - 1]?.at as number)
          assert.ok(gap >= 20 - 1 / 8, `frame ${i} came ${gap} ms after the one before`)
        }
      }),
      fewRuns,
    )
  })

  it('keeps the order of frames and adds no more than its jitter', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, fc.nat(200), async (seed, jitterMs) => {
        const one = await receiver({ latencyMs: 10, jitterMs }, seed)
        await sendSteadily(one, 200, 3)
        const { arrivals } = one
        assert.deepEqual(
          arrivals.map(({ number }) => number),
          Array.from({ length: 200 }, (_, number) => number),
        )
        for (const { at, number } of arrivals) {
          const took = at - number * 3
          assert.ok(took >= 10 && took <= 10 + jitterMs + 0.25, `frame ${number} took ${took} ms`)
        }
        if (jitterMs > 20) assert.ok(new Set(arrivals.map(({ at, number }) => at - number * 3)).size > 20)
      }),
      fewRuns,
    )
  })

  it('loses the share it is to lose', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, fc.constantFrom(0, 0.02, 0.3, 0.9, 1), async (seed, loss) => {
        const one = await receiver({ loss }, seed)
        await sendSteadily(one, 2000, 1)
        const share = 1 - one.arrivals.length / 2000
        // Five standard deviations of a binomial share.
        const margin = 5 * Math.sqrt((loss * (1 - loss)) / 2000)
        assert.ok(Math.abs(share - loss) <= margin, `lost ${share} of what was to be ${loss}`)
        assert.equal(one.engine.network.lost, 2000 - one.arrivals.length)
      }),
      fewRuns,
    )
  })

  it('loses in bursts as Gilbert and Elliott have it', async () => {
    const model: GilbertElliott = { goodLoss: 0, badLoss: 1, toBad: 0.02, toGood: 0.2 }
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const one = await receiver({ loss: model }, seed)
        await sendSteadily(one, 6000, 1)
        const share = 1 - one.arrivals.length / 6000
        // In the long run it is bad for toBad / (toBad + toGood) of the frames; bursts are 1 / toGood long.
        assert.ok(share > 0.05 && share < 0.14, `lost ${share}`)
        const got = new Set(one.arrivals.map(({ number }) => number))
        let bursts = 0
        for (let number = 1; number < 6000; number++) if (!got.has(number) && got.has(number - 1)) bursts += 1
        const length = (6000 - got.size) / bursts
        assert.ok(length > 3.2 && length < 7.5, `bursts of ${length} frames`)
      }),
      { numRuns: 5 },
    )
  })

  it('says what it measures of its losses', async () => {
    const one = await receiver({ loss: 0.5 })
    assert.equal((one.link as { loss?: number }).loss, 0)
    await sendSteadily(one, 1000, 1)
    const { loss = 0 } = one.link as { loss?: number }
    assert.ok(loss > 0.25 && loss < 0.75, `${loss}`)
  })

  it('delivers copies and overtakes where it is to, and nowhere else', async () => {
    const plain = await receiver({ latencyMs: 10 })
    await sendSteadily(plain, 500, 1)
    assert.equal(plain.arrivals.length, 500)
    const odd = await receiver({ latencyMs: 10, duplicate: 0.2, reorder: 0.2 })
    await sendSteadily(odd, 500, 1)
    const numbers = odd.arrivals.map(({ number }) => number)
    assert.equal(new Set(numbers).size, 500)
    const copies = numbers.length - 500
    assert.ok(copies > 60 && copies < 140, `${copies} copies`)
    const overtaken = numbers.filter((number, place) => place > 0 && number < (numbers[place - 1] as number))
    assert.ok(overtaken.length > 30, `${overtaken.length} were overtaken`)
    assert.equal(odd.engine.queue.size, 0, 'no events are left over')
    assert.ok(odd.engine.queue.fired < 4 * 500, `${odd.engine.queue.fired} events for 500 frames`)
  })

  it('can be blocked in one direction only', async () => {
    const one = await receiver({ reverse: { blocked: true } })
    const back = one.engine.network
    await sendSteadily(one, 10, 1)
    assert.equal(one.arrivals.length, 10)
    back.connect(0, 1, { blocked: true, reverse: { blocked: false } })
    await sendSteadily(one, 10, 1)
    assert.equal(one.arrivals.length, 10)
    assert.deepEqual(one.downs, [], 'nobody is told')
  })

  it('carries nothing while it is clogged, and everything afterwards, urgent frames first', async () => {
    const one = await receiver({ bitsPerSecond: 1e6 })
    one.engine.network.clog(0, 1, 500)
    one.link.send(numbered(1, 100), 3)
    one.link.send(numbered(2, 100), 3)
    one.link.send(numbered(3, 100), 0)
    await one.engine.pass(490)
    assert.deepEqual(one.arrivals, [])
    await one.engine.pass(100)
    assert.deepEqual(
      one.arrivals.map(({ number }) => number),
      [3, 1, 2],
    )
  })

  it('clogs by itself for the share of time that its model gives', async () => {
    const one = await receiver({ clog: { everyMs: 300, forMs: 100 } }, 'clogs')
    await sendSteadily(one, 20_000, 1, 10)
    assert.equal(one.arrivals.length, 20_000)
    const late = one.arrivals.filter(({ at, number }) => at - number > 1.5).length / 20_000
    assert.ok(late > 0.2 && late < 0.3, `${late} of the frames had to wait`)
  })

  it('loses what is under way when it is taken away, gives back what waits, and tells both ends', async () => {
    const { engine, link, arrivals, downs } = await receiver({ latencyMs: 100 })
    link.send(numbered(0, 10), 2)
    await engine.pass(50)
    engine.network.disconnect(0, 1)
    await engine.pass(200)
    assert.deepEqual(arrivals, [])
    assert.deepEqual(downs.toSorted(), ['0 disconnected', '1 disconnected'])
    assert.equal(link.send(numbered(1, 10), 2), false)
  })

  it('is refused with a line for each property that makes no sense', () => {
    const problems = linkModelProblems({
      latencyMs: -1,
      loss: { goodLoss: 0, badLoss: 2, toBad: 0, toGood: 0 },
      speed: 3,
      reverse: { mtu: 100, duplicate: 'often' },
    })
    assert.deepEqual(
      problems,
      [
        'latencyMs: expected a number of 0 or more, got -1',
        'loss: expected a probability, or goodLoss, badLoss, toBad and toGood, ' +
          'got {"goodLoss":0,"badLoss":2,"toBad":0,"toGood":0}',
        'speed: no such property of a link',
        'reverse.mtu: both directions have the same mtu',
        'reverse.mtu: both directions have the same mtu',
        'reverse.duplicate: expected a probability, 0 to 1, got "often"',
      ].filter((line, place, all) => all.indexOf(line) === place),
    )
    assert.deepEqual(linkModelProblems({ loss: 0.5, clog: { everyMs: 1, forMs: 1 } }), [])
    assert.deepEqual(linkModelProblems(7), ['expected a table of link properties'])
  })

  it('whose queue does not hold its longest frame is an error', async () => {
    const model: Partial<LinkModel> = { queueBytes: 1000 }
    await assert.rejects(receiver(model), { code: 'ERR_USAGE', message: /longest frame, 65680 bytes/ })
  })
})
