/** When a modem speaks. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom } from '../../../src/runtime/random.ts'
import { VirtualClock } from '../../../src/sim/clock.ts'
import { ChannelAccess } from '../../../src/sim/rnode/channel-access.ts'
import { AVR_TIMING } from '../../../src/sim/rnode/settings.ts'
import { packetOf, RNodeBench } from './bench.ts'

const SLOT = 24
const DIFS = 48

/** When each of many modems first speaks on a quiet channel. */
function firstWords(seeds: number, sf = 8): number[] {
  return Array.from({ length: seeds }, (_, seed) => {
    const bench = new RNodeBench({}, `access ${seed}`)
    const host = bench.radio('a', { sf })
    const from = bench.clock.monotonic()
    host.send(packetOf(20))
    bench.clock.advance(10_000)
    return (bench.air.log[0]?.at ?? Number.NaN) - from
  })
}

describe('access to the channel', () => {
  it('comes after two quiet slots and 0 to 14 more, each as likely', () => {
    const waits = firstWords(300)
    const slots = new Set(waits.map((ms) => (ms - DIFS) / SLOT))
    assert.deepEqual(
      [...slots].toSorted((a, b) => a - b),
      Array.from({ length: 15 }, (_, n) => n),
    )
    const mean = waits.reduce((a, b) => a + b, 0) / waits.length
    assert.ok(Math.abs(mean - DIFS - 7 * SLOT) < 15, `${mean} ms`)
  })

  it('has slots that grow with the symbols, up to 100 ms', () => {
    for (const [sf, slot] of [
      [7, 24],
      [9, 49],
      [10, 98],
      [12, 100],
    ] as const) {
      for (const wait of firstWords(10, sf)) assert.equal((wait - 2 * slot) % slot, 0)
    }
  })

  it('begins the quiet slots anew when somebody speaks, and keeps what was waited of the others', () => {
    for (let seed = 0; seed < 40; seed++) {
      const target = firstWords(1 + seed)[seed] as number
      const slotsMs = target - DIFS
      if (slotsMs < 3 * SLOT) continue
      const bench = new RNodeBench({}, `access ${seed}`)
      const host = bench.radio('a')
      const other = bench.radio('other')
      // The other one's wedge lets it speak at a time of our choosing.
      other.modem.wedge()
      other.send(packetOf(50))
      const from = bench.clock.monotonic()
      host.send(packetOf(20))
      bench.clock.advance(DIFS + SLOT)
      bench.air.setPath('a', 'other', undefined)
      other.modem.heal()
      bench.clock.advance(20_000)
      const [first, second] = bench.air.log
      if (first?.modem !== 'other') continue
      const noticed = first.at + 5 * 2.048
      const quietAgain = first.at + first.airtimeMs
      const counted = noticed - from - DIFS
      assert.ok(Math.abs((second?.at ?? 0) - (quietAgain + DIFS + slotsMs - counted)) < 1e-6)
      return
    }
    assert.fail('the other one was never first')
  })

  it('is for the whole queue up to 14 kbit/s, and for one packet above', () => {
    for (const [sf, kHz, isFlushed] of [
      [8, 125, true],
      [7, 250, true],
      [7, 500, false],
      [5, 500, false],
    ] as const) {
      const bench = new RNodeBench()
      const host = bench.radio('a', { sf, kHz })
      for (let n = 0; n < 3; n++) host.send(packetOf(20, n))
      bench.clock.advance(20_000)
      const [a, b, c] = bench.air.log
      assert.ok(a && b && c)
      assert.equal(Math.abs(b.at - a.at - a.airtimeMs) < 1e-6, isFlushed)
      assert.equal(Math.abs(c.at - b.at - b.airtimeMs) < 1e-6, isFlushed)
    }
  })

  it('tells of its band when that changes, before it tells of the channel', () => {
    const bench = new RNodeBench()
    const host = bench.radio('a')
    for (let n = 0; n < 24; n++) host.send(packetOf(250, n))
    bench.clock.advance(60_000)
    const bands = host.of(0x28).map((args) => [...args])
    const [band = 0] = bands[0] ?? []
    assert.ok(band >= 3)
    assert.deepEqual(bands[0], [band, 15 * (band - 1), 15 * band - 1])
    assert.deepEqual(bands.at(-1), [1, 0, 14])
    const at = host.frames.findIndex(({ command }) => command === 0x28)
    assert.equal(host.frames[at + 1]?.command, 0x25)
  })

  it('is refused to nobody for being busy for ever, and to everybody at once', () => {
    const bench = new RNodeBench({}, 'crowd')
    const hosts = Array.from({ length: 5 }, (_, n) => bench.radio(`m${n}`))
    const listener = bench.radio('listener')
    for (const [n, host] of hosts.entries()) for (let k = 0; k < 4; k++) host.send(packetOf(60, 10 * n + k))
    bench.clock.advance(60_000)
    assert.ok(listener.packets.length >= 12, `${listener.packets.length} of 20`)
    assert.ok(hosts.every(({ modem }) => modem.radioCounters.transmissions === 4))
  })
})

describe('the bands', () => {
  const access = (): ChannelAccess =>
    new ChannelAccess(
      new VirtualClock(),
      seededRandom('bands'),
      AVR_TIMING,
      { isFree: () => true, access: () => undefined },
      1,
    )

  it('go by the share of airtime: one up to 7 %, then in even steps to four at 85 %', () => {
    const it = access()
    assert.deepEqual(it.band, { band: 1, least: 0, most: 15 })
    for (const [percent, band] of [
      [0, 1],
      [7.9, 1],
      [8, 2],
      [38, 2],
      [39, 3],
      [77, 3],
      [78, 4],
      [100, 4],
    ] as const) {
      it.setAirtime(percent / 100 + 1e-9)
      assert.equal(it.band.band, band, `${percent} %`)
    }
  })

  it('have 15 slots each, of which the last is never drawn', () => {
    const it = access()
    assert.equal(it.setAirtime(0.05), false)
    assert.equal(it.setAirtime(0.2), true)
    assert.deepEqual(it.band, { band: 2, least: 15, most: 29 })
    assert.equal(it.setAirtime(0.05), true)
    assert.deepEqual(it.band, { band: 1, least: 0, most: 14 })
  })
})

describe('interference', () => {
  it('keeps a modem from speaking, and shows in what it tells', () => {
    const bench = new RNodeBench()
    const host = bench.radio('a')
    host.modem.interfere(-70, 6000)
    host.send(packetOf(20))
    bench.clock.advance(5900)
    assert.equal(bench.air.log.length, 0)
    assert.equal(host.of(0x25).at(-1)?.[10], 157 - 70)
    bench.clock.advance(2000)
    assert.equal(bench.air.log.length, 1)
    assert.equal(host.of(0x25).at(-1)?.[10], 0xff)
  })

  it('that is weak is taken for the noise floor after 2.5 s', () => {
    const bench = new RNodeBench()
    const host = bench.radio('a')
    const from = bench.clock.monotonic()
    host.modem.interfere(-95, 20_000)
    host.send(packetOf(20))
    bench.clock.advance(10_000)
    const wait = (bench.air.log[0]?.at ?? 0) - from
    assert.ok(wait >= 2500 + DIFS && wait <= 2500 + DIFS + 14 * SLOT, `${wait} ms`)
    assert.equal(host.of(0x25).at(-1)?.[9], 157 - 95)
    bench.clock.advance(15_000)
    assert.equal(host.of(0x25).at(-1)?.[9], 157 - 117)
  })

  it('that is hardly above the noise does nothing', () => {
    const bench = new RNodeBench()
    const host = bench.radio('a')
    host.modem.interfere(-107, 20_000)
    host.send(packetOf(20))
    bench.clock.advance(1000)
    assert.equal(bench.air.log.length, 1)
  })

  it('is nothing to a modem that was told not to mind, which boots upon that', () => {
    const bench = new RNodeBench()
    const host = bench.radio('a')
    assert.match(host.ask('c06901c0', 1000), /c055f8c0$/)
    host.ask('c00133be27a0c0c0020001e848c0c0030ec0c00408c0c00601c0')
    host.modem.interfere(-70, 20_000)
    host.send(packetOf(20))
    bench.clock.advance(1000)
    assert.equal(bench.air.log.length, 1)
  })

  // One with which b begins late in the frame of a, and a could speak soon after it.
  const SEED = 'missed 3'
  for (const [dBm, waits] of [
    [-90, true],
    [-110, false],
  ] as const) {
    it(`is what a frame of ${dBm} dBm looks like of which the modem has missed the beginning: ${waits}`, () => {
      const bench = new RNodeBench({ reach: [{ from: 'b', to: 'a', dBm, oneWay: true }] }, SEED)
      const [a, b] = [bench.radio('a'), bench.radio('b')]
      a.send(packetOf(254))
      while (!a.modem.status.isSending) bench.clock.advance(1)
      b.send(packetOf(254))
      while (a.modem.status.isSending) bench.clock.advance(1)
      assert.ok(b.modem.status.isSending)
      a.send(packetOf(10))
      while (b.modem.status.isSending) bench.clock.advance(1)
      assert.equal(bench.air.log.filter(({ modem }) => modem === 'a').length === 1, waits)
      bench.clock.advance(2000)
      assert.equal(bench.air.log.filter(({ modem }) => modem === 'a').length, 2)
    })
  }
})
