import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { HeldPackets } from '../../../../src/transport/lora/rnode/held-packets.ts'
import { OwnAirtime } from '../../../../src/transport/lora/rnode/own-airtime.ts'
import { RecentShare, sendEstimateMs } from '../../../../src/transport/lora/rnode/send-estimate.ts'
import {
  chargedAirtimeMs,
  packetAirtimeMs,
  rnodeModulation,
} from '../../../../src/transport/lora/rnode-timing.ts'

const SF8 = rnodeModulation(8, 125_000, 5)
const BIN_MS = 7500
/** Two roundings of a report. */
const ROUNDING_MS = 3.5

describe('the airtime of a packet', () => {
  it('is that of one LoRa frame up to 254 bytes, and of two beyond', () => {
    assert.equal(packetAirtimeMs(SF8, 16), 113.152)
    assert.equal(packetAirtimeMs(SF8, 254), 727.552)
    assert.equal(packetAirtimeMs(SF8, 255), 727.552 + packetAirtimeMs(SF8, 1))
    assert.equal(packetAirtimeMs(SF8, 507), 727.552 + packetAirtimeMs(SF8, 253))
  })

  it('is charged by the firmware with 1 to 17 per cent less', () => {
    for (const sf of [7, 8, 9, 10, 11, 12]) {
      for (const bytes of [15, 50, 221, 254]) {
        const modulation = rnodeModulation(sf, 125_000, 5)
        const less = 1 - chargedAirtimeMs(modulation, bytes) / packetAirtimeMs(modulation, bytes)
        assert.ok(less > 0.01 && less < 0.175, `SF ${sf}, ${bytes} bytes: ${less}`)
      }
    }
  })
})

describe('the estimate of when a packet leaves', () => {
  it('has two slots of quiet, the longest wait of the lowest band and the packet in it', () => {
    assert.ok(Math.abs(sendEstimateMs(SF8, 113.152, 0, 0) - (150 + 16 * 24.576 + 113.152)) < 1e-9)
  })

  it('grows with own airtime and with that of others, but never without bounds', () => {
    const quiet = sendEstimateMs(SF8, 100, 0, 0)
    const busy = sendEstimateMs(SF8, 100, 0.5, 0)
    assert.ok(busy > quiet)
    assert.ok(sendEstimateMs(SF8, 100, 0.5, 0.6) > 2 * busy - 150)
    assert.equal(sendEstimateMs(SF8, 100, 1, 1), sendEstimateMs(SF8, 100, 1, 0.95))
  })

  it('takes what was of late for more than what was before', () => {
    const share = new RecentShare()
    share.add(3000, 0)
    assert.equal(share.at(0), 0.2)
    assert.ok(share.at(15_000) < 0.1)
    assert.ok(share.at(60_000) < 0.005)
  })
})

/** What a modem reports that sends as given, each second and after each packet. */
function reportsOf(sends: readonly { readonly pauseMs: number; readonly ms: number }[]) {
  const used: { at: number; ms: number }[] = []
  const reports: { at: number; share: number; long: number; totalMs: number }[] = []
  const report = (at: number): void => {
    const bin = Math.floor(at / BIN_MS)
    const recent = used.filter((use) => Math.floor(use.at / BIN_MS) >= bin - 1)
    const sum = recent.reduce((total, { ms }) => total + ms, 0)
    const totalMs = used.reduce((total, { ms }) => total + ms, 0)
    const cut = (ms: number, windowMs: number): number => Math.floor((ms / windowMs) * 10_000) / 10_000
    reports.push({ at, share: cut(sum, 15_000), long: cut(totalMs, 3_600_000), totalMs })
  }
  let now = 0
  report(now)
  for (const { pauseMs, ms } of [...sends, { pauseMs: 40_000, ms: 0 }]) {
    const sentAt = now + pauseMs
    for (let second = Math.floor(now / 1000) + 1; second * 1000 < sentAt; second++) report(second * 1000)
    now = sentAt
    if (ms === 0) continue
    used.push({ at: now, ms })
    report(now)
  }
  return reports
}

describe('own airtime from the reports of a modem', () => {
  const sends = fc.array(
    fc.record({ pauseMs: fc.integer({ min: 30, max: 30_000 }), ms: fc.integer({ min: 8, max: 2500 }) }),
    { minLength: 1, maxLength: 40 },
  )

  it('is never told to have grown by more than it has', () => {
    fc.assert(
      fc.property(sends, (sends) => {
        const own = new OwnAirtime(0)
        let told = 0
        let growths = 0
        for (const { at, share, long, totalMs } of reportsOf(sends)) {
          const grownMs = own.report(share, long, at)
          if (grownMs > 0) growths += 1
          told += grownMs
          assert.ok(told <= totalMs + ROUNDING_MS * (growths + 1), `${told} of ${totalMs} ms at ${at}`)
        }
      }),
    )
  })

  it('is told at once, and all of it, where packets are far apart', () => {
    const own = new OwnAirtime(0)
    const grown = reportsOf([
      { pauseMs: 500, ms: 400 },
      { pauseMs: 20_300, ms: 400 },
      { pauseMs: 20_300, ms: 100 },
    ])
      .map(({ at, share, long }) => own.report(share, long, at))
      .filter((ms) => ms > 0)
    assert.equal(grown.length, 3)
    for (const [index, ms] of [400, 400, 100].entries()) {
      assert.ok(Math.abs((grown[index] as number) - ms) < ROUNDING_MS, `${grown}`)
    }
  })

  it('is told late, but told, when it comes as a bin of just as much goes', () => {
    const own = new OwnAirtime(0)
    assert.equal(own.report(0, 0, 0), 0)
    assert.ok(own.report(0.02, 0, 7000) > 290)
    // The 300 ms before have left the window unseen, and as much has come.
    assert.equal(own.report(0.02, 0, 15_100), 0)
    assert.equal(own.report(0.02, 0, 21_000), 0)
    assert.ok(own.report(0.02, 0, 24_100) > 290)
    assert.equal(own.report(0.02, 0, 25_100), 0)
  })
})

describe('the account of held packets', () => {
  const packet = (name: number): Uint8Array => Uint8Array.of(name)

  it('lets packets go as the airtime of the modem grows, oldest first', () => {
    const held = new HeldPackets()
    held.add(packet(1), 110, 100, 1000, 0)
    held.add(packet(2), 110, 100, 1000, 0)
    assert.equal(held.sent(92, 200), 1)
    assert.equal(held.count, 1)
    assert.deepEqual(held.clear(), [packet(2)])
  })

  it('lets several go at once where that much was sent', () => {
    const held = new HeldPackets()
    for (const name of [1, 2, 3]) held.add(packet(name), 110, 100, 1000, 0)
    assert.equal(held.sent(200, 500), 2)
    assert.equal(held.count, 1)
  })

  it('waits for the second half of a packet in two frames', () => {
    const held = new HeldPackets()
    held.add(packet(1), 600, 560, 1000, 0)
    assert.equal(held.sent(300, 400), 0)
    assert.equal(held.sent(260, 700), 1)
  })

  it('does not add up the little by which charges differ', () => {
    const held = new HeldPackets()
    for (let round = 0; round < 20; round++) {
      held.add(packet(round), 110, 100, 1000, round * 1000)
      held.add(packet(round), 110, 100, 1000, round * 1000)
      assert.equal(held.sent(117, round * 1000 + 300), 1)
      assert.equal(held.count, 1)
      assert.equal(held.sent(117, round * 1000 + 600), 1)
    }
  })

  it('lets a packet go when the estimate says so, each after the one before', () => {
    const held = new HeldPackets()
    held.add(packet(1), 110, 100, 500, 0)
    held.add(packet(2), 110, 100, 700, 100)
    assert.equal(held.dueAt, 500)
    assert.equal(held.expire(499, false), 0)
    assert.equal(held.expire(500, false), 1)
    assert.equal(held.dueAt, 1200)
    assert.equal(held.expire(1200, false), 1)
    assert.deepEqual(held.clear(), [])
  })

  it('counts an estimate from when the packet before has left in truth', () => {
    const held = new HeldPackets()
    held.add(packet(1), 110, 100, 500, 0)
    held.add(packet(2), 110, 100, 700, 0)
    held.sent(100, 150)
    assert.equal(held.dueAt, 850)
  })

  it('keeps in mind what left by the estimate alone, until the modem shows it', () => {
    const held = new HeldPackets()
    held.add(packet(1), 110, 100, 500, 0)
    assert.equal(held.expire(510, true), 1)
    held.add(packet(2), 110, 100, 500, 520)
    assert.equal(held.waitingSince, 0)
    // It was on the air when it was due, so this is it, and the second is still there.
    assert.equal(held.sent(100, 590), 0)
    assert.equal(held.count, 1)
    assert.equal(held.sent(100, 900), 1)
  })

  it('takes what was due before the modem began to send for gone, though nothing showed it', () => {
    const held = new HeldPackets()
    held.add(packet(1), 110, 100, 500, 0)
    held.expire(510, true)
    held.add(packet(2), 110, 100, 500, 520)
    assert.equal(held.sent(100, 650), 1)
    assert.equal(held.count, 0)
    assert.equal(held.waitingSince, undefined)
  })

  it('does not take a modem for stuck because the trace of a packet was missed', () => {
    const held = new HeldPackets()
    held.add(packet(1), 110, 100, 500, 0)
    held.add(packet(2), 110, 100, 500, 0)
    held.sent(100, 300)
    assert.equal(held.waitingSince, undefined)
    held.add(packet(3), 110, 100, 500, 400)
    assert.equal(held.waitingSince, 400)
  })

  it('tells what may be lost, with what left by the estimate alone, oldest first', () => {
    const held = new HeldPackets()
    held.add(packet(1), 110, 100, 500, 0)
    held.add(packet(2), 110, 100, 500, 0)
    held.expire(500, true)
    held.add(packet(3), 110, 100, 500, 600)
    assert.deepEqual(held.clear(), [packet(1), packet(2), packet(3)])
    assert.equal(held.count, 0)
    assert.equal(held.waitingSince, undefined)
  })

  it('is bounded when a modem sends nothing for long', () => {
    const held = new HeldPackets()
    for (let at = 0; at < 500; at++) {
      held.add(packet(at & 0xff), 110, 100, 1, at)
      held.expire(at + 2, true)
    }
    assert.equal(held.clear().length, 64)
  })

  it('begins its estimates anew when the modem may not send', () => {
    const held = new HeldPackets()
    held.add(packet(1), 110, 100, 500, 0)
    held.postpone(10_000)
    assert.equal(held.dueAt, 10_500)
  })
})
