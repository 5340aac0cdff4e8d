import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  MAX_WAITING,
  REPEATED_EVERY_MS,
  type SuccessionSending,
  SuccessionSpread,
  type SuccessionSpreadOptions,
} from '../../src/routing/succession-spread.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { encodeSuccession, SuccessionView } from '../../src/wire/succession.ts'

interface TestLink {
  readonly profile: { readonly broadcast: boolean }
}

const wire: TestLink = { profile: { broadcast: false } }
const radio: TestLink = { profile: { broadcast: true } }
function spread(options: Partial<SuccessionSpreadOptions> = {}): SuccessionSpread<TestLink> {
  const all = { relay: true, jitterMs: 100, maxHops: 64, own: () => [], ...options }
  return new SuccessionSpread(all, seededRandom('spread'))
}

function frame(n: number, hops = 0): Uint8Array {
  const none = (): Uint8Array => new Uint8Array(64)
  const keys = { oldKey: new Uint8Array(32).fill(n), newKey: new Uint8Array(32).fill(n + 1) }
  return encodeSuccession({ created: n, ...keys }, none, none).with(198, hops)
}

function all(from: SuccessionSpread<TestLink>, until: number): SuccessionSending<TestLink>[] {
  const sent: SuccessionSending<TestLink>[] = []
  while (from.nextDue <= until) sent.push(...from.poll(from.nextDue))
  return sent
}

describe("others' successions", () => {
  it('are passed on once, a hop further, within the jitter, not where they came from', () => {
    const spreading = spread()
    spreading.passOn(frame(1, 4), wire, 1000)
    assert.ok(spreading.nextDue >= 1000 && spreading.nextDue < 1100)
    assert.deepEqual(spreading.poll(spreading.nextDue - 0.001), [])
    const [sending, ...rest] = all(spreading, 1100)
    assert.deepEqual(rest, [])
    assert.equal(sending?.except, wire)
    assert.deepEqual(sending?.frame, frame(1, 5))
    assert.equal(spreading.nextDue, Number.POSITIVE_INFINITY)
    assert.equal(spreading.waiting, 0)
  })

  it('go out over a radio that they came from: its neighbours may not hear each other', () => {
    const spreading = spread()
    spreading.passOn(frame(1), radio, 0)
    assert.equal(all(spreading, 100)[0]?.except, undefined)
  })

  it('are not passed on by a node that relays nothing, nor beyond the most hops', () => {
    const still = spread({ relay: false })
    still.passOn(frame(1), wire, 0)
    assert.equal(still.waiting, 0)
    const near = spread({ maxHops: 3 })
    near.passOn(frame(1, 1), wire, 0)
    near.passOn(frame(3, 2), wire, 0)
    assert.deepEqual(
      all(near, 100).map((sending) => new SuccessionView(sending.frame).hops),
      [2],
    )
  })

  it('wait in a queue with an end', () => {
    const spreading = spread()
    for (let n = 0; n < MAX_WAITING + 5; n++) spreading.passOn(frame(n % 200), wire, 0)
    assert.equal(spreading.waiting, MAX_WAITING)
    assert.equal(spreading.counters.overflowed, 5)
    assert.equal(all(spreading, 100).length, MAX_WAITING)
    assert.equal(spreading.counters.passedOn, MAX_WAITING)
  })

  it('are copied: the frame belongs to the link', () => {
    const spreading = spread()
    const arrived = frame(1)
    spreading.passOn(arrived, wire, 0)
    arrived.fill(0)
    assert.deepEqual(all(spreading, 100)[0]?.frame, frame(1, 1))
  })
})

describe('the answer to who asks for an address that has moved', () => {
  it('goes to the asker alone, at once', () => {
    const spreading = spread()
    spreading.answer([frame(1, 2), frame(2)], wire, 5)
    assert.equal(spreading.nextDue, 5)
    assert.deepEqual(spreading.poll(5), [
      { frame: frame(1, 3), to: wire, except: undefined },
      { frame: frame(2, 1), to: wire, except: undefined },
    ])
  })

  it('is given by those who relay nothing too, but not beyond the most hops', () => {
    const spreading = spread({ relay: false, maxHops: 3 })
    spreading.answer([frame(1, 2), frame(2, 1)], wire, 5)
    assert.deepEqual(
      spreading.poll(5).map((sending) => sending.frame),
      [frame(2, 2)],
    )
  })

  it('has no room of its own beyond that of the queue', () => {
    const spreading = spread()
    for (let n = 0; n < MAX_WAITING; n++) spreading.answer([frame(1), frame(2)], wire, 0)
    assert.equal(spreading.waiting, MAX_WAITING)
  })
})

describe("a node's own successions", () => {
  const own = [frame(1), frame(2)]

  it('are told to a new neighbour at once, and to all every hour or so', () => {
    const spreading = spread({ own: () => own })
    assert.equal(spreading.nextDue, Number.POSITIVE_INFINITY, 'there is nobody to tell')
    spreading.linkUp(wire, 0)
    assert.deepEqual(
      spreading.poll(0),
      own.map((frame) => ({ frame, to: wire, except: undefined })),
    )
    let before = 0
    for (let time = 0; time < 5; time++) {
      const due = spreading.nextDue
      assert.ok(due >= before + 0.9 * REPEATED_EVERY_MS && due <= before + 1.1 * REPEATED_EVERY_MS)
      spreading.linkUp(radio, due - 1)
      spreading.poll(due - 1)
      assert.equal(spreading.nextDue, due, 'another link does not put it off')
      assert.deepEqual(
        spreading.poll(due),
        own.map((frame) => ({ frame, to: undefined, except: undefined })),
      )
      before = due
    }
  })

  it('are told no longer than they should', () => {
    let told: readonly Uint8Array[] = own
    const spreading = spread({ own: () => told })
    spreading.linkUp(wire, 0)
    spreading.poll(0)
    told = []
    assert.deepEqual(spreading.poll(spreading.nextDue), [])
    assert.equal(spreading.nextDue, Number.POSITIVE_INFINITY)
  })

  it('cost nothing where there are none', () => {
    const spreading = spread()
    spreading.linkUp(wire, 0)
    assert.equal(spreading.nextDue, Number.POSITIVE_INFINITY)
  })
})
