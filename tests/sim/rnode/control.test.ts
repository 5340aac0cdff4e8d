import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { obey } from '../../../src/sim/rnode/control.ts'
import { packetOf, RNodeBench } from './bench.ts'

describe('the control of emulated modems', () => {
  it('does what it is told, and says so', () => {
    const bench = new RNodeBench()
    const a = bench.radio('1')
    bench.radio('2')
    for (const [line, answer] of [
      ['wedge 1', 'modem 1 is wedged'],
      ['wedge 1 forever', 'modem 1 is wedged for good'],
      ['silence 1', 'modem 1 is silent'],
      ['slow 1 50', 'modem 1 says 50 bytes a second'],
      ['echo 1 frequency +500', 'modem 1 echoes frequency with +500 added'],
    ] as const) {
      assert.equal(obey(bench.air, line), answer)
    }
    assert.deepEqual(a.modem.status.faults, [
      'wedged for good',
      'silent',
      'slow: 50 bytes/s',
      'echo of frequency: +500',
    ])
    assert.equal(obey(bench.air, '  heal   1 '), 'modem 1 is well')
    assert.deepEqual(a.modem.status.faults, [])
    assert.equal(obey(bench.air, 'garbage 1 200'), 'modem 1 has written 200 bytes of garbage')
    bench.clock.advance(1)
    assert.equal(a.take().length, 400)
    assert.equal(obey(bench.air, 'unplug 1 1.5s'), 'modem 1 is unplugged for 1.5s')
    bench.clock.advance(1499)
    assert.equal(a.modem.status.power, 'unplugged')
    bench.clock.advance(1)
    assert.equal(a.modem.status.power, 'booting')
    assert.equal(obey(bench.air, 'unplug 2'), 'modem 2 is unplugged')
    assert.equal(obey(bench.air, 'plug 2'), 'modem 2 is plugged in')
    obey(bench.air, 'unplug 1')
    assert.equal(obey(bench.air, 'heal all'), 'all modems are well')
    assert.ok(a.modem.isPluggedIn)
    bench.clock.advance(1000)
    assert.equal(obey(bench.air, 'reset 1'), 'modem 1 boots')
    assert.equal(a.modem.status.power, 'booting')
  })

  it('changes the air', () => {
    const bench = new RNodeBench()
    const [a, b] = [bench.radio('1'), bench.radio('2')]
    const heard = (): number => {
      a.send(packetOf(3))
      bench.clock.advance(2000)
      return b.packets.length
    }
    assert.equal(heard(), 1)
    assert.equal(obey(bench.air, 'reach 2>1'), 'reach is 2>1')
    assert.equal(heard(), 1)
    obey(bench.air, 'reach full')
    assert.equal(obey(bench.air, 'loss 1'), '100 % of frames are lost')
    assert.equal(heard(), 1)
    assert.equal(obey(bench.air, 'loss 0.25 burst'), '25 % of frames are lost, in bursts')
    obey(bench.air, 'loss 0')
    assert.equal(heard(), 2)
    assert.equal(obey(bench.air, 'noise 1 -60 3s'), 'modem 1 hears noise for 3s')
    assert.equal(heard(), 2)
    bench.clock.advance(3000)
    assert.equal(b.packets.length, 3)
  })

  it('shows how all are', () => {
    const bench = new RNodeBench()
    const a = bench.radio('1')
    bench.air.modem({ name: '2' })
    a.send(packetOf(16))
    bench.clock.advance(2000)
    obey(bench.air, 'wedge 1')
    a.send(packetOf(16))
    bench.clock.advance(1)
    assert.deepEqual(obey(bench.air, 'status').split('\n'), [
      '1: radio on, 868.1 MHz, 125 kHz, SF 8, 4/5, 14 dBm, port open, 1 packets (16 bytes) queued, ' +
        'sent 1 in 0.113 s of airtime, heard 0, 0 collided, 0 while it sent, 0 lost, wedged',
      '2: radio off, port closed, 0 packets (0 bytes) queued, ' +
        'sent 0 in 0.000 s of airtime, heard 0, 0 collided, 0 while it sent, 0 lost',
    ])
    const help = obey(bench.air, 'help').split('\n')
    assert.equal(help.length, 14)
    for (const line of help) assert.ok(line.length <= 110, line)
  })

  it('refuses what makes no sense in one line, and does nothing', () => {
    const { air } = new RNodeBench()
    const modem = air.modem({ name: '1' })
    for (const [line, why] of [
      ['fly 1', /unknown order "fly": unplug, plug/],
      ['toString', /unknown order/],
      ['unplug', /expected unplug MODEM \[TIME\]/],
      ['unplug 1 4s now', /expected unplug/],
      ['unplug 2', /there is no modem "2": 1/],
      ['unplug 1 soon', /expected a time such as 500ms, 4s or 2min, got "soon"/],
      ['wedge 1 twice', /expected forever/],
      ['garbage 1 lots', /bytes: expected a number from 1 to 10000/],
      ['garbage 1 1e9', /expected a number/],
      ['slow 1 0', /expected a number/],
      ['echo 1 colour 1', /expected frequency, bandwidth/],
      ['echo 1 sf much', /offset: expected a number/],
      ['reach 1-2', /there is no modem "2"/],
      ['loss 1.1', /share: expected a number from 0 to 1/],
      ['loss 1 burst', /from 0 to 0.99/],
      ['loss 0.1 often', /expected burst/],
    ] as const) {
      assert.throws(() => obey(air, line), { code: 'ERR_USAGE', message: why })
    }
    assert.deepEqual([modem.status.power, modem.status.faults], ['on', []])
  })

  it('survives any line', () => {
    const { air, clock } = new RNodeBench()
    air.modem({ name: '1' })
    const word = fc.oneof(
      fc.constantFrom(
        'unplug',
        'echo',
        'loss',
        'reach',
        'noise',
        '1',
        '1-2',
        '4s',
        '-5',
        '1e400',
        'burst',
        'all',
      ),
      fc.string({ maxLength: 10 }),
    )
    fc.assert(
      fc.property(fc.array(word, { maxLength: 5 }), (words) => {
        try {
          obey(air, words.join(' '))
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'ERR_USAGE')
          assert.doesNotMatch((error as Error).message, /\n/)
        }
        clock.advance(10)
      }),
    )
  })
})
