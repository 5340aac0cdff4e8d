/** The driver with the emulator, of which it knows nothing: in virtual time, over TCP and over a terminal. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { type Clock, systemClock } from '../../../../src/runtime/clock.ts'
import { silentLogger } from '../../../../src/runtime/logger.ts'
import { seededRandom } from '../../../../src/runtime/random.ts'
import { VirtualClock } from '../../../../src/sim/clock.ts'
import type { EmulatedModem } from '../../../../src/sim/rnode/modem.ts'
import { EmulatedAir, type EmulatedModemOptions } from '../../../../src/sim/rnode/network.ts'
import { makePtyFolder, PtyPort } from '../../../../src/sim/rnode/pty-port.ts'
import { TcpPort } from '../../../../src/sim/rnode/tcp-port.ts'
import type { ModemListener, ModemSettings, Signal } from '../../../../src/transport/lora/modem.ts'
import { RnodeModem } from '../../../../src/transport/lora/rnode/driver.ts'
import { SETTINGS } from './host.ts'

const HAS_SOCAT = spawnSync('socat', ['-V']).status === 0

class Station implements ModemListener {
  readonly modem: RnodeModem
  readonly events: string[] = []
  readonly heard: Uint8Array[] = []
  readonly signals: (Signal | undefined)[] = []
  readonly lost: Uint8Array[] = []
  #queue: Uint8Array[] = []
  #news = Promise.withResolvers<void>()

  constructor(port: string, clock: Clock, settings: Partial<ModemSettings>, device?: EmulatedModem) {
    const line = device && { open: device.openLine, bootMs: 2000, answerMs: 500, gapMs: 100 }
    this.modem = new RnodeModem({
      port,
      settings: { ...SETTINGS, ...settings },
      clock,
      logger: silentLogger,
      ...(line === undefined ? {} : { line }),
    })
    this.modem.start(this)
  }

  send(...packets: Uint8Array[]): void {
    this.#queue.push(...packets)
    this.room()
  }

  get queued(): number {
    return this.#queue.length
  }

  up(): void {
    this.events.push('up')
    this.room()
    this.#tell()
  }

  down(reason: string, lost: readonly Uint8Array[]): void {
    this.events.push(`down: ${reason}`)
    this.lost.push(...lost)
    this.#tell()
  }

  received(packet: Uint8Array, signal: Signal | undefined): void {
    this.heard.push(packet)
    this.signals.push(signal)
    this.#tell()
  }

  room(): void {
    for (let [packet] = this.#queue; packet !== undefined; [packet] = this.#queue) {
      if (!this.modem.send(packet)) return
      this.#queue.shift()
    }
  }

  async until(done: () => boolean): Promise<void> {
    while (!done()) await this.#news.promise
  }

  #tell(): void {
    this.#news.resolve()
    this.#news = Promise.withResolvers()
  }
}

interface Pair {
  readonly clock: VirtualClock
  readonly a: Station
  readonly b: Station
  readonly deviceA: EmulatedModem
  readonly deviceB: EmulatedModem
}

async function pair(
  board: Omit<EmulatedModemOptions, 'name'> = {},
  settings: Partial<ModemSettings> = {},
): Promise<Pair> {
  const clock = new VirtualClock()
  const air = new EmulatedAir({ clock, random: seededRandom('emulated') })
  const [deviceA, deviceB] = [air.modem({ name: 'a', ...board }), air.modem({ name: 'b', ...board })]
  const [a, b] = [new Station('a', clock, settings, deviceA), new Station('b', clock, settings, deviceB)]
  await clock.advanceAsync(2500)
  assert.ok(a.modem.isUp && b.modem.isUp, `${a.modem.problem}`)
  return { clock, a, b, deviceA, deviceB }
}

function packets(count: number, bytes: (index: number) => number): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => new Uint8Array(bytes(index)).fill(index))
}

describe('emulated modems', () => {
  for (const platform of ['esp32', 'nrf52', 'avr'] as const) {
    it(`with ${platform} carry packets of all lengths, and the account comes out even`, async () => {
      const { clock, a, b } = await pair({ platform })
      const sent = packets(40, (index) => 7 + 12 * index)
      a.send(...sent)
      await clock.advanceAsync(300_000)
      assert.deepEqual(b.heard, sent)
      assert.ok(b.signals.every((signal) => signal !== undefined))
      assert.equal(a.modem.heldPackets, 0)
      assert.equal(a.queued, 0)
      assert.deepEqual(a.events, ['up'])
      const { confirmed, estimated } = a.modem.counters
      assert.equal(confirmed + estimated, 40)
      if (platform === 'avr') assert.equal(confirmed, 0)
      else assert.ok(estimated <= 16, `${estimated} were estimated`)
    })
  }

  for (const spreadingFactor of [5, 7, 10, 12]) {
    it(`at SF ${spreadingFactor} keep an account that comes out even, both sending`, async () => {
      const { clock, a, b } = await pair({}, { spreadingFactor })
      const [fromA, fromB] = [packets(25, (index) => 20 + index), packets(25, (index) => 60 + index)]
      a.send(...fromA)
      b.send(...fromB)
      await clock.advanceAsync(600_000)
      for (const station of [a, b]) {
        assert.equal(station.modem.heldPackets, 0)
        assert.equal(station.queued, 0)
        assert.deepEqual(station.events, ['up'])
        const { confirmed } = station.modem.counters
        assert.ok(confirmed >= 10, `${confirmed} of 25 were confirmed`)
      }
    })
  }

  for (const chip of ['sx126x', 'sx127x'] as const) {
    it(`with an ${chip} are told by their frequency, so that airtime is exact`, async () => {
      const clock = new VirtualClock()
      const airtimes: number[] = []
      const air = new EmulatedAir({
        clock,
        random: seededRandom('chips'),
        onTransmission: ({ airtimeMs }) => airtimes.push(airtimeMs),
      })
      const station = new Station('a', clock, {}, air.modem({ name: 'a', chip }))
      await clock.advanceAsync(2500)
      assert.equal(station.modem.modulation.chip, chip)
      const { packetAirtimeMs } = await import('../../../../src/transport/lora/rnode-timing.ts')
      station.send(new Uint8Array(100))
      await clock.advanceAsync(5000)
      assert.deepEqual(airtimes, [packetAirtimeMs(station.modem.modulation, 100)])
    })
  }

  it('that are unplugged again and again are up within 4 s of each return', async () => {
    const { clock, a, deviceA } = await pair()
    for (let round = 0; round < 20; round++) {
      a.send(new Uint8Array(30).fill(round))
      await clock.advanceAsync(137 * round)
      deviceA.unplug()
      await clock.advanceAsync(700 * round)
      assert.equal(a.modem.isUp, false)
      deviceA.plugIn()
      await clock.advanceAsync(4000)
      assert.equal(a.modem.isUp, true, `round ${round}: ${a.modem.problem}`)
    }
  })

  it('that are wedged are restarted, and send again', async () => {
    const { clock, a, b, deviceA } = await pair()
    await clock.advanceAsync(20_000)
    deviceA.wedge()
    const sent = packets(3, () => 40)
    a.send(...sent)
    await clock.advanceAsync(60_000)
    assert.equal(a.events[1], 'down: it takes packets and sends none')
    assert.deepEqual(a.lost, sent)
    assert.ok(a.modem.isUp)
    a.send(...a.lost.splice(0))
    await clock.advanceAsync(10_000)
    assert.deepEqual(b.heard, sent)
  })

  it('that are held back by their airtime lock are left in peace', async () => {
    const { clock, a, b } = await pair({}, { airtimeLock: 0.001 })
    const sent = packets(12, () => 200)
    a.send(...sent)
    await clock.advanceAsync(300_000)
    assert.deepEqual(a.events, ['up'])
    assert.ok(b.heard.length < 12)
    assert.match(a.modem.problem ?? '', /share of airtime/)
  })

  it('that lie, reset, stutter or fall silent are up again when they do not', async () => {
    const { clock, a, deviceA } = await pair()
    deviceA.wrongEcho('frequency', 500)
    deviceA.reset()
    await clock.advanceAsync(15_000)
    assert.match(a.modem.problem ?? '', /it tuned to 869525500 Hz/)
    deviceA.heal()
    await clock.advanceAsync(8000)
    assert.ok(a.modem.isUp)
    deviceA.garbage(5000)
    await clock.advanceAsync(30_000)
    assert.ok(a.modem.isUp)
    deviceA.silence()
    await clock.advanceAsync(10_000)
    assert.equal(a.modem.isUp, false)
    deviceA.heal()
    await clock.advanceAsync(8000)
    assert.ok(a.modem.isUp)
  })

  it('that have sent nothing for an hour send at once', async () => {
    const { clock, a, b } = await pair()
    await clock.advanceAsync(3_700_000)
    a.send(new Uint8Array(9))
    await clock.advanceAsync(1500)
    assert.equal(b.heard.length, 1)
    assert.deepEqual(a.events, ['up'])
  })

  it('are driven over TCP and over a terminal, through an unplugging', { timeout: 60_000 }, async (test) => {
    if (!HAS_SOCAT) {
      test.skip('socat is not installed')
      return
    }
    const air = new EmulatedAir({ clock: systemClock, random: seededRandom('real') })
    const [deviceA, deviceB] = [air.modem({ name: 'a' }), air.modem({ name: 'b' })]
    const folder = await makePtyFolder()
    const tcp = await TcpPort.listen(deviceA, systemClock, '127.0.0.1', 0)
    const pty = await PtyPort.open(deviceB, folder, (line) => assert.fail(line))
    const fast = { spreadingFactor: 7, bandwidthHz: 500_000 }
    const a = new Station(`tcp://${tcp.address}`, systemClock, fast)
    const b = new Station(pty.path, systemClock, fast)
    try {
      await a.until(() => a.modem.isUp)
      await b.until(() => b.modem.isUp)
      const there = packets(6, (index) => 1 + 100 * index)
      a.send(...there)
      await b.until(() => b.heard.length === 6)
      assert.deepEqual(b.heard, there)
      deviceB.unplug(200)
      await b.until(() => b.events.length === 3)
      assert.match(b.events.join(), /^up,down: it was unplugged,up$/)
      const back = packets(6, (index) => 507 - 90 * index)
      b.send(...back)
      await a.until(() => a.heard.length === 6)
      assert.deepEqual(a.heard, back)
    } finally {
      await Promise.all([a, b].map(({ modem }) => modem.stop(AbortSignal.timeout(1000))))
      await tcp.close()
      await pty.close()
      air.stop()
      await rm(folder, { recursive: true, force: true })
    }
    assert.equal(deviceA.status.radio, 'off')
  })
})
