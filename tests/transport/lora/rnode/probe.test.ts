import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../../../src/sim/clock.ts'
import { type ProbeReport, probeModem } from '../../../../src/transport/lora/rnode/probe.ts'
import { hostUp } from './host.ts'
import { ScriptedModem } from './scripted-modem.ts'

async function probe(device: ScriptedModem, clock: VirtualClock, withinMs = 10_000): Promise<ProbeReport> {
  const probed = probeModem('memory', device.line, clock)
  await clock.advanceAsync(withinMs)
  return await probed
}

async function fresh(): Promise<{ clock: VirtualClock; device: ScriptedModem }> {
  const clock = new VirtualClock()
  const device = new ScriptedModem(clock)
  await clock.advanceAsync(1000)
  return { clock, device }
}

describe('a probe', () => {
  it('tells who a modem is that nobody has set up, and finds nothing wrong with it', async () => {
    const { clock, device } = await fresh()
    const { problems, mcu, board, chip, settings, telemetry } = await probe(device, clock)
    assert.deepEqual(problems, [])
    assert.deepEqual([mcu, board, chip], ['ESP32', 'Heltec LoRa32 v3', 'sx126x'])
    assert.deepEqual(settings, { codingRate: 5, isRadioOn: false, isLocked: true })
    assert.deepEqual(telemetry, { firmware: '1.86', platform: 'esp32' })
  })

  it('shows what a modem is set to and measures, and changes nothing of it', async () => {
    const host = await hostUp()
    const { device, clock } = host
    // The host goes without a farewell, as when it is killed.
    device.unplug()
    await clock.advanceAsync(10)
    const stopped = host.modem.stop(AbortSignal.abort())
    await clock.advanceAsync(1000)
    await stopped
    device.plugIn()
    await clock.advanceAsync(1000)
    device.settings = { frequency: 869_525_000, bandwidth: 125_000, power: 14, sf: 8, cr: 5 }
    device.isOn = true
    const before = { ...device.settings }
    device.heard.length = 0
    const { problems, settings, telemetry } = await probe(device, clock)
    assert.deepEqual(problems, [])
    assert.deepEqual(settings, {
      frequencyHz: 869_525_000,
      bandwidthHz: 125_000,
      txPowerDbm: 14,
      spreadingFactor: 8,
      codingRate: 5,
      isRadioOn: true,
      isLocked: false,
    })
    assert.equal(telemetry.noiseFloorDbm, -112)
    assert.deepEqual(device.settings, before)
    assert.equal(device.isOn, true)
    const orders = device.heard.filter(([command = 0, ...args]) => {
      const isQuestion = args.every((byte) => byte === 0) || args.every((byte) => byte === 0xff)
      return !(isQuestion || (command === 0x08 && args[0] === 0x73))
    })
    assert.deepEqual(orders, [])
    assert.deepEqual(device.heard.at(-1), [0x0a, 0xff])
  })

  it('waits for a modem that restarts when its port is opened', async () => {
    const { clock, device } = await fresh()
    device.script.bootMs = 1400
    device.reset()
    const { problems, telemetry } = await probe(device, clock)
    assert.deepEqual(problems, [])
    assert.equal(telemetry.firmware, '1.86')
  })

  it('tells that there is no port, that nobody answers, and that the firmware is too old', async () => {
    const absent = await fresh()
    absent.device.unplug()
    assert.deepEqual((await probe(absent.device, absent.clock)).problems, ['memory: there is no such port'])

    const silent = await fresh()
    silent.device.script.isSilent = true
    const { problems } = await probe(silent.device, silent.clock)
    assert.deepEqual(problems, ['memory: nobody answers there as an RNode does'])

    const old = await fresh()
    old.device.script.firmware = [1, 40]
    const report = await probe(old.device, old.clock)
    assert.deepEqual(report.problems, ['memory: its firmware 1.40 is too old: flash 1.52 or newer'])
  })

  it('tells when a radio is locked though all is set, and when settings are kept secret', async () => {
    const locked = await fresh()
    locked.device.settings = { frequency: 869_525_000, bandwidth: 125_000, power: 14, sf: 8, cr: 5 }
    locked.device.script.lies.set(0x07, [1])
    const [problem] = (await probe(locked.device, locked.clock)).problems
    assert.match(problem ?? '', /^memory: its radio is locked although all is set/)

    const secretive = await fresh()
    secretive.device.script.deafTo.add(0x04)
    const { problems } = await probe(secretive.device, secretive.clock)
    assert.deepEqual(problems, ['memory: it does not tell all of its settings'])
  })

  it('tells when the modem goes while it is asked', async () => {
    const { clock, device } = await fresh()
    device.onByte = () => device.unplug()
    const { problems } = await probe(device, clock)
    assert.deepEqual(problems, ['memory: it was unplugged'])
  })
})
