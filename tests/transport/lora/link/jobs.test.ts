import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AGING_MS, type Job, Jobs } from '../../../../src/transport/lora/link/jobs.ts'
import type { Priority } from '../../../../src/wire/frame.ts'
import { identityOf, messageBy } from '../../../support/frames.ts'

const people = ['alice', 'bob', 'carol', 'dave'].map(identityOf)
const [alice, bob, carol] = people as [(typeof people)[0], (typeof people)[0], (typeof people)[0]]
const all = (): boolean => true

let sequence = 0

function add(jobs: Jobs, priority: Priority, at: number, source = alice): Job {
  const frame = messageBy(source, bob, { sequence: sequence++, body: new Uint8Array(20) })
  const job = jobs.add(frame, priority, undefined, at)
  assert.ok(job !== undefined)
  return job
}

const newJobs = (maxBytes = 100_000): Jobs => new Jobs(maxBytes, 12345)

describe('frames that wait for the air', () => {
  it('go by priority, then by source, then by age', () => {
    const jobs = newJobs()
    const [bulk, text, later, control] = ([3, 2, 2, 0] as const).map((p, n) => add(jobs, p, n))
    assert.deepEqual(jobs.ready(10, all), [control, text, later, bulk])
  })

  it('count as one priority more urgent for each minute, so that none waits for ever', () => {
    const jobs = newJobs()
    const bulk = add(jobs, 3, 0)
    let waited = 0
    for (let next: Job | undefined; next !== bulk; waited += 1000) {
      // Something most urgent comes each second and is sent.
      add(jobs, 0, waited)
      next = jobs.ready(waited, all)[0] as Job
      jobs.spent(next, 500)
      jobs.remove(next)
      assert.ok(waited < 5 * AGING_MS, 'bulk starves')
    }
    assert.ok(waited >= 3 * AGING_MS)
  })

  it('of sources that have used less airtime go first, within a priority', () => {
    const jobs = newJobs()
    const [busy, quiet] = [add(jobs, 2, 0, alice), add(jobs, 2, 1, carol)]
    assert.deepEqual(jobs.ready(2, all), [busy, quiet])
    jobs.spent(busy, 300)
    assert.deepEqual(jobs.ready(2, all), [quiet, busy])
    jobs.spent(quiet, 1000)
    assert.deepEqual(jobs.ready(2, all), [busy, quiet])
    add(jobs, 1, 3, carol)
    assert.equal(jobs.ready(4, all)[0]?.priority, 1)
  })

  it('share the air evenly among sources, however much each of them wants', () => {
    const jobs = newJobs()
    for (let n = 0; n < 100; n++) add(jobs, 2, 0, alice)
    for (let n = 0; n < 20; n++) add(jobs, 2, 0, carol)
    const sent: Record<string, number> = {}
    for (let n = 0; n < 40; n++) {
      const [next] = jobs.ready(n, all) as [Job]
      const source = Buffer.from(next.frame.subarray(18, 34)).toString('hex')
      sent[source] = (sent[source] ?? 0) + 1
      jobs.spent(next, 100)
      jobs.remove(next)
    }
    assert.deepEqual(Object.values(sent), [20, 20])
  })

  it('forget what a source has used, by half in five minutes', () => {
    const jobs = newJobs()
    const [old, fresh] = [add(jobs, 2, 0, alice), add(jobs, 2, 0, carol)]
    jobs.spent(old, 1000)
    jobs.ready(0, all)
    jobs.ready(300_000, all)
    jobs.spent(fresh, 499)
    assert.equal(jobs.ready(300_000, all)[0], fresh)
    jobs.spent(fresh, 2)
    assert.equal(jobs.ready(300_000, all)[0], old)
  })

  it('are taken up to so many bytes, and make room when they are done with', () => {
    const jobs = newJobs(200)
    const first = add(jobs, 2, 0)
    const { length } = first.frame
    assert.equal(jobs.bytes, length)
    assert.equal(jobs.add(new Uint8Array(201 - length), 2, undefined, 0), undefined)
    assert.ok(jobs.add(new Uint8Array(200 - length), 2, undefined, 0) !== undefined)
    assert.equal(jobs.remove(first), true)
    assert.equal(jobs.remove(first), false)
    assert.equal(jobs.bytes, 200 - length)
  })

  it('do not go when nothing of them is pending or they must not', () => {
    const jobs = newJobs()
    const [a, b, c] = [0, 1, 2].map((at) => add(jobs, 2, at))
    ;(b as Job).pending.length = 0
    assert.deepEqual(
      jobs.ready(5, (job) => job !== c),
      [a],
    )
  })

  it('are all looked at, also where one that has expired takes itself out meanwhile', () => {
    const jobs = newJobs()
    const made = [0, 1, 2, 3].map((at) => add(jobs, 2, at))
    const ready = jobs.ready(5, (job) => {
      const isLate = job === made[0] || job === made[2]
      if (isLate) jobs.remove(job)
      return !isLate
    })
    assert.deepEqual(ready, [made[1], made[3]])
  })
})
