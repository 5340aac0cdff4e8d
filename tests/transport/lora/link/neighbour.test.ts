/** What is under way to one neighbour, and what becomes of it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { seededRandom } from '../../../../src/runtime/random.ts'
import { OutgoingDatagram } from '../../../../src/transport/lora/link/fragments.ts'
import { type Job, Jobs } from '../../../../src/transport/lora/link/jobs.ts'
import { MAX_UNANSWERED, Neighbour } from '../../../../src/transport/lora/link/neighbour.ts'
import { ACK_WINDOW, type Ack } from '../../../../src/transport/lora/link/packet.ts'
import { identityOf } from '../../../support/frames.ts'

const ANSWER_MS = 1000
const random = seededRandom('neighbour')
const { address } = identityOf('bob')
const whole = (low: number): number => low

const newNeighbour = (): Neighbour => new Neighbour(7, address, 0)

function newJob(to: Neighbour, length = 20): Job {
  const job = new Jobs(100_000, 0).add(new Uint8Array(length).fill(0x15), 2, to, 0)
  assert.ok(job !== undefined)
  return job
}

/** Puts pieces of jobs into one packet. */
function send(to: Neighbour, counter: number, job: Job, index = 0, received?: () => void): void {
  job.pending.splice(job.pending.indexOf(index), 1)
  to.sent(counter, job, index, received)
}

function ackOf(newest: number, used: readonly number[], done: readonly number[] = []): Ack {
  const bits = used.reduce((sum, counter) => sum | (1n << BigInt(newest - counter)), 0n)
  return { to: 1, newest, used: [Number(bits & 0xffffffffn), Number(bits >> 32n)], done }
}

describe('an acknowledgement', () => {
  it('settles all up to the newest: what was used is done, all else is pending again', () => {
    const bob = newNeighbour()
    const jobs = [10, 11, 12, 13].map((counter) => {
      const job = newJob(bob)
      send(bob, counter, job)
      return job
    })
    assert.deepEqual(bob.acknowledged(ackOf(12, [10, 12]), whole, 0), [jobs[0], jobs[2]])
    assert.deepEqual(
      jobs.map(({ pending, losses }) => [pending.length, losses]),
      [
        [0, 0],
        [1, 1],
        [0, 0],
        [0, 0],
      ],
    )
    assert.equal(bob.inFlight, 1)
    assert.deepEqual(bob.acknowledged(ackOf(12, [10, 12]), whole, 0), [])
  })

  it('says of packets too far back that they are lost, and of later ones nothing', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), fc.integer({ min: -100, max: 100 }), (counter, ahead) => {
        const bob = newNeighbour()
        const job = newJob(bob)
        send(bob, 200 + counter, job)
        const newest = 200 + counter + ahead
        const ack: Ack = { to: 1, newest, used: [0xffffffff, 0xffffffff], done: [] }
        const done = bob.acknowledged(ack, whole, 0)
        const isSettled = ahead >= 0
        const isUsed = isSettled && ahead < ACK_WINDOW
        assert.deepEqual(done, isUsed ? [job] : [])
        assert.equal(job.losses, isSettled && !isUsed ? 1 : 0)
        assert.equal(bob.inFlight, isSettled ? 0 : 1)
      }),
    )
  })

  it('is not taken for one of packets whose low bits are alike, half a day before', () => {
    const bob = newNeighbour()
    const job = newJob(bob)
    send(bob, 100, job)
    assert.deepEqual(
      bob.acknowledged(ackOf(100, [100]), () => 100 + 2 ** 16, 0),
      [],
    )
    assert.deepEqual(job.pending, [0])
  })

  it('tells that headers have arrived only with packets that were used', () => {
    const bob = newNeighbour()
    const received: number[] = []
    for (const counter of [1, 2]) send(bob, counter, newJob(bob), 0, () => received.push(counter))
    bob.acknowledged(ackOf(2, [2]), whole, 0)
    assert.deepEqual(received, [2])
  })

  it('ends a datagram where it names it, and else shows which fragments to send again', () => {
    for (const isDone of [true, false]) {
      const bob = newNeighbour()
      const job = newJob(bob, 600)
      job.datagram = new OutgoingDatagram({ to: 7, id: 3 }, job.frame, job.frame, 200)
      job.pending.splice(0, 1, 0, 1, 2, 3)
      for (const index of [0, 1, 2, 3]) send(bob, 10 + index, job, index)
      assert.equal(job.datagram.count, 4)
      assert.deepEqual(
        bob.acknowledged(ackOf(13, [10, 12], isDone ? [3] : [4]), whole, 0),
        isDone ? [job] : [],
      )
      assert.deepEqual(job.pending, isDone ? [] : [1, 3])
    }
  })

  it('that shows all fragments and no datagram makes it begin anew, whole and under another number', () => {
    const bob = newNeighbour()
    const job = newJob(bob, 300)
    job.datagram = new OutgoingDatagram({ to: 7, id: 3 }, job.frame, job.frame, 200)
    job.pending.splice(0, 1, 0, 1)
    for (const index of [0, 1]) send(bob, 10 + index, job, index)
    bob.acknowledged(ackOf(11, [10]), whole, 0)
    bob.repair(job, 0)
    assert.deepEqual(job.pending, [1])
    send(bob, 12, job, 1)
    bob.acknowledged(ackOf(12, [12]), whole, 0)
    bob.repair(job, 0)
    assert.deepEqual([job.datagram, job.pending, job.arrived], [undefined, [0], 0])
    assert.ok(job.losses > 0, 'its header is not to be short')
  })

  it('goes out with all since the third last one, so that two may be lost', () => {
    const bob = newNeighbour()
    const hear = (counter: number): void => {
      bob.window.add(counter)
      bob.window.use(counter)
    }
    const says = (counter: number): boolean => {
      const { newest, used } = bob.ack
      return ((used[0] >>> (newest - counter)) & 1) === 1
    }
    hear(100)
    for (const counter of [101, 102, 103]) {
      assert.ok(says(100))
      bob.acked()
      hear(counter)
    }
    assert.ok(!says(100) && says(101) && says(103))
  })
})

describe('a question', () => {
  it('is open until a packet at least as new is acknowledged', () => {
    const bob = newNeighbour()
    bob.asked(10)
    assert.ok(bob.isBusy)
    bob.acknowledged(ackOf(9, []), whole, 0)
    assert.ok(bob.isBusy)
    bob.acknowledged(ackOf(10, []), whole, 0)
    assert.ok(!bob.isBusy && bob.deadline === Number.POSITIVE_INFINITY)
  })

  it('is waited for from when its packet has left', () => {
    const bob = newNeighbour()
    bob.asked(10)
    assert.equal(bob.deadline, Number.POSITIVE_INFINITY)
    bob.left(10, 5000, ANSWER_MS, random)
    const { deadline } = bob
    assert.ok(deadline >= 5000 + ANSWER_MS && deadline <= 5000 + 2 * ANSWER_MS)
    bob.defer(deadline - 1)
    assert.equal(bob.deadline, deadline)
    bob.defer(deadline + 1000)
    assert.equal(bob.deadline, deadline + 1000)
  })

  it('without an answer has a single frame sent again, and asks again where there is more', () => {
    const one = newNeighbour()
    const job = newJob(one)
    send(one, 10, job)
    one.asked(10)
    assert.equal(one.timedOut(), false)
    assert.deepEqual([job.pending, one.mustAsk, one.isBusy], [[0], false, false])
    const several = newNeighbour()
    const jobs = [11, 12].map((counter) => {
      const next = newJob(several)
      send(several, counter, next)
      return next
    })
    several.asked(12)
    assert.equal(several.timedOut(), false)
    assert.deepEqual([jobs.flatMap(({ pending }) => pending), several.mustAsk], [[], true])
    several.asked(13)
    assert.ok(several.isBusy && !several.mustAsk)
  })

  it('is waited for up to twice as long each time, 32 times as long in the end, and ten of them are enough', () => {
    const bob = newNeighbour()
    const waits: number[] = []
    for (let n = 1; n <= MAX_UNANSWERED; n++) {
      bob.asked(n)
      bob.left(n, 0, ANSWER_MS, random)
      waits.push(bob.deadline)
      assert.equal(bob.timedOut(), n === MAX_UNANSWERED)
    }
    waits.forEach((wait, n) => {
      assert.ok(wait >= ANSWER_MS && wait <= ANSWER_MS * 2 ** (Math.min(n, 4) + 1), `${wait} ms`)
    })
    assert.ok(Math.max(...waits) > 8 * ANSWER_MS)
    bob.asked(20)
    bob.acknowledged(ackOf(20, []), whole, 0)
    bob.asked(21)
    bob.left(21, 0, ANSWER_MS, random)
    assert.ok(bob.deadline <= 2 * ANSWER_MS, 'an answer makes up for all')
  })

  it('of a frame that was given up meanwhile leaves nothing behind', () => {
    const bob = newNeighbour()
    const job = newJob(bob)
    send(bob, 10, job)
    bob.asked(10)
    bob.forget(job)
    assert.equal(bob.inFlight, 0)
    assert.equal(bob.timedOut(), false)
    assert.ok(!bob.isBusy)
  })
})

describe('a neighbour that is not heard', () => {
  it('is gone after 35 minutes, longer than any two announces are apart', () => {
    const neighbour = newNeighbour()
    assert.equal(neighbour.endAt(2_100_000), undefined)
    assert.equal(neighbour.endAt(2_100_001), 'silent')
    neighbour.lastHeard = 1000
    assert.equal(neighbour.endAt(2_100_001), undefined)
  })
})
