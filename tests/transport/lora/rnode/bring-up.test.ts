import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { silentLogger } from '../../../../src/runtime/logger.ts'
import { VirtualClock } from '../../../../src/sim/clock.ts'
import { airtimeMs } from '../../../../src/transport/lora/airtime.ts'
import { RnodeModem } from '../../../../src/transport/lora/rnode/driver.ts'
import type { Line } from '../../../../src/transport/lora/rnode/line.ts'
import { Host, hostUp, SETTINGS } from './host.ts'

const LINE = [0x01, 0x02, 0x03, 0x04, 0x05, 0x06]

describe('a modem that is brought up', () => {
  it('is in use a tenth of a second after the port was opened, unless it restarts', async () => {
    const host = new Host()
    await host.run(1000)
    host.start()
    assert.ok((await host.untilUp()) <= 100)
    assert.deepEqual(host.events, ['up'])
    assert.equal(host.modem.problem, undefined)
    assert.deepEqual(host.device.settings, {
      frequency: 869_525_000,
      bandwidth: 125_000,
      power: 14,
      sf: 8,
      cr: 5,
    })
    assert.equal(host.device.isOn, true)
    assert.equal(host.modem.telemetry.firmware, '1.86')
    assert.equal(host.modem.telemetry.platform, 'esp32')
  })

  it('is in use within 2.5 s where it restarts when the port is opened', async () => {
    const host = new Host()
    host.device.script.bootMs = 2000
    host.device.reset()
    host.start()
    assert.ok((await host.untilUp()) <= 2500)
  })

  it('is charged the preamble that it tells, where that is longer than usual and no mistake', async () => {
    const phy = (symbols: number): number[] => [
      8,
      0,
      1,
      0xe8,
      symbols >> 8,
      symbols & 0xff,
      0,
      30,
      0,
      24,
      0,
      48,
    ]
    for (const [told, expected] of [
      [18, 18],
      [40, 40],
      [7, 18],
      [0xffff, 18],
    ] as const) {
      const host = new Host()
      // Esp32 boards of this number have an SX126x, for which the modem sends what it tells.
      await host.run(1000)
      host.start()
      host.device.onSwitchedOn = () => host.device.say(0x26, phy(told))
      await host.untilUp()
      assert.equal(host.modem.modulation.preambleSymbols, expected)
      assert.deepEqual([host.modem.telemetry.preambleSymbols, host.modem.telemetry.slotMs], [told, 24])
    }
  })

  it('is switched off before its settings change, and on after all of them', async () => {
    const { device } = await hostUp()
    const told = device.heard.filter(([command = 0]) => LINE.includes(command)).slice(0, 7)
    assert.deepEqual(
      told.map(([command]) => command),
      [0x06, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06],
    )
    assert.deepEqual([told[0]?.[1], told[6]?.[1]], [0, 1])
  })

  it('has its airtime lock set, rounded to what it can hold, and lifted where there is none', async () => {
    const locks = async (airtimeLock: number | undefined): Promise<readonly (number[] | undefined)[]> => {
      const { device } = await hostUp(airtimeLock === undefined ? {} : { airtimeLock })
      return [0x0b, 0x0c].map((lock) => device.heard.find(([command]) => command === lock)?.slice(1))
    }
    assert.deepEqual(await locks(0.1), [
      [0, 0],
      [0x03, 0xe8],
    ])
    assert.deepEqual(await locks(1e-6), [
      [0, 0],
      [0, 1],
    ])
    assert.deepEqual(await locks(undefined), [
      [0, 0],
      [0, 0],
    ])
  })

  it('may be absent at the start, and is in use soon after it comes', async () => {
    const host = new Host()
    host.device.unplug()
    host.start()
    await host.run(60_000)
    assert.equal(host.modem.isUp, false)
    assert.equal(host.modem.problem, 'memory: there is no such port')
    host.device.plugIn()
    assert.ok((await host.untilUp()) <= 4000)
    assert.deepEqual(host.events, ['up'])
  })

  it('may say nothing for long, and is in use soon after it speaks', async () => {
    const host = new Host()
    host.device.script.isSilent = true
    host.start()
    await host.run(61_000)
    assert.equal(host.modem.problem, 'memory: nobody answers there as an RNode does')
    host.device.script.isSilent = false
    assert.ok((await host.untilUp()) <= 4000)
  })

  it('may talk of its boot, and restart while it is asked', async () => {
    const host = new Host()
    host.device.script.bootText = 'rst:0x1 (POWERON_RESET),boot:0x13\r\n'
    host.start()
    for (let times = 0; times < 5; times++) {
      await host.run(290)
      host.device.reset()
    }
    await host.untilUp(2500)
    assert.deepEqual(host.events, ['up'])
  })

  it('is not used when its firmware is too old, and tried again now and then', async () => {
    const host = new Host()
    host.device.script.firmware = [1, 51]
    host.start()
    await host.run(20_000)
    assert.equal(host.modem.isUp, false)
    assert.equal(host.modem.problem, 'memory: its firmware 1.51 is too old: flash 1.52 or newer')
    assert.ok(host.modem.counters.attempts <= 5)
    host.device.script.firmware = [2, 0]
    await host.untilUp(6000)
  })

  it('may not know its board', async () => {
    const host = new Host()
    host.device.script.board = undefined
    host.start()
    await host.untilUp(1500)
  })

  for (const [what, command, lie, problem] of [
    ['frequency', 0x01, [0x33, 0xd3, 0xe5, 0x08], 'memory: it tuned to 869524744 Hz'],
    ['bandwidth', 0x02, [0, 3, 0xd0, 0x90], 'memory: it set a bandwidth of 250000 Hz instead of 125000 Hz'],
    ['power', 0x03, [22], 'memory: it set 22 dBm instead of 14 dBm'],
    ['spreading factor', 0x04, [7], 'memory: it set spreading factor 7 instead of 8'],
    ['code rate', 0x05, [8], 'memory: it set code rate 4/8 instead of 4/5'],
    ['state', 0x06, [0], 'memory: its radio does not switch on'],
    ['lock', 0x07, [1], 'memory: its radio is locked: it did not take all of its settings'],
  ] as const) {
    it(`is not used with another ${what} than it was told, and is once that is right`, async () => {
      const host = new Host()
      host.device.script.lies.set(command, lie)
      host.start()
      await host.run(30_000)
      assert.equal(host.modem.isUp, false)
      assert.ok(host.modem.problem?.startsWith(problem), host.modem.problem)
      assert.ok(host.modem.counters.attempts < 12, `${host.modem.counters.attempts}`)
      host.device.script.lies.clear()
      await host.untilUp(10_000)
    })
  }

  it('is not used when it does not confirm its settings', async () => {
    const host = new Host()
    host.device.script.deafTo.add(0x05)
    host.start()
    await host.run(10_000)
    assert.equal(host.modem.problem, 'memory: it does not confirm its settings')
  })

  it('may miss a command once', async () => {
    const host = new Host()
    await host.run(1000)
    host.device.script.deafTo.add(0x06)
    host.start()
    await host.run(1000)
    host.device.script.deafTo.clear()
    await host.untilUp(8000)
  })

  it('may send with less power than asked, which is told', async () => {
    const host = new Host({ txPowerDbm: 22 })
    host.device.script.maxPowerDbm = 17
    host.start()
    await host.untilUp()
    assert.equal(host.modem.problem, 'memory: it sends with 17 dBm: it cannot do 22 dBm')
  })

  it('whose radio does not start is tried again with growing pauses', async () => {
    const host = new Host()
    host.device.onByte = () => {
      if (host.device.isOn) host.device.say(0x90, [0x01])
    }
    host.start()
    await host.run(30_000)
    assert.equal(host.modem.problem, 'memory: the radio chip did not start')
    assert.ok(host.modem.counters.attempts < 12, `${host.modem.counters.attempts}`)
    assert.ok((host.modem.counters.errors.get(1) ?? 0) > 0)
  })

  it('comes up whatever the pieces are in which it answers', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), async (chunkBytes) => {
        const host = new Host()
        host.device.script.chunkBytes = chunkBytes
        host.start()
        await host.untilUp()
        assert.deepEqual(host.events, ['up'])
      }),
      { numRuns: 20 },
    )
  })

  it('comes up again wherever the plug was pulled, and never tells it twice', async () => {
    const whole = await hostUp()
    const bytes = whole.device.heard.reduce((sum, frame) => sum + frame.length + 2, 0)
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: bytes }), fc.nat(8000), async (cut, awayMs) => {
        const host = new Host()
        await host.run(1000)
        let left = cut
        host.device.onByte = () => {
          left -= 1
          if (left === 0) host.device.unplug()
        }
        host.start()
        await host.run(1000 + awayMs)
        host.device.plugIn()
        assert.ok((await host.untilUp()) <= 4000)
        const told = host.events.join(',')
        assert.ok(told === 'up' || told === 'up,down: it was unplugged,up', told)
      }),
      { numRuns: 60 },
    )
  })

  it('does not come up with garbage on its line, and does without it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 20 }),
        async (noise) => {
          const host = new Host()
          host.start()
          for (const bytes of noise) {
            host.device.raw(bytes)
            await host.run(97)
          }
          await host.untilUp(20_000)
          await host.run(15_000)
          assert.ok(host.modem.isUp)
        },
      ),
      { numRuns: 30 },
    )
  })
})

describe('a port that does not open in time', () => {
  it('is tried again, and closed should it open after all', async () => {
    const clock = new VirtualClock()
    const openings: ((line: Line) => void)[] = []
    const modem = new RnodeModem({
      port: 'slow',
      settings: SETTINGS,
      clock,
      logger: silentLogger,
      line: {
        open: () => new Promise((resolve) => openings.push(resolve)),
        bootMs: 0,
        answerMs: 500,
        gapMs: 100,
      },
    })
    modem.start({ up: assert.fail, down: assert.fail, received: assert.fail, room: assert.fail })
    await clock.advanceAsync(3000)
    assert.equal(modem.problem, 'slow: the port does not open')
    await clock.advanceAsync(600)
    assert.equal(openings.length, 2)
    const fates: string[] = []
    for (const [index, opened] of openings.entries()) {
      opened({
        write: () => fates.push(`write ${index}`) > 0,
        close: () => fates.push(`close ${index}`),
      })
    }
    await clock.advanceAsync(10)
    assert.deepEqual(fates, ['close 0', 'write 1'])
    await modem.stop(AbortSignal.abort())
    assert.equal(fates.at(-1), 'close 1')
  })
})

describe('the modulation of a modem', () => {
  const modulationWith = async (platform: number, board: number, frequencyHz: number, echoHz?: number) => {
    const host = new Host({ frequencyHz })
    Object.assign(host.device.script, { platform, board })
    if (echoHz !== undefined) {
      const echo = [echoHz >>> 24, (echoHz >>> 16) & 0xff, (echoHz >>> 8) & 0xff, echoHz & 0xff]
      host.device.script.lies.set(0x01, echo)
    }
    host.start()
    await host.untilUp()
    return host.modem.modulation
  }

  it('is that of an SX126x where the frequency is exact, and of an SX127x where it is moved to its steps', async () => {
    const newer = await modulationWith(0x80, 0x33, 869_525_000)
    assert.deepEqual([newer.chip, newer.preambleSymbols], ['sx126x', 18])
    const older = await modulationWith(0x80, 0x33, 869_525_000, 869_524_963)
    assert.deepEqual([older.chip, older.preambleSymbols], ['sx127x', 14])
  })

  it('follows the board where the frequency fits both, and takes longer where that is unknown', async () => {
    assert.equal((await modulationWith(0x80, 0x36, 868_000_000)).chip, 'sx127x')
    assert.equal((await modulationWith(0x80, 0x3a, 868_000_000)).chip, 'sx126x')
    const unknown = await modulationWith(0x80, 0x42, 868_000_000)
    const known = await modulationWith(0x80, 0x36, 868_000_000)
    assert.ok(airtimeMs(unknown, 100) > airtimeMs(known, 100))
  })

  it('follows the platform: an AVR has the older chip, an nRF52 the newer', async () => {
    assert.equal((await modulationWith(0x90, 0x31, 868_000_000)).chip, 'sx127x')
    assert.equal((await modulationWith(0x70, 0x99, 868_000_000)).chip, 'sx126x')
  })

  it('has the code rate and low data rate rule of an RNode', async () => {
    const { modem } = await hostUp({ spreadingFactor: 11, codingRate: 8 })
    assert.equal(modem.modulation.codingRate, 8)
    assert.equal(modem.modulation.lowDataRate, false)
    assert.equal(modem.modulation.bandwidthHz, SETTINGS.bandwidthHz)
  })
})
