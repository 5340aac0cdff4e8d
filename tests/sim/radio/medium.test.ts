import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { logDistance, macroCell, rangeM, sensitivityDbm } from '../../../src/sim/radio/propagation.ts'
import { airtimeMs, symbolMs } from '../../../src/transport/lora/airtime.ts'
import { rnodeModulation } from '../../../src/transport/lora/rnode-timing.ts'
import { frameOf, RANGE_M, RadioBench, SF8 } from './bench.ts'

const FRAME = frameOf(100)
const AIRTIME = airtimeMs(SF8, FRAME.length)
/** From here on a frame must not be disturbed. */
const CRITICAL = (SF8.preambleSymbols - 5) * symbolMs(SF8)

describe('the medium', () => {
  it('brings a frame to whoever is in range, when it has been sent, with its strength', () => {
    const bench = new RadioBench()
    const a = bench.station('a', 0)
    const near = bench.station('near', 30)
    const edge = bench.station('edge', RANGE_M)
    const out = bench.station('out', RANGE_M + 0.1)
    a.radio.transmit(FRAME)
    bench.clock.advance(AIRTIME - 0.001)
    assert.equal(near.heard.length, 0)
    bench.clock.advance(0.001)
    assert.deepEqual(near.heard[0]?.frame, FRAME)
    assert.equal(near.heard[0]?.signal.dBm, 14 - 130)
    assert.ok(Math.abs((near.heard[0]?.signal.snrDb ?? 0) - 1.03) < 0.01)
    assert.deepEqual([edge.heard.length, out.heard.length, a.heard.length], [1, 0, 0])
    assert.equal(a.radio.counters.airtimeMs, AIRTIME)
    assert.equal(near.radio.counters.receptions, 1)
  })

  it('gives each receiver its own copy of what was sent', () => {
    const bench = new RadioBench()
    const a = bench.station('a', 0)
    const [b, c] = [bench.station('b', 1), bench.station('c', 2)]
    const frame = frameOf(10, 1)
    a.radio.transmit(frame)
    frame[0] = 99
    bench.clock.advance(1000)
    b.heard[0]?.frame.fill(0)
    assert.equal(c.heard[0]?.frame[0], 1)
  })

  it('destroys both of two frames of like strength that overlap', () => {
    const bench = new RadioBench()
    const [a, middle, b] = [bench.station('a', -30), bench.station('middle', 0), bench.station('b', 30)]
    a.radio.transmit(FRAME)
    bench.clock.advance(AIRTIME - CRITICAL - 0.1)
    b.radio.transmit(FRAME)
    bench.clock.advance(1000)
    assert.equal(middle.heard.length, 0)
    assert.equal(middle.radio.counters.collisions, 2)
  })

  it('lets the second through when the first ends within its preamble', () => {
    const bench = new RadioBench()
    const [a, middle, b] = [bench.station('a', -30), bench.station('middle', 0), bench.station('b', 30)]
    a.radio.transmit(frameOf(100, 1))
    bench.clock.advance(AIRTIME - CRITICAL + 0.1)
    b.radio.transmit(frameOf(100, 2))
    bench.clock.advance(1000)
    assert.deepEqual(
      middle.heard.map(({ frame }) => frame[0]),
      [2],
    )
    assert.equal(middle.radio.counters.collisions, 1)
  })

  for (const [margin, survives] of [
    [6, true],
    [5.99, false],
  ] as const) {
    it(`${survives ? 'keeps' : 'loses'} a frame that is ${margin} dB stronger, whichever came first`, () => {
      for (const strongFirst of [true, false]) {
        const bench = new RadioBench()
        const strong = bench.station('strong', -20)
        const middle = bench.station('middle', 0)
        const weak = bench.station('weak', 20 + margin)
        const order = strongFirst ? [strong, weak] : [weak, strong]
        order[0]?.radio.transmit(frameOf(100, strongFirst ? 1 : 2))
        bench.clock.advance(200)
        order[1]?.radio.transmit(frameOf(100, strongFirst ? 2 : 1))
        bench.clock.advance(1000)
        assert.deepEqual(
          middle.heard.map(({ frame }) => frame[0]),
          survives ? [1] : [],
        )
        assert.equal(middle.radio.counters.collisions, survives ? 1 : 2)
      }
    })
  }

  it('makes nodes hidden from each other collide at the one between them, and nowhere else', () => {
    const bench = new RadioBench()
    const [a, middle, b] = [bench.station('a', -35), bench.station('middle', 0), bench.station('b', 35)]
    const besideA = bench.station('beside a', -50)
    assert.ok(!a.radio.reaches(b.radio) && a.radio.reaches(middle.radio) && b.radio.reaches(middle.radio))
    a.radio.transmit(FRAME)
    bench.clock.advance(100)
    assert.ok(middle.radio.isBusy)
    assert.ok(!b.radio.isBusy, 'b cannot know')
    b.radio.transmit(FRAME)
    bench.clock.advance(1000)
    assert.deepEqual([middle.heard.length, besideA.heard.length], [0, 1])
  })

  it('lets frames of other spreading factors, bandwidths and frequencies pass each other', () => {
    const others = [
      { modulation: rnodeModulation(9, 125_000, 5) },
      { modulation: rnodeModulation(8, 250_000, 5) },
      { modulation: SF8, frequencyHz: 868_100_000 },
    ]
    for (const settings of others) {
      const bench = new RadioBench()
      const [a, middle, b] = [
        bench.station('a', -5),
        bench.station('middle', 0),
        bench.station('b', 5, settings),
      ]
      const partner = bench.station('partner', 10, settings)
      a.radio.transmit(FRAME)
      b.radio.transmit(FRAME)
      bench.clock.advance(2000)
      assert.deepEqual([middle.heard.length, partner.heard.length], [1, 1])
    }
  })

  it('makes a radio deaf while it sends, but not after', () => {
    const bench = new RadioBench()
    const [a, b] = [bench.station('a', 0), bench.station('b', 10)]
    a.radio.transmit(FRAME)
    bench.clock.advance(AIRTIME / 2)
    b.radio.transmit(FRAME)
    bench.clock.advance(2000)
    assert.deepEqual([a.heard.length, b.heard.length], [0, 0])
    assert.deepEqual([a.radio.counters.deaf, b.radio.counters.deaf], [1, 1])
    a.radio.transmit(FRAME)
    bench.clock.advance(2000)
    assert.equal(b.heard.length, 1)
  })

  it('lets a radio that finishes sending within the preamble of another hear it', () => {
    const bench = new RadioBench()
    const [a, b] = [bench.station('a', 0), bench.station('b', 10)]
    a.radio.transmit(FRAME)
    bench.clock.advance(AIRTIME - CRITICAL + 0.1)
    b.radio.transmit(FRAME)
    bench.clock.advance(1000)
    assert.equal(a.heard.length, 1)
  })

  it('notices a frame after five symbols, also one too weak to read, until its end', () => {
    const bench = new RadioBench()
    const a = bench.station('a', 0)
    const weak = bench.station('weak', RANGE_M + 2)
    const none = bench.station('none', RANGE_M + 4)
    a.radio.transmit(FRAME)
    assert.ok(a.radio.isBusy)
    bench.clock.advance(5 * symbolMs(SF8) - 0.01)
    assert.ok(!weak.radio.isBusy)
    bench.clock.advance(0.02)
    assert.deepEqual([weak.radio.isBusy, none.radio.isBusy], [true, false])
    bench.clock.advance(AIRTIME)
    assert.deepEqual([weak.radio.isBusy, a.radio.isBusy, weak.heard.length], [false, false, 0])
  })

  it('follows a radio that moves', () => {
    const bench = new RadioBench()
    const [a, b] = [bench.station('a', 0), bench.station('b', 100)]
    a.radio.transmit(FRAME)
    bench.clock.advance(1000)
    b.radio.moveTo({ x: 0, y: 30 })
    a.radio.transmit(FRAME)
    bench.clock.advance(1000)
    assert.equal(b.heard.length, 1)
  })

  it('breaks off what a radio sends that is switched off, and frees its label', () => {
    const bench = new RadioBench()
    const [a, b] = [bench.station('a', 0), bench.station('b', 10)]
    assert.throws(() => bench.station('a', 5), /a radio called a is on the air already/)
    a.radio.transmit(FRAME)
    bench.clock.advance(AIRTIME / 2)
    bench.medium.detach(a.radio)
    assert.ok(!b.radio.isBusy)
    bench.station('a', 5).radio.transmit(FRAME)
    bench.clock.advance(1000)
    assert.equal(b.heard.length, 1)
  })

  it('refuses to send two frames at once, an empty one, and one beyond 255 bytes', () => {
    const { radio } = new RadioBench().station('a', 0)
    assert.throws(() => radio.transmit(frameOf(256)), { code: 'ERR_USAGE' })
    assert.throws(() => radio.transmit(new Uint8Array(0)), { code: 'ERR_USAGE' })
    radio.transmit(FRAME)
    assert.throws(() => radio.transmit(FRAME), { code: 'ERR_USAGE' })
  })
})

describe('the medium with paths that it was told', () => {
  it('lets only those hear each other, with the strength that they were given', () => {
    const paths = (from: string, to: string) => (from === 'a' && to === 'b' ? { dBm: -100 } : undefined)
    const bench = new RadioBench({ paths })
    const [a, b, c] = [bench.station('a', 0), bench.station('b', 0), bench.station('c', 0)]
    a.radio.transmit(FRAME)
    bench.clock.advance(1000)
    b.radio.transmit(FRAME)
    bench.clock.advance(1000)
    assert.deepEqual([a.heard.length, b.heard.length, c.heard.length], [0, 1, 0])
    assert.equal(b.heard[0]?.signal.dBm, -100)
    a.radio.setPower(20)
    a.radio.transmit(FRAME)
    bench.clock.advance(1000)
    assert.equal(b.heard[1]?.signal.dBm, -94)
  })

  it('goes by where they stand where a path has no strength', () => {
    const bench = new RadioBench({ paths: () => ({}) })
    const [a, near, out] = [bench.station('a', 0), bench.station('near', 30), bench.station('out', 50)]
    a.radio.transmit(FRAME)
    bench.clock.advance(1000)
    assert.deepEqual([near.heard.length, out.heard.length], [1, 0])
  })

  it('loses frames by pair, and draws for one pair do not shift those of another', () => {
    const lossesOf = (others: number): boolean[] => {
      const bench = new RadioBench({ paths: (_, to) => ({ dBm: -90, loss: to === 'clear' ? 0 : 0.5 }) })
      const a = bench.station('a', 0)
      const [b, clear] = [bench.station('b', 0), bench.station('clear', 0)]
      for (let n = 0; n < others; n++) bench.station(`other ${n}`, 0)
      const got: boolean[] = []
      for (let n = 0; n < 200; n++) {
        const before = b.heard.length
        a.radio.transmit(FRAME)
        bench.clock.advance(1000)
        got.push(b.heard.length > before)
      }
      assert.equal(clear.heard.length, 200)
      assert.equal(b.radio.counters.lost + b.radio.counters.receptions, 200)
      assert.ok(Math.abs(b.radio.counters.lost - 100) < 30)
      return got
    }
    assert.deepEqual(lossesOf(0), lossesOf(3))
  })

  it('spoils long frames more often than short ones where it is noise', () => {
    const bench = new RadioBench({ paths: () => ({ dBm: -90, loss: { perByte: 0.01 } }) })
    const [a, b] = [bench.station('a', 0), bench.station('b', 0)]
    const lostOf = (bytes: number): number => {
      const before = b.radio.counters.lost
      for (let n = 0; n < 200; n++) {
        a.radio.transmit(new Uint8Array(bytes))
        bench.clock.advance(1000)
      }
      return (b.radio.counters.lost - before) / 200
    }
    assert.ok(Math.abs(lostOf(20) - 0.18) < 0.1)
    assert.ok(Math.abs(lostOf(200) - 0.87) < 0.1)
  })
})

describe('the medium with a scale of time', () => {
  it('takes frames so much quicker, and counts their airtime in full', () => {
    for (const scale of [0.5, 0]) {
      const bench = new RadioBench({ airtimeScale: scale })
      const [a, b] = [bench.station('a', 0), bench.station('b', 10)]
      a.radio.transmit(FRAME)
      bench.clock.advance(1000)
      assert.equal(b.heard[0]?.at, scale * AIRTIME)
      assert.equal(a.radio.counters.airtimeMs, AIRTIME)
    }
  })
})

describe('what the medium tells of transmissions', () => {
  it('is what became of each at all that noticed it, also where it broke off', () => {
    const told: string[] = []
    const bench = new RadioBench({
      onTransmission: ({ from, at, isBroken, outcomes }) => {
        const fates = outcomes.map(({ radio, fate }) => `${radio.label} ${fate}`).join(', ')
        told.push(`${from.label} at ${at}${isBroken ? ' broken' : ''}: ${fates}`)
      },
    })
    const [a, b] = [bench.station('a', 0), bench.station('b', 30)]
    bench.station('weak', -RANGE_M - 2)
    const c = bench.station('c', 60)
    a.radio.transmit(FRAME)
    bench.clock.advance(1000)
    a.radio.transmit(FRAME)
    c.radio.transmit(FRAME)
    bench.clock.advance(1000)
    b.radio.transmit(FRAME)
    a.radio.transmit(FRAME)
    bench.clock.advance(1000)
    a.radio.transmit(FRAME)
    bench.medium.detach(b.radio)
    bench.clock.advance(10)
    bench.medium.detach(a.radio)
    assert.deepEqual(told, [
      'a at 0: b received, weak weak',
      'a at 1000: b collided, weak weak',
      'c at 1000: b collided',
      'b at 2000: a deaf, c received',
      'a at 2000: b deaf, weak weak',
      'a at 3000 broken: ',
    ])
  })
})

describe('what a radio knows of its channel', () => {
  it('is told as it changes: a frame once it is noticed, noise at once', () => {
    const bench = new RadioBench()
    const told: string[] = []
    const radio = bench.medium.attach(
      { label: 'ear', position: { x: 0, y: 0 }, modulation: SF8 },
      {
        received: () => undefined,
        transmitted: () => undefined,
        airChanged: () => {
          told.push(`${bench.clock.monotonic().toFixed(2)} ${radio.hasCarrier} ${Math.round(radio.levelDbm)}`)
        },
      },
    )
    const [a, b] = [bench.station('a', 20), bench.station('b', 26)]
    a.radio.transmit(frameOf(20))
    bench.clock.advance(5)
    b.radio.transmit(frameOf(10))
    bench.clock.advance(1000)
    radio.addNoise(-90, 50)
    bench.clock.advance(100)
    const [aEnds, bEnds] = [airtimeMs(SF8, 20).toFixed(2), (5 + airtimeMs(SF8, 10)).toFixed(2)]
    assert.deepEqual(told, [
      '10.24 true -106',
      '15.24 true -106',
      `${bEnds} true -106`,
      `${aEnds} false -117`,
      '1005.00 false -90',
      '1055.00 false -117',
    ])
  })

  it('takes a frame of which it has missed the beginning for noise', () => {
    const bench = new RadioBench()
    const [a, b] = [bench.station('a', 0), bench.station('b', 10)]
    a.radio.transmit(frameOf(10))
    b.radio.transmit(frameOf(200))
    bench.clock.advance(airtimeMs(SF8, 10) + 1)
    assert.deepEqual([a.radio.isSending, a.radio.hasCarrier, a.radio.levelDbm], [false, false, 14 - 110])
  })

  it('loses a frame to noise that is as strong', () => {
    const bench = new RadioBench()
    const [a, b] = [bench.station('a', 0), bench.station('b', 10)]
    a.radio.transmit(FRAME)
    bench.clock.advance(100)
    b.radio.addNoise(14 - 110 - 5.9, 10)
    bench.clock.advance(1000)
    a.radio.transmit(FRAME)
    bench.clock.advance(100)
    b.radio.addNoise(14 - 110 - 6, 10)
    bench.clock.advance(1000)
    assert.deepEqual([b.heard.length, b.radio.counters.collisions], [1, 1])
  })
})

describe('propagation', () => {
  it('gives the ranges of the published settings', () => {
    // 868 MHz, 1 m antennas, 16 dBm, read down to -124.25 dBm.
    const cell = macroCell({ frequencyHz: 868e6, antennaM: 1 })
    assert.ok(Math.abs(cell(1000) - 147.17) < 0.01)
    assert.ok(Math.abs(rangeM(cell, 16 + 124.25) - 701) < 1)
    assert.equal(logDistance()(40), 127.41)
  })

  it('reads signals as weak as the data sheets say', () => {
    const of = (sf: number, kHz: number) => sensitivityDbm(rnodeModulation(sf, kHz * 1000, 5))
    assert.ok(Math.abs(of(7, 125) - -124.5) < 0.1)
    assert.ok(Math.abs(of(11, 250) - -131.5) < 0.1)
    assert.ok(Math.abs(of(12, 125) - -137) < 0.1)
  })
})
