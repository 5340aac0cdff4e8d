import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Address } from '../../src/identity/address.ts'
import { MAX_ASKED, MAX_WANTED, PathRequests } from '../../src/routing/path-requests.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { checkPathRequest, encodePathRequest, newerThanIn, reachIn } from '../../src/wire/path-request.ts'

const random = seededRandom('path requests')
const someone = (): Address => Address.at(random.bytes(16), 0)

function fresh(): PathRequests<string> {
  return new PathRequests(seededRandom('requests'))
}

function request(target: Address, reach = 3): Uint8Array {
  return encodePathRequest({ reach, target: target.bytes, newerThan: 0, number: random.uint32() })
}

/** All that goes out until nothing more is due. */
function untilDone(requests: PathRequests<string>, from = 0): { at: number; reach: number }[] {
  const asked: { at: number; reach: number }[] = []
  let now = from
  while (requests.nextDue !== Number.POSITIVE_INFINITY) {
    now = Math.max(now, requests.nextDue)
    for (const { frame } of requests.poll(now, 0)) asked.push({ at: now, reach: reachIn(frame) })
  }
  return asked
}

describe("a node's own path requests", () => {
  it('reach ever farther until the target counts as not found', () => {
    const requests = fresh()
    const target = someone()
    assert.equal(requests.want(target, 17, 0), 'asking')
    assert.equal(requests.want(target, 17, 1), 'asking')
    assert.deepEqual(untilDone(requests), [
      { at: 0, reach: 3 },
      { at: 300, reach: 12 },
      { at: 1100, reach: 128 },
      { at: 3100, reach: 128 },
    ])
    assert.deepEqual(requests.takeGivenUp(), [target])
    assert.deepEqual(requests.takeGivenUp(), [])
  })

  it('say which announce is of no use', () => {
    const requests = fresh()
    requests.want(someone(), 4711, 0)
    const frame = requests.poll(0, 0)[0]?.frame as Uint8Array
    assert.equal(checkPathRequest(frame), undefined)
    assert.equal(newerThanIn(frame), 4711)
  })

  it('wait longer where links are slow', () => {
    const requests = fresh()
    requests.want(someone(), 0, 0)
    requests.poll(0, 500)
    assert.equal(requests.nextDue, 300 + 2 * 500 * 3)
  })

  it('end when there is a path', () => {
    const requests = fresh()
    const target = someone()
    requests.want(target, 0, 0)
    requests.poll(0, 0)
    assert.ok(requests.isAwaited(target, 1))
    assert.deepEqual(requests.found(target, 1), [])
    assert.ok(!requests.isAwaited(target, 2))
    assert.equal(requests.nextDue, Number.POSITIVE_INFINITY)
    assert.deepEqual(requests.takeGivenUp(), [])
  })

  it('are not repeated for a while when they were in vain, and for longer each time', () => {
    const requests = fresh()
    const target = someone()
    requests.want(target, 0, 0)
    untilDone(requests)
    const end = 6100
    assert.equal(requests.want(target, 0, end + 4999), 'not_found')
    assert.equal(requests.want(target, 0, end + 5000), 'asking')
    untilDone(requests, end + 5000)
    const secondEnd = end + 5000 + 6100
    assert.equal(requests.want(target, 0, secondEnd + 9999), 'not_found')
    assert.equal(requests.want(target, 0, secondEnd + 10_000), 'asking')
  })

  it('are bounded in number', () => {
    const requests = fresh()
    for (let i = 0; i < MAX_WANTED; i++) assert.equal(requests.want(someone(), 0, 0), 'asking')
    assert.equal(requests.want(someone(), 0, 0), 'not_found')
    assert.equal(requests.open, MAX_WANTED)
    untilDone(requests)
    assert.equal(requests.want(someone(), 0, 7000), 'asking', 'in place of one that was in vain')
  })

  it('do not come back as those of another', () => {
    const requests = fresh()
    requests.want(someone(), 0, 0)
    const frame = requests.poll(0, 0)[0]?.frame as Uint8Array
    assert.equal(requests.heard(frame, 'a', 1), 'duplicate')
  })
})

describe("others' path requests", () => {
  it('are taken in once', () => {
    const requests = fresh()
    const frame = request(someone())
    assert.equal(requests.heard(frame, 'a', 0), undefined)
    assert.equal(requests.heard(frame, 'b', 0), 'duplicate')
  })

  it('go on with one link less to cross, away from where they came, after a moment', () => {
    const requests = fresh()
    const target = someone()
    requests.passOn(request(target, 2), target, 'a', 0)
    assert.ok(requests.nextDue <= 10)
    const sent = requests.poll(10, 0)
    assert.deepEqual(
      sent.map(({ frame, from }) => [reachIn(frame), from]),
      [[1, 'a']],
    )
    requests.passOn(request(target, 1), target, 'a', 20)
    assert.equal(requests.nextDue, Number.POSITIVE_INFINITY)
  })

  it('wait for the answer of others where those have heard them too, and go no further once it has come', () => {
    const requests = fresh()
    const [answered, open] = [someone(), someone()]
    for (const target of [answered, open]) requests.passOn(request(target, 2), target, 'a', 0, 500)
    assert.deepEqual(requests.poll(499, 0), [])
    assert.deepEqual(requests.found(answered, 499), ['a'])
    assert.equal(requests.poll(1000, 0).length, 1)
  })

  it('are answered when a path turns up in time', () => {
    const requests = fresh()
    const target = someone()
    requests.passOn(request(target, 1), target, 'a', 0)
    requests.passOn(request(target, 1), target, 'b', 0)
    assert.ok(requests.isAwaited(target, 29_999))
    assert.deepEqual(requests.found(target, 29_999), ['a', 'b'])
    assert.deepEqual(requests.found(target, 29_999), [])
    requests.passOn(request(target, 1), target, 'a', 0)
    assert.deepEqual(requests.found(target, 30_000), [])
  })

  it('are forgotten with their link', () => {
    const requests = fresh()
    const target = someone()
    requests.passOn(request(target, 5), target, 'a', 0)
    requests.linkDown('a')
    assert.deepEqual(requests.found(target, 1), [])
    assert.equal(requests.nextDue, Number.POSITIVE_INFINITY)
  })

  it('are limited for each link', () => {
    const requests = fresh()
    const taken = (link: string, now: number): number => {
      let count = 0
      while (requests.heard(request(someone()), link, now) === undefined) count += 1
      return count
    }
    assert.equal(taken('a', 0), 500)
    assert.equal(taken('b', 0), 500)
    assert.equal(taken('a', 1000), 50)
    assert.equal(requests.counters.limited, 3)
  })

  it('are remembered for a bounded number of targets', () => {
    const requests = fresh()
    const targets = Array.from({ length: MAX_ASKED + 1 }, someone)
    for (const target of targets) requests.passOn(request(target, 1), target, 'a', 0)
    assert.deepEqual(requests.found(targets.at(-1) as Address, 1), [])
    requests.passOn(request(someone(), 1), targets.at(-1) as Address, 'a', 30_001)
    assert.deepEqual(requests.found(targets.at(-1) as Address, 30_002), ['a'], 'once others have run out')
  })
})
