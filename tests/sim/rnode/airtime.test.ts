/** How long frames take, what the firmware thinks they take, and what it makes of it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { AirtimeBins } from '../../../src/sim/rnode/airtime-bins.ts'
import { boardOf } from '../../../src/sim/rnode/board.ts'
import { chargedMs, modulationOf, newSettings, timingOf } from '../../../src/sim/rnode/settings.ts'
import { airtimeMs } from '../../../src/transport/lora/airtime.ts'
import { decodeChannelTime } from '../../../src/transport/lora/rnode/commands.ts'
import { encodeKiss } from '../../../src/transport/lora/rnode/kiss.ts'
import { type Host, packetOf, RNodeBench } from './bench.ts'

const ON_AIR = [
  [7, 67.84, 416],
  [8, 113.152, 727.552],
  [9, 205.824, 1291.264],
  [10, 411.648, 2377.728],
  [11, 823.296, 4345.856],
  [12, 1646.592, 9347.072],
] as const

describe('time on air', () => {
  for (const [sf, short, long] of ON_AIR) {
    it(`of the frames of an RNode at SF ${sf} and 125 kHz is that of the published formula`, () => {
      const bench = new RNodeBench()
      const host = bench.radio('a', { sf })
      host.send(packetOf(16))
      host.send(packetOf(254))
      bench.clock.advance(30_000)
      const times = bench.air.log.map(({ airtimeMs: ms }) => ms)
      for (const [index, ms] of [short, long].entries()) assert.ok(Math.abs((times[index] ?? 0) - ms) < 1e-9)
      const [first, second] = bench.air.log
      assert.ok(Math.abs((second?.at ?? 0) - (first?.at ?? 0) - short) < 1e-6, 'back to back')
      assert.ok(Math.abs(host.modem.radioCounters.airtimeMs - short - long) < 1e-6)
    })
  }
})

describe('what the firmware charges itself', () => {
  const modulation = (sf: number, chip: 'sx126x' | 'sx127x' = 'sx126x') =>
    modulationOf(boardOf({ chip }), { ...newSettings(), spreadingFactor: sf, bandwidthHz: 125_000 })

  it('is less than it takes: 2 to 17 % on an SX126x, at most 10 % on an SX127x', () => {
    for (const sf of [7, 8, 9, 10, 11, 12]) {
      for (const [bytes, least, most] of [
        [16, 0.08, 0.17],
        [51, 0.06, 0.09],
        [222, 0.02, 0.035],
        [255, 0.015, 0.03],
      ] as const) {
        const frame = Math.min(bytes + 1, 255)
        const exact = airtimeMs(modulation(sf), frame)
        const under = 1 - chargedMs(modulation(sf), timingOf(modulation(sf)), frame) / exact
        assert.ok(under >= least - 0.005 && under <= most + 0.005, `SF ${sf}, ${bytes} bytes: ${under}`)
      }
      const sx127x = modulation(sf, 'sx127x')
      const under = 1 - chargedMs(sx127x, timingOf(sx127x), 16) / airtimeMs(sx127x, 16)
      assert.ok(under >= -1e-9 && under <= 0.1, `SF ${sf} on an SX127x: ${under}`)
    }
  })

  it('lands in bins of 7.5 s, of which the short share sees two and the long one an hour', () => {
    const bins = new AirtimeBins()
    bins.charge(1000, 1500.9)
    bins.update(1000)
    assert.equal(bins.shares.airtimeShort, 1500 / 15_000)
    assert.equal(bins.shares.airtimeLong, 1500 / 3_600_000)
    bins.update(14_999)
    assert.equal(bins.shares.airtimeShort, 0.1)
    bins.update(15_000)
    assert.equal(bins.shares.airtimeShort, 0)
    assert.equal(bins.shares.airtimeLong, 1500 / 3_600_000)
    for (let now = 15_000; now < 3_592_500; now += 1000) bins.update(now)
    assert.equal(bins.shares.airtimeLong, 1500 / 3_600_000)
    bins.update(3_592_500)
    assert.equal(bins.shares.airtimeLong, 0, 'the bin of the next turn is emptied')
  })
})

function channelTimes(host: Host) {
  return host.of(0x25).map((args) => {
    assert.equal(args.length, 11)
    const time = decodeChannelTime(args)
    assert.ok(time)
    return time
  })
}

describe('what the modem tells of the channel', () => {
  it('comes about once a second while it is on, and after it has sent', () => {
    const bench = new RNodeBench()
    const host = bench.radio('a')
    bench.clock.advance(60_000)
    const times = host.frames.filter(({ command }) => command === 0x25).map(({ at }) => at)
    assert.equal(times.length, 64, 'seven seconds and a half second, eight times')
    assert.equal((times[1] ?? 0) - (times[0] ?? 0), 999)
    host.send(packetOf(50))
    bench.clock.advance(5)
    while (host.modem.radioCounters.transmissions === 0 || host.modem.status.isSending) bench.clock.advance(1)
    assert.ok((channelTimes(host).at(-1)?.airtimeShort ?? 0) > 0)
    const silent = bench.host('off')
    bench.clock.advance(5000)
    assert.equal(silent.of(0x25).length, 0)
    const avr = bench.radio('avr', { platform: 'avr', resetsOnOpen: false })
    bench.clock.advance(5000)
    assert.equal(avr.frames.filter(({ command }) => command >= 0x25 && command <= 0x29).length, 0)
  })

  it('is how much of the last 7.5 s others were on the air, and of the hour', () => {
    const bench = new RNodeBench()
    const [a, b] = [bench.radio('a'), bench.radio('b')]
    for (let n = 0; n < 14; n++) a.send(packetOf(254))
    bench.clock.advance(20_000)
    const heard = Math.max(...channelTimes(b).map(({ channelShort }) => channelShort))
    assert.ok(heard > 0.95 && heard <= 1, `${heard}`)
    assert.ok((channelTimes(b).at(-1)?.channelLong ?? 0) >= 1 / 480)
    assert.deepEqual([channelTimes(b).at(-1)?.rssiDbm, channelTimes(b).at(-1)?.noiseFloorDbm], [-117, -117])
    assert.equal(channelTimes(b).at(-1)?.airtimeShort, 0)
  })

  it('begins anew when the radio was off, except on an nRF52', () => {
    for (const [platform, kept] of [
      ['esp32', false],
      ['nrf52', true],
    ] as const) {
      const bench = new RNodeBench()
      const host = bench.radio('a', { platform })
      host.send(packetOf(254))
      bench.clock.advance(3000)
      host.ask('c00600c0c00601c0', 1500)
      assert.equal((channelTimes(host).at(-1)?.airtimeLong ?? 0) > 0, kept)
    }
  })
})

describe('the airtime locks', () => {
  /** @returns how long it sent in each quarter of a minute, ms, with its queue never empty. */
  function sentPerQuarter(lock: number, percent: number, platform: 'esp32' | 'avr' = 'esp32'): number[] {
    const bench = new RNodeBench()
    const host = bench.radio('a', { platform, resetsOnOpen: false })
    host.write(encodeKiss(lock, [(percent * 100) >> 8, (percent * 100) & 0xff]))
    const quarters: number[] = []
    for (let n = 0; n < 20; n++) {
      const before = host.modem.radioCounters.airtimeMs
      for (let ms = 0; ms < 15_000; ms += 500) {
        if (host.modem.status.queuedPackets === 0) host.send(packetOf(200))
        bench.clock.advance(500)
      }
      quarters.push(host.modem.radioCounters.airtimeMs - before)
    }
    return quarters
  }

  it('keep it from sending while the short share is over its limit, and nobody is told', () => {
    const bench = new RNodeBench()
    const host = bench.radio('a')
    host.ask('c00b01f4c0')
    for (let n = 0; n < 4; n++) host.send(packetOf(254))
    bench.clock.advance(4000)
    host.send(packetOf(30))
    host.take()
    bench.clock.advance(4000)
    assert.deepEqual([host.modem.status.isLocked, host.modem.status.queuedPackets], [true, 1])
    assert.equal(host.modem.radioCounters.transmissions, 4, 'one access may overshoot')
    assert.ok(host.frames.every(({ command }) => command !== 0x90))
    bench.clock.advance(12_000)
    assert.equal(host.modem.radioCounters.transmissions, 5)
  })

  it('hold about the share that they were told, in the long run', () => {
    const quarters = sentPerQuarter(0x0b, 10)
    const share = quarters.reduce((a, b) => a + b, 0) / 300_000
    assert.ok(share > 0.05 && share < 0.15, `${share}`)
    assert.ok(sentPerQuarter(0x0b, 0)[0] ?? 0 > 5000, 'without a lock')
  })

  it('of the hour count since the radio went on', () => {
    const quarters = sentPerQuarter(0x0c, 1)
    const sum = quarters.reduce((a, b) => a + b, 0)
    assert.ok(sum > 36_000 && sum < 39_000, `${sum} ms: 1 % of an hour, and what it undercharges`)
    assert.equal(quarters.at(-1), 0)
  })

  it('are nothing to a board without telemetry', () => {
    assert.ok((sentPerQuarter(0x0b, 1, 'avr').at(-1) ?? 0) > 5000)
  })
})

describe('the watchdog', () => {
  it('gives a frame of more than 20 s up, complains, and boots', () => {
    const bench = new RNodeBench()
    const [a, b] = [bench.radio('a', { sf: 12, kHz: 31.25 }), bench.radio('b', { sf: 12, kHz: 31.25 })]
    a.send(packetOf(254))
    bench.clock.advance(19_000)
    a.take()
    bench.clock.advance(4000)
    assert.match(a.take(), /^c09006c0c09002c0(7273743a)[0-9a-f]*0d0ac055f8c0$/)
    assert.deepEqual([b.packets.length, bench.air.log[0]?.isBroken], [0, true])
  })

  it('is not in an SX127x', () => {
    const bench = new RNodeBench()
    const a = bench.radio('a', { chip: 'sx127x', sf: 12, kHz: 31.25 })
    const b = bench.radio('b', { chip: 'sx127x', sf: 12, kHz: 31.25 })
    a.send(packetOf(254))
    bench.clock.advance(60_000)
    assert.equal(b.packets.length, 1)
  })

  it('has no objection to the slowest legal settings with short packets', () => {
    fc.assert(
      fc.property(fc.constantFrom(7, 8, 9, 10, 11, 12), fc.integer({ min: 1, max: 254 }), (sf, length) => {
        const bench = new RNodeBench()
        const [a, b] = [bench.radio('a', { sf }), bench.radio('b', { sf })]
        a.send(packetOf(length))
        bench.clock.advance(30_000)
        assert.equal(b.packets.length, 1)
      }),
      { numRuns: 20 },
    )
  })
})
