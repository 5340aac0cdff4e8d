import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HOUR_US, MAX_LEAD_US } from '../../../../src/transport/lora/ledger/air-window.ts'
import { RECORD_BYTES } from '../../../../src/transport/lora/ledger/ledger-file.ts'
import { granted, Machine, S } from './machine.ts'

describe('a disk that fails', () => {
  it('stops all sending while it is full, and lets it go on by itself', () => {
    const machine = new Machine()
    machine.start()
    granted(machine, S)
    machine.true += S
    machine.disk.fate = { kind: 'full', part: 0.4 }
    const refused = machine.charge(S)
    assert.deepEqual(refused, { granted: false, reason: 'unwritable', earliest: machine.true + S })
    assert.match(machine.ledger.problem ?? '', /^no air: the ledger simulated cannot be written: ENOSPC/)
    const { writes } = machine.disk
    assert.equal(machine.charge(S)?.granted, false)
    assert.equal(machine.disk.writes, writes, 'it is left alone for a while')
    machine.true += S
    granted(machine, S)
    assert.equal(machine.ledger.problem, undefined)
    machine.true += S
    assert.equal(machine.ledger.used(), 2 * S, 'what was refused does not count')
    machine.start()
    assert.equal(machine.ledger.used(), 2 * S)
  })

  it('is noticed at the start', () => {
    const machine = new Machine()
    machine.disk.fate = { kind: 'full', part: 0 }
    machine.start()
    assert.equal(machine.charge(S)?.granted, false)
    machine.true += S
    granted(machine, S)
  })

  it('that is too slow makes the radio wait, since nobody knows what it would be late for', () => {
    const machine = new Machine({ slackUs: 10 * S })
    machine.start()
    machine.disk.fate = { kind: 'slow', us: 9 * S }
    granted(machine, S)
    machine.true += S
    machine.disk.fate = { kind: 'slow', us: 11 * S }
    assert.equal(machine.charge(S)?.granted, false)
    assert.match(machine.ledger.problem ?? '', /the disk took 11 s/)
    machine.true += S
    granted(machine, S)
    assert.equal(machine.ledger.used(), 3 * S)
  })

  it('that cannot be read counts as an hour used to its limit, over restarts too', () => {
    const machine = new Machine({ dutyShare: 0.01 })
    machine.start()
    granted(machine, S)
    machine.true += 2 * HOUR_US
    machine.disk.isReadable = false
    machine.start()
    assert.equal(machine.disk.aside, 1)
    assert.equal(machine.ledger.left(), 0)
    assert.equal(machine.ledger.waitUs(S), HOUR_US + MAX_LEAD_US - 36 * S)
    machine.disk.isReadable = true
    machine.start()
    assert.equal(machine.ledger.left(), 0)
  })

  it('whose content is damaged counts as an hour used to its limit', () => {
    const sound = new Machine()
    sound.start()
    for (let n = 0; n < 5; n++) {
      granted(sound, S)
      sound.true += S
    }
    const content = sound.disk.content as Uint8Array
    for (let at = 0; at < content.length; at++) {
      const machine = new Machine()
      machine.true = 10 * S
      machine.disk.content = content.map((byte, index) => (index === at ? byte ^ 0x10 : byte))
      machine.start()
      assert.equal(machine.ledger.left(), 0, `byte ${at}`)
      assert.equal(machine.disk.aside, 1)
    }
  })

  it('that was cut within the last record has lost nothing that was sent', () => {
    const machine = new Machine()
    machine.start()
    granted(machine, S)
    machine.true += S
    granted(machine, S)
    machine.true += S
    const content = machine.disk.content as Uint8Array
    for (let cut = 1; cut < RECORD_BYTES; cut++) {
      machine.disk.content = content.subarray(0, content.length - cut)
      machine.start()
      assert.equal(machine.ledger.used(), S)
    }
    machine.disk.content = Buffer.concat([content, new Uint8Array(RECORD_BYTES)])
    machine.start()
    assert.equal(machine.ledger.used(), 2 * S, 'zeros where a record was to be')
  })

  it('keeps its file short', () => {
    const machine = new Machine()
    machine.start()
    let longest = 0
    for (let n = 0; n < 9000; n++) {
      granted(machine, 50_000)
      machine.true += 2 * S
      longest = Math.max(longest, machine.disk.content?.length ?? 0)
    }
    assert.ok(longest <= RECORD_BYTES * 4097, `${longest} bytes`)
    const used = machine.ledger.used()
    machine.start()
    assert.equal(machine.ledger.used(), used)
  })
})
