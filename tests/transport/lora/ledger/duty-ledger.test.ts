import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { silentLogger } from '../../../../src/runtime/logger.ts'
import { uptimeOf } from '../../../../src/runtime/uptime.ts'
import { VirtualClock } from '../../../../src/sim/clock.ts'
import { HOUR_US, MAX_LEAD_US } from '../../../../src/transport/lora/ledger/air-window.ts'
import { DutyLedger } from '../../../../src/transport/lora/ledger/duty-ledger.ts'
import { linkAccount } from '../../../../src/transport/lora/ledger/link-account.ts'
import { granted, Machine, S } from './machine.ts'
import { SimDisk } from './sim-disk.ts'

describe('the duty ledger', () => {
  it('gives the whole share, and what was sent an hour ago back to the microsecond', () => {
    const machine = new Machine({ dutyShare: 0.01 })
    machine.start()
    granted(machine, 36 * S)
    machine.true += 36 * S
    assert.equal(machine.ledger.left(), 0)
    assert.deepEqual(machine.charge(S), { granted: false, reason: 'full', earliest: HOUR_US })
    assert.equal(machine.ledger.waitUs(S), HOUR_US - 36 * S)
    machine.true = HOUR_US - 1
    assert.equal(machine.charge(S)?.granted, false)
    machine.true = HOUR_US
    assert.equal(machine.ledger.used(), 36 * S)
    granted(machine, S)
  })

  it('never lets anything go that is longer than the share', () => {
    const machine = new Machine({ dutyShare: 0.001 })
    machine.start()
    const earliest = Number.POSITIVE_INFINITY
    assert.deepEqual(machine.charge(3_600_001), { granted: false, reason: 'full', earliest })
    granted(machine, 3_600_000)
  })

  it('lets transmissions wait in the radio behind one another, for a minute at most', () => {
    const machine = new Machine({ slackUs: 5 * S })
    machine.start()
    const ends = [20, 20, 20, 9].map((seconds) => {
      const charge = machine.charge(seconds * S)
      return charge?.granted ? charge.endsBy : undefined
    })
    assert.deepEqual(ends, [25 * S, 45 * S, 65 * S, 74 * S])
    assert.deepEqual(machine.charge(S), { granted: false, reason: 'full', earliest: 9 * S })
    machine.true += 9 * S
    granted(machine, S)
  })

  it('counts those that wait as late as they may be, over a restart too', () => {
    const machine = new Machine({ dutyShare: 0.01, slackUs: 5 * S })
    machine.start()
    granted(machine, 20 * S)
    granted(machine, 16 * S)
    machine.start()
    assert.equal(machine.ledger.waitUs(16 * S), HOUR_US + 5 * S)
    assert.equal(machine.ledger.waitUs(36 * S), HOUR_US + 5 * S)
  })

  it('believes what an earlier version said of how late things may be', () => {
    const late = new Machine({ dutyShare: 0.01, slackUs: 30 * S })
    late.start()
    granted(late, 36 * S)
    const prompt = new Machine({ dutyShare: 0.01, slackUs: 0 })
    prompt.disk.content = late.disk.content
    prompt.start()
    assert.equal(prompt.ledger.waitUs(36 * S), HOUR_US + 30 * S)
  })

  it('refuses times that are none', () => {
    const machine = new Machine()
    machine.start()
    for (const us of [0, -1, 1.5, Number.NaN, HOUR_US + 1]) {
      assert.throws(() => machine.ledger.charge(us), { code: 'ERR_USAGE' })
    }
    assert.throws(() => new Machine({ dutyShare: 0 }).start(), { code: 'ERR_USAGE' })
  })

  it('is what the link asks, in milliseconds of its clock', () => {
    const machine = new Machine({ dutyShare: 0.001 })
    machine.start()
    const account = linkAccount(machine.ledger)
    assert.equal(account.earliest(500, 3_600_000), 500)
    assert.equal(account.charge(500, 3_600_000), true)
    assert.equal(account.charge(500, 1), false)
    assert.equal(account.earliest(500, 1000), 500 + HOUR_US / 1000)
    assert.equal(account.earliest(500, 3_600_001), Number.POSITIVE_INFINITY)
  })

  it('remembers over a restart of the process, to the microsecond', () => {
    const machine = new Machine({ dutyShare: 0.01 })
    machine.start()
    granted(machine, 30 * S)
    machine.true += 100 * S
    machine.start()
    assert.equal(machine.ledger.used(), 30 * S)
    granted(machine, 6 * S)
    machine.true += 6 * S
    machine.start()
    assert.deepEqual(machine.charge(S), {
      granted: false,
      reason: 'full',
      earliest: HOUR_US,
    })
  })

  it('counts what was sent before the machine was started as sent when it was', () => {
    const machine = new Machine({ dutyShare: 0.01 }, 86_400 * S)
    machine.start()
    granted(machine, 18 * S)
    machine.true += 600 * S
    granted(machine, 18 * S)
    // For as long as it is off nothing is known, be it a second or a day.
    machine.reboot(86_400 * S, 40 * S)
    assert.equal(machine.ledger.used(), 36 * S)
    // The two keep their distance: the first is ten minutes older.
    assert.equal(machine.ledger.waitUs(18 * S), HOUR_US + MAX_LEAD_US - 600 * S - 40 * S)
  })

  it('is not moved by a clock that somebody sets', () => {
    const clock = new VirtualClock()
    const disk = new SimDisk()
    const open = (): DutyLedger =>
      DutyLedger.open({
        medium: disk.medium(),
        uptime: uptimeOf(clock),
        dutyShare: 0.01,
        slackUs: 0,
        logger: silentLogger,
      })
    let ledger = open()
    ledger.charge(36 * S)
    for (const step of [86_400_000, -2 * 86_400_000, 3_600_000]) {
      clock.stepWallClock(step)
      ledger = open()
      clock.advance(36_000)
      assert.equal(ledger.left(), 0)
    }
    assert.equal(ledger.waitUs(S), HOUR_US - 3 * 36 * S)
  })

  it('has no limit where it is lifted or there is none, and writes down what is sent all the same', () => {
    for (const settings of [
      { lifted: true, dutyShare: 0.01 },
      { dutyShare: 1, slackUs: 30 * S },
    ]) {
      const machine = new Machine(settings)
      machine.start()
      for (let n = 0; n < 400; n++) {
        granted(machine, 10 * S)
        machine.true += 10 * S
      }
      machine.disk.fate = { kind: 'full', part: 0.5 }
      granted(machine, S)
      const strict = new Machine({ dutyShare: 0.01 })
      strict.disk.content = machine.disk.content
      strict.true = machine.true + S
      strict.start()
      assert.equal(strict.ledger.left(), 0)
    }
  })
})
