import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { silentLogger } from '../../../../src/runtime/logger.ts'
import { systemUptime, type Uptime } from '../../../../src/runtime/uptime.ts'
import { DutyLedger } from '../../../../src/transport/lora/ledger/duty-ledger.ts'
import {
  decodeLedger,
  encodeLedger,
  encodeRecord,
  RECORD_BYTES,
} from '../../../../src/transport/lora/ledger/ledger-file.ts'
import { FileMedium } from '../../../../src/transport/lora/ledger/ledger-medium.ts'
import { ledgerFileName } from '../../../../src/transport/lora/ledger/ledger-name.ts'

const S = 1_000_000
const isRoot = process.getuid?.() === 0

const ledgers = fc
  .record({
    slackUs: fc.nat(60 * S),
    start: fc.integer({ min: -4000 * S, max: 2 ** 50 }),
    gaps: fc.array(fc.tuple(fc.nat(100 * S), fc.integer({ min: 1, max: 10 * S })), { maxLength: 20 }),
  })
  .map(({ slackUs, start, gaps }) => {
    let at = start
    const transmissions = gaps.map(([gap, us]) => {
      at += gap
      const transmission = { at, us }
      at += us
      return transmission
    })
    return { slackUs, transmissions }
  })

describe('the bytes of a ledger', () => {
  it('are those of the specification', () => {
    const bytes = encodeLedger({ slackUs: 30 * S, transmissions: [{ at: -1, us: 500_000 }] })
    assert.equal(
      Buffer.from(bytes).toString('hex'),
      '687764010000000101c9c3805b28cf17ffffffffffffffff0007a120adf315ae',
    )
  })

  it('say the same when they are read', () => {
    fc.assert(
      fc.property(ledgers, (ledger) => {
        assert.deepEqual(decodeLedger(encodeLedger(ledger)), ledger)
      }),
    )
  })

  it('never say anything else once they are damaged: the same without the last record, or nothing', () => {
    fc.assert(
      fc.property(ledgers, fc.nat(), fc.integer({ min: 1, max: 255 }), (ledger, where, change) => {
        const bytes = encodeLedger(ledger)
        const at = where % bytes.length
        bytes[at] = (bytes[at] as number) ^ change
        assert.throws(() => decodeLedger(bytes), { code: 'ERR_WIRE' })
      }),
    )
  })

  it('take a record at its place and nowhere else', () => {
    const [a, b] = [
      { at: 10, us: 5 },
      { at: 20, us: 5 },
    ]
    const base = encodeLedger({ slackUs: 0, transmissions: [] })
    const appended = Buffer.concat([base, encodeRecord(0, a), encodeRecord(1, b)])
    assert.deepEqual(decodeLedger(appended).transmissions, [a, b])
    const without = Buffer.concat([base, encodeRecord(1, b), encodeRecord(2, b)])
    assert.throws(() => decodeLedger(without), { code: 'ERR_WIRE', message: /wrong record at byte 16/ })
  })

  it('are refused, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        assert.throws(() => decodeLedger(bytes), { code: 'ERR_WIRE' })
      }),
    )
  })
})

describe('a ledger on a real disk', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hopwire-ledger-'))
  })
  after(() => rm(folder, { recursive: true }))

  const open = (file: string, uptime: Uptime = systemUptime): DutyLedger =>
    DutyLedger.open({ medium: new FileMedium(file), uptime, dutyShare: 0.01, logger: silentLogger })

  it('is there after a restart, readable by its owner alone', async () => {
    const file = join(folder, 'radios', 'usb0-M.ledger')
    let ledger = open(file)
    assert.ok(ledger.charge(20 * S).granted)
    ledger.close()
    if (process.platform !== 'win32') assert.equal((await stat(file)).mode & 0o777, 0o600)
    ledger = open(file)
    assert.equal(ledger.used(), 20 * S)
    ledger.close()
    assert.deepEqual(await readdir(join(folder, 'radios')), ['usb0-M.ledger'])
  })

  it('has every charge on the disk before it is granted', async () => {
    const file = join(folder, 'before.ledger')
    let now = 5 * S
    const ledger = open(file, () => now)
    for (let n = 1; n <= 3; n++) {
      const { granted } = ledger.charge(S)
      assert.ok(granted)
      assert.equal(decodeLedger(await readFile(file)).transmissions.length, n)
      now += S
    }
    ledger.close()
  })

  it('is set aside when it is damaged, and an hour is taken as used up', async () => {
    const file = join(folder, 'damaged.ledger')
    const ledger = open(file)
    ledger.charge(S)
    ledger.close()
    await truncate(file, RECORD_BYTES - 1)
    const after = open(file)
    assert.equal(after.left(), 0)
    after.close()
    assert.equal((await stat(`${file}.corrupt`)).size, RECORD_BYTES - 1)
  })

  it('is written anew when somebody has removed it', async () => {
    const file = join(folder, 'removed.ledger')
    let now = 5 * S
    const ledger = open(file, () => now)
    ledger.charge(S)
    now += S
    await unlink(file)
    assert.equal(ledger.charge(S).granted, false)
    now += S
    assert.ok(ledger.charge(S).granted)
    ledger.close()
    assert.equal(decodeLedger(await readFile(file)).transmissions.length, 2)
  })

  it('does not start to send where a folder is in its place', async () => {
    const file = join(folder, 'folder.ledger')
    await mkdir(file)
    const ledger = open(file)
    assert.match(ledger.problem ?? '', /^no air: the ledger .*folder\.ledger cannot be written/)
    ledger.close()
  })

  it('does not send where it may not write, and does once it may', {
    skip: isRoot && 'root may',
  }, async () => {
    const locked = join(folder, 'locked')
    await mkdir(locked, { mode: 0o500 })
    let now = 5 * S
    const ledger = open(join(locked, 'a.ledger'), () => now)
    assert.equal(ledger.charge(S).granted, false)
    await chmod(locked, 0o700)
    now += 2 * S
    assert.ok(ledger.charge(S).granted)
    ledger.close()
  })
})

describe('the name of its file', () => {
  it('tells the port and is of that port alone', () => {
    const name = ledgerFileName('/dev/ttyUSB0', 'EU868', 'P')
    assert.match(name, /^airtime-EU868-P-dev-ttyUSB0-[0-9a-f]{8}\.ledger$/)
    assert.notEqual(ledgerFileName('/dev/a-b', 'EU868', 'P'), ledgerFileName('/dev/a/b', 'EU868', 'P'))
    const long = ledgerFileName(`tcp://${'../'.repeat(200)}x:1`, 'EU868', 'P')
    assert.ok(long.length < 120 && !long.includes('/'))
  })
})

describe('a process that is killed', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hopwire-killed-'))
  })
  after(() => rm(folder, { recursive: true }))

  it('leaves behind all that it was granted, whenever it dies', async () => {
    const file = join(folder, 'killed.ledger')
    let granted = 0
    for (const kill of [1, 7, 40, 150]) {
      const before = systemUptime()
      const child = spawn(process.execPath, [join(import.meta.dirname, 'charging-child.ts'), file])
      const lines = createInterface(child.stdout)
      let own = 0
      for await (const line of lines) {
        // Every process of the machine reads the same uptime.
        assert.ok(Number(line) >= before && Number(line) <= systemUptime())
        own += 1
        if (own === kill) child.kill('SIGKILL')
      }
      granted += own
      const { transmissions } = decodeLedger(await readFile(file))
      assert.ok(transmissions.length >= granted, `${transmissions.length} of ${granted}`)
      assert.ok(transmissions.length <= granted + 1000)
      granted = transmissions.length
    }
  })
})

describe('the uptime', () => {
  it('is whole microseconds that never go back', () => {
    const first = systemUptime()
    assert.ok(Number.isInteger(first))
    assert.ok(systemUptime() >= first)
  })
})
