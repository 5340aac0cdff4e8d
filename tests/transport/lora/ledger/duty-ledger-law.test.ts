import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { seededRandom } from '../../../../src/runtime/random.ts'
import { HOUR_US } from '../../../../src/transport/lora/ledger/air-window.ts'
import { granted, Machine, S } from './machine.ts'
import { earliestByTrying, mostInAnyWindow, type OnAir, within } from './on-air.ts'
import type { Fate } from './sim-disk.ts'

type Step =
  | { readonly kind: 'pause'; readonly us: number }
  | { readonly kind: 'send'; readonly us: number; readonly delay: number; readonly fate: Fate | undefined }
  | { readonly kind: 'send when allowed'; readonly us: number; readonly delay: number }
  | { readonly kind: 'restart'; readonly fate: Fate | undefined }
  | { readonly kind: 'reboot'; readonly downUs: number; readonly bootUs: number }

const part = fc.double({ min: 0, max: 1, noNaN: true })
const fate: fc.Arbitrary<Fate | undefined> = fc.option(
  fc.oneof(
    fc.record({ kind: fc.constant('crash' as const), part }),
    fc.record({ kind: fc.constant('full' as const), part }),
    fc.record({ kind: fc.constant('slow' as const), us: fc.integer({ min: 0, max: 40 * S }) }),
  ),
  { nil: undefined },
)
const us = fc.oneof(fc.integer({ min: 1, max: 10 * S }), fc.integer({ min: 1, max: 200 * S }))
const span = fc.oneof(fc.integer({ min: 0, max: 60 * S }), fc.integer({ min: 0, max: 2 * HOUR_US }))
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pause' as const), us: span }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('send' as const), us, delay: part, fate }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('send when allowed' as const), us, delay: part }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('restart' as const), fate }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('reboot' as const),
      downUs: fc.oneof(fc.constant(0), span),
      bootUs: fc.integer({ min: 0, max: 90 * S }),
    }),
  },
)

function play(machine: Machine, steps: readonly Step[], slackUs: number): OnAir[] {
  const sent: OnAir[] = []
  /** The modem sends it when it finds a quiet moment, or loses it, whatever becomes of the process meanwhile. */
  const transmit = (us: number, delay: number, endsBy: number): void => {
    const free = Math.max(machine.true, sent.at(-1)?.[1] ?? 0)
    const latest = machine.inTrueTime(endsBy) - us
    assert.ok(latest >= free, 'granted too late to be sent by then')
    if (delay > 0.9) return
    const start = Math.min(free + Math.floor(delay * slackUs), latest)
    sent.push([start, start + us])
  }
  machine.start()
  for (const step of steps) {
    if (step.kind === 'pause') machine.true += step.us
    else if (step.kind === 'reboot') machine.reboot(step.downUs, step.bootUs)
    else if (step.kind === 'restart') {
      machine.disk.fate = step.fate
      machine.start()
    } else {
      const wait = machine.ledger.waitUs(step.us)
      if (step.kind === 'send when allowed' && Number.isFinite(wait)) machine.true += wait
      machine.disk.fate = step.kind === 'send' ? step.fate : undefined
      const charge = machine.charge(step.us)
      machine.disk.fate = undefined
      if (charge?.granted) transmit(step.us, step.delay, charge.endsBy)
    }
  }
  return sent
}

describe('no schedule of charges, crashes and restarts', () => {
  const shares = fc.constantFrom(0.001, 0.01, 0.1, 0.5)
  const slacks = fc.constantFrom(0, S, 30 * S)

  it('is over the limit in any hour of true time', () => {
    const steps = fc.array(step, { minLength: 1, maxLength: 120 })
    fc.assert(
      fc.property(steps, shares, slacks, fc.boolean(), (list, dutyShare, slackUs, isOld) => {
        const machine = new Machine({ dutyShare, slackUs }, isOld ? 86_400 * S : 0)
        const sent = play(machine, list, slackUs)
        const most = mostInAnyWindow(sent, HOUR_US)
        assert.ok(most <= dutyShare * HOUR_US, `${most} us in an hour of ${dutyShare}`)
      }),
      { numRuns: 400 },
    )
  })
})

describe('over 24 hours of random traffic and restarts', () => {
  it('every transmission is allowed at the first instant that the law allows it, 0 us off', () => {
    const random = seededRandom('a day of traffic')
    const dutyShare = 0.1
    const budget = dutyShare * HOUR_US
    const machine = new Machine({ dutyShare })
    machine.start()
    const sent: OnAir[] = []
    let waits = 0
    while (machine.true < 24 * HOUR_US) {
      machine.true += Math.floor(random.float() ** 4 * 60 * S)
      if (random.float() < 0.02) machine.start()
      const us = 1 + Math.floor(random.float() * 9 * S)
      const recent = sent.slice(-4000)
      const earliest = earliestByTrying(recent, machine.true, us, budget, HOUR_US)
      assert.equal(machine.true + machine.ledger.waitUs(us), earliest)
      assert.equal(machine.ledger.used(), within(recent, machine.true - HOUR_US, machine.true + us))
      if (earliest > machine.true) {
        waits += 1
        machine.true = earliest - 1
        assert.equal(machine.charge(us)?.granted, false)
        machine.true = earliest
      }
      granted(machine, us)
      sent.push([machine.true, machine.true + us])
      machine.true += us
    }
    assert.ok(sent.length > 1500 && waits > 500, `${sent.length} sent, ${waits} had to wait`)
    assert.equal(mostInAnyWindow(sent, HOUR_US), budget)
  })
})
