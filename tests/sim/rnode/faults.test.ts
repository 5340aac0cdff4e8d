import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { LineListener } from '../../../src/transport/lora/rnode/line.ts'
import { Host, packetOf, RNodeBench } from './bench.ts'

const UP = 'c00133be27a0c0c0020001e848c0c0030ec0c00408c0c00505c0c00601c0'

describe('an emulated modem', () => {
  it('that is unplugged hangs up, is silent on the air, and comes back as new', () => {
    const bench = new RNodeBench()
    const [a, b] = [bench.radio('a'), bench.radio('b')]
    a.send(packetOf(254))
    while (!a.modem.status.isSending) bench.clock.advance(1)
    a.modem.unplug(4000)
    bench.clock.advance(0)
    assert.equal(a.closed, 'the modem was unplugged')
    assert.deepEqual([bench.air.log[0]?.isBroken, a.modem.status.power], [true, 'unplugged'])
    assert.throws(() => new Host(bench.clock, a.modem), { code: 'ERR_TRANSPORT', message: /a is unplugged/ })
    bench.clock.advance(4000)
    assert.equal(a.modem.status.power, 'booting')
    const again = new Host(bench.clock, a.modem)
    bench.clock.advance(700)
    assert.equal(again.take(), 'c055f8c0')
    assert.equal(again.ask('c006ffc0'), 'c00600c0')
    assert.equal(again.ask(UP).slice(-16), 'c00601c0c00601c0')
    bench.clock.advance(5000)
    assert.deepEqual([b.packets.length, a.modem.radioCounters.transmissions], [0, 1])
  })

  it('can be unplugged for good and plugged in by hand', () => {
    const bench = new RNodeBench()
    const { modem } = bench.radio('a')
    const changes: string[] = []
    modem.watchers.add((change) => changes.push(change))
    modem.unplug()
    modem.unplug()
    bench.clock.advance(3_600_000)
    assert.equal(modem.status.power, 'unplugged')
    modem.plugIn()
    modem.plugIn()
    bench.clock.advance(1000)
    assert.equal(modem.status.power, 'on')
    new Host(bench.clock, modem).close()
    assert.deepEqual(changes, ['unplugged', 'plugged in', 'opened', 'closed'])
  })

  it('lets one host in at a time', () => {
    const bench = new RNodeBench()
    const host = bench.host('a')
    assert.throws(() => new Host(bench.clock, host.modem), { code: 'ERR_TRANSPORT', message: /in use/ })
    host.close()
    host.close()
    assert.equal(new Host(bench.clock, host.modem).ask('c00873c0'), 'c00846c0')
    assert.equal(host.ask('c00873c0'), '', 'the one before has no say any more')
  })

  it('that is wedged takes packets until it is full and sends none, until it is reset', () => {
    const bench = new RNodeBench()
    const [a, b] = [bench.radio('a'), bench.radio('b')]
    a.modem.wedge()
    for (let n = 0; n < 40; n++) a.send(packetOf(200))
    assert.equal(a.ask('c00f00c0'), 'c00f00c0')
    bench.clock.advance(60_000)
    assert.equal(b.packets.length, 0)
    b.send(packetOf(20))
    bench.clock.advance(2000)
    assert.equal(a.packets.length, 1, 'it hears')
    a.ask('c055f8c0', 1000)
    a.ask(UP)
    a.send(packetOf(20))
    bench.clock.advance(2000)
    assert.equal(b.packets.length, 1)
  })

  it('that is wedged for good does not mind a reset, but is healed', () => {
    const bench = new RNodeBench()
    const [a, b] = [bench.radio('a'), bench.radio('b')]
    a.modem.wedge(true)
    a.ask('c055f8c0', 1000)
    a.ask(UP)
    a.send(packetOf(20))
    bench.clock.advance(5000)
    assert.deepEqual([b.packets.length, a.modem.status.faults], [0, ['wedged for good']])
    a.modem.heal()
    bench.clock.advance(2000)
    assert.deepEqual([b.packets.length, a.modem.status.faults], [1, []])
  })

  it('that is silent neither reads nor answers', () => {
    const bench = new RNodeBench()
    const [a, b] = [bench.radio('a'), bench.radio('b')]
    a.modem.silence()
    assert.equal(a.ask('c00873c0', 10_000), '')
    b.send(packetOf(20))
    bench.clock.advance(3000)
    assert.equal(a.take(), '')
    a.modem.heal()
    assert.equal(a.ask('c00873c0'), 'c00846c0')
  })

  it('that is slow says what it says byte by byte', () => {
    const bench = new RNodeBench()
    const a = bench.host('a')
    a.modem.slow(100)
    assert.equal(a.ask('c00873c0c05000c0', 0), 'c0')
    bench.clock.advance(29)
    assert.equal(a.take(), '0846')
    bench.clock.advance(1)
    assert.equal(a.take(), 'c0')
    bench.clock.advance(1000)
    assert.equal(a.take(), 'c0500156c0')
    a.modem.heal()
    assert.equal(a.ask('c00873c0', 0), 'c00846c0')
  })

  it('writes garbage, the same for the same seed', () => {
    const garbage = (seed: string): string => {
      const bench = new RNodeBench({}, seed)
      const a = bench.host('a')
      a.modem.garbage(200)
      bench.clock.advance(0)
      return a.take()
    }
    assert.equal(garbage('one').length, 400)
    assert.equal(garbage('one'), garbage('one'))
    assert.notEqual(garbage('one'), garbage('two'))
  })

  it('echoes wrongly what is right in force', () => {
    const bench = new RNodeBench()
    const a = bench.host('a')
    a.modem.wrongEcho('frequency', 500)
    a.modem.wrongEcho('sf', 1)
    a.modem.wrongEcho('state', -1)
    a.modem.wrongEcho('bandwidth', -1)
    assert.equal(a.ask('c00133be27a0c0c0020001e848c0'), 'c00133be2994c0c0020001e847c0')
    assert.equal(a.ask('c0030ec0c00408c0c00505c0'), 'c0030ec0c00409c0c00505c0')
    assert.equal(a.ask('c00601c0').slice(-16), 'c00600c0c00600c0')
    assert.deepEqual([a.modem.status.radio, a.modem.status.settings.frequencyHz], ['on', 868_100_000])
    assert.deepEqual(a.modem.status.faults, [
      'echo of frequency: +500',
      'echo of bandwidth: -1',
      'echo of sf: +1',
      'echo of state: -1',
    ])
    a.modem.heal()
    assert.equal(a.ask('c006ffc0'), 'c00601c0')
  })

  it('boots when its port is opened, where the board is wired so', () => {
    const bench = new RNodeBench()
    const avr = bench.host('avr', { platform: 'avr' })
    assert.equal(avr.ask('c00873c0', 1500), '')
    bench.clock.advance(100)
    assert.equal(avr.ask('c00873c0'), 'c00846c0', 'and says nothing of it')
    const esp = bench.host('esp', { resetsOnOpen: true })
    bench.clock.advance(700)
    assert.match(esp.take(), /0d0ac055f8c0$/)
  })

  it('is a line to a driver in the same process', async () => {
    const bench = new RNodeBench()
    const modem = bench.air.modem({ name: 'a' })
    const got: string[] = []
    const listener: LineListener = {
      bytes: (data) => got.push(Buffer.from(data).toString('hex')),
      closed: (reason) => got.push(reason),
    }
    const line = await modem.openLine(listener, new AbortController().signal)
    await assert.rejects(modem.openLine(listener, new AbortController().signal), { code: 'ERR_TRANSPORT' })
    assert.equal(line.write(Uint8Array.of(0xc0, 0x08, 0x73, 0xc0)), true)
    assert.deepEqual(got, [], 'nothing comes from within a call')
    bench.clock.advance(0)
    assert.deepEqual(got, ['c00846c0'])
    modem.unplug(100)
    assert.equal(got.length, 1)
    bench.clock.advance(0)
    assert.equal(got[1], 'the modem was unplugged')
    assert.equal(line.write(Uint8Array.of(0xc0)), false)
    await assert.rejects(modem.openLine(listener, new AbortController().signal), /unplugged/)
    bench.clock.advance(1000)
    await assert.rejects(modem.openLine(listener, AbortSignal.abort()))
    const again = await modem.openLine(listener, new AbortController().signal)
    again.close()
    again.close()
    bench.clock.advance(10)
    assert.equal(got.length, 2, 'closing oneself is no news')
  })
})
