/** Messages that the paths lose: spread over all links, answered by the way they came, pinned to it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Identity } from '../../src/identity/identity.ts'
import { Detours, MAX_PINS, MAX_SPREAD } from '../../src/routing/detours.ts'
import { Simulation } from '../../src/sim/simulation.ts'
import { nextAttempt, setAttempt } from '../../src/wire/envelope.ts'
import { FrameKind, MAX_HOPS } from '../../src/wire/frame.ts'
import { encodeReport, ReportType } from '../../src/wire/report.ts'
import { identityOf, messageBy, T0 } from '../support/frames.ts'
import { RouterMesh, type TestLink } from '../support/router-mesh.ts'

const alice = identityOf('alice')
const bob = identityOf('bob')
const carol = identityOf('carol')

/** A message at its third attempt. */
function lost(source: Identity, destination: Identity, sequence = 1): Uint8Array {
  return nextAttempt(nextAttempt(messageBy(source, destination, { sequence })))
}

function reportBy(
  recipient: Identity,
  source: Identity,
  sequence = 1,
  type: ReportType = ReportType.delivered,
) {
  const body = encodeReport({ type, detail: 0, created: T0, sequence })
  return messageBy(recipient, source, { kind: FrameKind.report, receipt: false, sequence: 900, body })
}

describe('a detour', () => {
  it('is taken by messages from their third attempt on, and by nothing else', () => {
    const detours = new Detours<string>()
    const first = messageBy(alice, bob)
    assert.equal(detours.takes(first, 'west', 0), undefined)
    assert.equal(detours.takes(nextAttempt(first), 'west', 0), undefined)
    assert.equal(detours.takes(nextAttempt(nextAttempt(reportBy(bob, alice))), 'west', 0), undefined)
    const unanswered = messageBy(alice, bob, { receipt: false })
    assert.equal(detours.takes(nextAttempt(nextAttempt(unanswered)), 'west', 0), undefined)
    assert.equal(detours.takes(lost(alice, bob), 'west', 0), 'spread')
  })

  it('is for one message not taken again at once, and ever more rarely', () => {
    const detours = new Detours<string>()
    const message = lost(alice, bob)
    for (const [now, expected] of [
      [0, 'spread'],
      [1499, 'limited'],
      [1500, 'spread'],
      [4499, 'limited'],
      [4500, 'spread'],
      [10_499, 'limited'],
      [10_500, 'spread'],
    ] as const) {
      assert.equal(detours.takes(message, 'west', now), expected, `at ${now} ms`)
    }
  })

  it('is not taken more often than one link may ask for, whoever its neighbour says the sources are', () => {
    const detours = new Detours<string>()
    let sequence = 0
    const taken = (from: string, now: number): number => {
      let count = 0
      for (let i = 0; i < 100; i++)
        if (detours.takes(lost(alice, bob, ++sequence), from, now) === 'spread') count += 1
      return count
    }
    assert.equal(taken('west', 0), 50)
    assert.equal(taken('west', 2000), 20)
    assert.equal(taken('east', 2000), 50)
    assert.deepEqual(detours.counters, { spread: 120, limited: 180, pinned: 0 })
    detours.linkDown('west')
    assert.equal(taken('west', 2000), 50, 'a new link begins anew')
  })

  it('is taken again by a copy that has crossed less than half as many links, if of the same attempt', () => {
    const detours = new Detours<string>()
    const far = (hops: number, attempt = 2): Uint8Array => {
      const frame = lost(alice, bob)
      frame[frame.length - 2] = hops
      setAttempt(frame, attempt)
      return frame
    }
    assert.equal(detours.isNearer(far(0)), false, 'never seen')
    assert.equal(detours.takes(far(101), 'liar', 0), 'spread')
    assert.equal(detours.isNearer(far(50)), false, 'its hop here comes on top')
    assert.equal(detours.isNearer(far(49)), true)
    assert.equal(detours.isNearer(far(49, 3)), false)
    assert.equal(detours.takes(far(50), 'west', 1), 'spread')
    assert.equal(detours.takes(far(25), 'west', 2), 'limited')
    assert.equal(detours.takes(far(24, 3), 'west', 2), 'limited')
  })

  it('is pinned by the report of the recipient, both ways, and by no other', () => {
    const detours = new Detours<string>()
    detours.takes(lost(alice, bob), 'west', 0)
    assert.equal(detours.answers(reportBy(carol, alice), 'east', 100), undefined, 'not the recipient')
    assert.equal(detours.answers(reportBy(bob, carol), 'east', 100), undefined, 'not to the source')
    assert.equal(detours.answers(reportBy(bob, alice, 2), 'east', 100), undefined, 'another message')
    assert.equal(
      detours.answers(reportBy(bob, alice, 1, ReportType.stored), 'east', 100),
      undefined,
      'no outcome',
    )
    assert.equal(detours.answers(messageBy(bob, alice), 'east', 100), undefined, 'no report')
    assert.equal(detours.pins, 0)
    assert.equal(detours.answers(reportBy(bob, alice), 'east', 100), 'west')
    assert.equal(detours.pinned(messageBy(alice, bob), 200), 'east')
    assert.equal(detours.pinned(messageBy(bob, alice), 200), 'west')
    assert.equal(detours.pinned(messageBy(alice, carol), 200), undefined)
    assert.equal(detours.pinned(nextAttempt(messageBy(alice, bob)), 200), undefined, 'it failed there')
  })

  it('is pinned as well where nobody has the service, for that too only the recipient can say', () => {
    const detours = new Detours<string>()
    detours.takes(lost(alice, bob), 'west', 0)
    assert.equal(detours.answers(reportBy(bob, alice, 1, ReportType.failed), 'east', 100), 'west')
  })

  it('ends: the wait for the report after 30 s, the pinned way after 5 min or with its link', () => {
    const detours = new Detours<string>()
    detours.takes(lost(alice, bob), 'west', 0)
    assert.equal(detours.answers(reportBy(bob, alice), 'east', 30_000), undefined)
    assert.equal(detours.answers(reportBy(bob, alice), 'east', 29_999), 'west')
    assert.equal(detours.pinned(messageBy(alice, bob), 329_998), 'east')
    assert.equal(detours.pinned(messageBy(alice, bob), 329_999), undefined)
    detours.linkDown('west')
    assert.equal(detours.pins, 0)
    assert.equal(detours.answers(reportBy(bob, alice), 'east', 1000), undefined)
  })

  it('is remembered for so many messages and pairs only, the latest', () => {
    const detours = new Detours<number>()
    for (let i = 0; i < MAX_SPREAD + 10; i++) {
      assert.equal(detours.takes(lost(alice, bob, i), i, 0), 'spread')
    }
    assert.equal(detours.answers(reportBy(bob, alice, 9), -1, 1), undefined)
    assert.equal(detours.answers(reportBy(bob, alice, 10), -1, 1), 10)
    for (let i = 0; i < MAX_PINS; i++) {
      const other = identityOf(`pair ${i}`)
      detours.takes(lost(other, bob, 1), i, 1)
      detours.answers(reportBy(bob, other, 1), -1, 1)
    }
    assert.equal(detours.pins, MAX_PINS)
  })
})

interface Journey {
  /** Nodes in the order in which the frame came by, for the first copy that arrived. */
  readonly arrived: boolean
  readonly visits: Map<number, number>
}

/**
 * Lets a frame run through the routers until nothing moves any more. Some drop all that is not for them; if the
 * source is one of them it just sends the frame over all its links.
 */
function journey(mesh: RouterMesh, frame: Uint8Array, source: number, drops: ReadonlySet<number>): Journey {
  const visits = new Map<number, number>()
  let arrived = false
  const under: { to: number; from: number; frame: Uint8Array }[] = []
  const send = (at: number, links: Iterable<TestLink>, bytes: Uint8Array): void => {
    for (const { to } of links) under.push({ to, from: at, frame: Uint8Array.from(bytes) })
  }
  const now = mesh.clock.monotonic()
  if (drops.has(source)) send(source, mesh.links[source]?.values() ?? [], frame)
  else {
    const first = mesh.routers[source]?.forwarding.onward(frame, undefined, now)
    if (first?.action === 'forward') send(source, [first.link], frame)
    if (first?.action === 'spread') send(source, first.links, frame)
  }
  for (let next = under.shift(); next !== undefined; next = under.shift()) {
    const { to, from, frame: bytes } = next
    const router = mesh.routers[to]
    const link = mesh.links[to]?.get(from)
    if (router === undefined || link === undefined || router.inspect(bytes, mesh.clock.now()) !== undefined)
      continue
    visits.set(to, (visits.get(to) ?? 0) + 1)
    const verdict = router.accept(bytes, link, now, mesh.clock.now())
    if (verdict.action === 'deliver') arrived = true
    else if (drops.has(to)) continue
    else if (verdict.action === 'forward') send(to, [verdict.link], bytes)
    else if (verdict.action === 'spread') send(to, verdict.links, bytes)
  }
  return { arrived, visits }
}

/** Whether there is a way that no dropping node stands on. */
function isHonestlyConnected(
  mesh: RouterMesh,
  from: number,
  to: number,
  drops: ReadonlySet<number>,
): boolean {
  const reached = new Set([from])
  for (const at of reached) {
    for (const next of mesh.links[at]?.keys() ?? []) if (next === to || !drops.has(next)) reached.add(next)
  }
  return reached.has(to)
}

describe('a message that all paths lose', () => {
  it('arrives wherever an honest way leads, once through each node; its receipt and what follows take one way', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e6 }),
        fc.integer({ min: 4, max: 14 }),
        fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 14 }),
        fc.uniqueArray(fc.nat({ max: 100 }), { maxLength: 4 }),
        fc.integer({ min: 1, max: 20 }),
        (seed, nodes, chords, droppers, ahead) => {
          const mesh = new RouterMesh(nodes, `detours ${seed}`)
          for (let node = 1; node < nodes; node++) mesh.connect(node, (seed + 7 * node) % node)
          for (const [a, b] of chords) if (a % nodes !== b % nodes) mesh.connect(a % nodes, b % nodes)
          mesh.clock.advance(10_000)
          const [from, to] = [0, nodes - 1]
          const drops = new Set(
            droppers.map((node) => node % nodes).filter((node) => node !== from && node !== to),
          )
          fc.pre(isHonestlyConnected(mesh, from, to, drops))
          const [source, recipient] = [mesh.identities[from] as Identity, mesh.identities[to] as Identity]
          for (const liar of drops) {
            // It has the message, and sends the next attempt ahead of its source, to die within a few links.
            const poison = lost(source, recipient)
            poison[poison.length - 2] = MAX_HOPS - ahead
            journey(mesh, poison, liar, drops)
          }
          const spread = journey(mesh, lost(source, recipient), from, drops)
          assert.ok(spread.arrived)
          for (const count of spread.visits.values()) assert.equal(count, 1)
          const receipt = journey(mesh, reportBy(recipient, source), to, drops)
          assert.ok(receipt.arrived)
          const next = journey(mesh, messageBy(source, recipient, { sequence: 2 }), from, drops)
          assert.ok(next.arrived)
          for (const count of next.visits.values()) assert.equal(count, 1)
          for (const node of next.visits.keys()) assert.ok(!drops.has(node))
        },
      ),
    )
  })
})

describe('a node that drops what it should pass on', () => {
  it('delays a conversation once, and then stands aside', async () => {
    // The short way from 0 to 2 leads over 1, which drops; no path is kept over 3 and 4, for it is longer.
    const simulation = new Simulation({ seed: 'aside' })
    simulation.addNodes(5)
    for (const [a, b] of [
      [0, 1],
      [1, 2],
      [0, 3],
      [3, 4],
      [4, 2],
    ] as const)
      simulation.connect(a, b)
    simulation.corrupt(1, 'black_hole')
    await simulation.start()
    await simulation.run(5000)
    const first = simulation.send(0, 2)
    await simulation.run(2900)
    assert.equal(first.deliveredAt, undefined)
    await simulation.run(2000)
    assert.equal(first.state, 'delivered')
    const [second, back] = [simulation.send(0, 2), simulation.send(2, 0)]
    await simulation.run(100)
    assert.deepEqual([second.state, back.state], ['delivered', 'delivered'])
    assert.deepEqual(simulation.check(), [])
  })
})
