/** What makes paths come about and heal beyond announces alone: alternates, path requests, zones, storms. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Identity } from '../../src/identity/identity.ts'
import { MeshRouter, type RoutedLink } from '../../src/routing/router.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { attemptIn, nextAttempt } from '../../src/wire/envelope.ts'
import { FrameKind, kindOf } from '../../src/wire/frame.ts'
import { encodePathRequest } from '../../src/wire/path-request.ts'
import { announceBy, identityOf, messageBy, T0 } from '../support/frames.ts'
import { RouterMesh } from '../support/router-mesh.ts'

const alice = identityOf('alice')
const bob = identityOf('bob')
const relay = identityOf('relay')
const WALL = T0 * 1000

function link(neighbour: Identity, bitsPerSecond = 1e8): RoutedLink {
  return { neighbour: neighbour.address, latencyMs: 1, profile: { bitsPerSecond, broadcast: false } }
}

function routerAt(identity = relay, seed = 'router'): MeshRouter<RoutedLink> {
  let sequence = T0
  return new MeshRouter<RoutedLink>(
    {
      address: identity.address,
      relay: true,
      maxPaths: 5000,
      seenMessages: 100,
      announce: { intervalMs: 600_000, minSpacingMs: 1000, jitterMs: 100, maxAgeMs: 1_800_000, maxHops: 64 },
      makeAnnounce: () => announceBy(identity, { sequence: sequence++ }),
    },
    seededRandom(seed),
  )
}

/** An announce as a neighbour passes it on. */
function told(origin: Identity, hops: number, metric: number, sequence = T0): Uint8Array {
  const frame = Uint8Array.from(announceBy(origin, { sequence }))
  frame[frame.length - 3] = hops
  frame[frame.length - 2] = metric >> 8
  frame[frame.length - 1] = metric & 0xff
  return frame
}

function request(target: Identity, newerThan = 0, number = 1): Uint8Array {
  return encodePathRequest({ reach: 8, target: target.address.bytes, newerThan, number })
}

/** Everything the router says up to `until`, over this link. */
function said(router: MeshRouter<RoutedLink>, over: RoutedLink, until: number): Uint8Array[] {
  const frames: Uint8Array[] = []
  while (router.nextDue <= until) {
    for (const sent of router.poll(router.nextDue)) if (sent.link === over) frames.push(sent.frame)
  }
  return frames
}

describe('alternates', () => {
  it('take over at once when the link in use goes down', () => {
    const router = routerAt()
    const [near, far] = [link(alice), link(identityOf('carol'))]
    router.linkUp(near, 0)
    router.linkUp(far, 0)
    router.accept(told(bob, 2, 20), near, 0, WALL)
    router.accept(told(bob, 2, 21), far, 0, WALL)
    assert.equal(router.pathTo(bob.address)?.link, near)
    router.linkDown(near)
    assert.equal(router.pathTo(bob.address)?.link, far)
    router.linkDown(far)
    assert.equal(router.pathTo(bob.address)?.link, undefined)
    assert.deepEqual([router.counters.alternatesUsed, router.counters.pathsLost], [1, 1])
  })

  it('are preferred to a neighbour that has said that it is stopping, but not to reach that one itself', () => {
    const router = routerAt()
    const [near, far, from] = [
      { ...link(alice), isLeaving: false },
      link(identityOf('carol')),
      link(identityOf('dave')),
    ]
    for (const each of [near, far, from]) router.linkUp(each, 0)
    router.accept(told(bob, 2, 20), near, 0, WALL)
    router.accept(told(alice, 0, 0), near, 0, WALL)
    const way = (to: Identity) => router.forwarding.onward(messageBy(identityOf('dave'), to), from, 0)
    near.isLeaving = true
    assert.deepEqual(way(bob), { action: 'forward', link: near }, 'there is no other')
    router.accept(told(bob, 2, 21), far, 0, WALL)
    assert.deepEqual(way(bob), { action: 'forward', link: far })
    router.accept(told(alice, 1, 10), far, 0, WALL)
    assert.deepEqual(way(alice), { action: 'forward', link: near })
  })
})

describe('what cannot be', () => {
  it('is refused: to stand beside a node that one is not, or links that cost nothing', () => {
    const router = routerAt()
    const from = link(alice)
    router.linkUp(from, 0)
    const forged = { action: 'refuse', reason: 'forged' }
    assert.deepEqual(router.accept(told(bob, 0, 0), from, 0, WALL), forged)
    assert.deepEqual(router.accept(told(alice, 0, 1), from, 0, WALL), forged)
    assert.deepEqual(router.accept(told(bob, 3, 2), from, 0, WALL), forged)
    assert.equal(router.accept(told(bob, 3, 3), from, 0, WALL).action, 'learned')
    const radio = { ...link(alice), neighbour: undefined }
    assert.equal(router.accept(announceBy(identityOf('heard on the air')), radio, 0, WALL).action, 'learned')
  })
})

describe('a message that is sent again', () => {
  it('takes the best path at first, any of those there are at the second attempt, and then all links', () => {
    const links = ['near', 'far', 'dear', 'of no use'].map((name) => link(identityOf(name)))
    const seconds = new Set<RoutedLink | undefined>()
    for (let seed = 0; seed < 30; seed++) {
      const router = routerAt(relay, `router ${seed}`)
      for (const each of links) router.linkUp(each, 0)
      for (const [i, each] of links.slice(0, 3).entries()) router.accept(told(bob, 2, 20 + i), each, 0, WALL)
      const frame = messageBy(alice, bob)
      const first = router.forwarding.onward(frame, undefined, 0)
      assert.deepEqual(first, { action: 'forward', link: links[0] })
      const second = router.forwarding.onward(nextAttempt(frame), undefined, 0)
      assert.equal(second.action, 'forward')
      seconds.add(second.action === 'forward' ? second.link : undefined)
      const third = router.forwarding.onward(nextAttempt(nextAttempt(frame)), links[1], 0)
      assert.deepEqual(third, { action: 'spread', links: links.filter((each) => each !== links[1]) })
    }
    assert.deepEqual(seconds, new Set(links.slice(0, 3)))
  })

  it('is refused where a link has asked for too many detours: whoever sent it has it still', () => {
    const router = routerAt()
    const [near, other] = [link(alice), link(identityOf('carol'))]
    for (const each of [near, other]) router.linkUp(each, 0)
    router.accept(told(bob, 2, 20), near, 0, WALL)
    const frame = (sequence: number): Uint8Array =>
      nextAttempt(nextAttempt(messageBy(alice, bob, { sequence })))
    const actions = Array.from({ length: 60 }, (_, i) => router.forwarding.onward(frame(i), other, 0).action)
    assert.deepEqual(new Set(actions.slice(0, 50)), new Set(['spread']))
    assert.deepEqual(new Set(actions.slice(50)), new Set(['refuse']))
  })

  it('that comes from where the path leads takes another, and where there is none, all links', () => {
    const router = routerAt()
    const links = ['near', 'far', 'of no use'].map((name) => link(identityOf(name)))
    for (const each of links) router.linkUp(each, 0)
    const [near, far, other] = links as [RoutedLink, RoutedLink, RoutedLink]
    router.accept(told(bob, 2, 20), near, 0, WALL)
    router.accept(told(bob, 2, 21), far, 0, WALL)
    const bounced = (sequence: number, from: RoutedLink): unknown => {
      const frame = messageBy(alice, bob, { sequence })
      return router.accept(frame, from, 0, WALL)
    }
    assert.deepEqual(bounced(1, near), { action: 'forward', link: far })
    router.linkDown(far)
    const frame = messageBy(alice, bob, { sequence: 2 })
    assert.deepEqual(router.accept(frame, near, 0, WALL), { action: 'spread', links: [other] })
    assert.equal(attemptIn(frame), 2)
    assert.equal(router.inspect(frame, WALL), 'duplicate', 'a copy that comes back is known')
    const report = messageBy(alice, bob, { kind: FrameKind.report, sequence: 3 })
    assert.deepEqual(router.accept(report, near, 0, WALL), { action: 'hold' }, 'reports are not spread')
    const only = messageBy(alice, bob, { receipt: false, sequence: 4 })
    assert.deepEqual(router.accept(only, near, 0, WALL), { action: 'hold' }, 'nobody else has a copy')
    assert.equal(attemptIn(only), 0)
  })

  it('goes over all links only so far as they are fast, and straight to a neighbour', () => {
    const router = routerAt()
    const radio = link(identityOf('radio'), 5000)
    const [near, toBob] = [link(alice), link(bob)]
    for (const each of [radio, near, toBob]) router.linkUp(each, 0)
    router.accept(told(identityOf('far'), 2, 20), near, 0, WALL)
    router.accept(told(identityOf('behind the radio'), 2, 9000), radio, 0, WALL)
    router.accept(announceBy(bob), toBob, 0, WALL)
    let sequence = 0
    const way = (to: string, from = near): unknown => {
      const message = messageBy(alice, identityOf(to), { sequence: ++sequence })
      return router.forwarding.onward(nextAttempt(nextAttempt(message)), from, 0)
    }
    assert.deepEqual(way('bob'), { action: 'forward', link: toBob })
    assert.deepEqual(way('far', toBob), { action: 'spread', links: [near] })
    assert.deepEqual(way('behind the radio'), { action: 'spread', links: [radio, toBob] })
    assert.deepEqual(way('nobody knows'), { action: 'spread', links: [] })
  })
})

describe('path requests', () => {
  it('are answered with the announce of the target, ahead of what else waits', () => {
    const router = routerAt()
    const [toAlice, asker] = [link(alice), link(identityOf('carol'))]
    router.linkUp(toAlice, 0)
    router.accept(told(bob, 2, 20), toAlice, 0, WALL)
    router.linkUp(asker, 0)
    said(router, asker, 1000)
    assert.deepEqual(router.accept(request(bob), asker, 2000, WALL), { action: 'asked' })
    const [answer, ...more] = said(router, asker, 3000)
    assert.equal(kindOf(answer as Uint8Array), FrameKind.announce)
    assert.equal((answer as Uint8Array).at(-3), 3)
    assert.deepEqual(more, [])
  })

  it('are not answered with what the asker has told itself, nor with what it knows to be dead', () => {
    const router = routerAt()
    const [toAlice, asker] = [link(alice), link(identityOf('carol'))]
    for (const each of [toAlice, asker]) router.linkUp(each, 0)
    router.accept(told(bob, 2, 20), toAlice, 0, WALL)
    said(router, asker, 1000)
    router.accept(request(bob, 0, 1), toAlice, 2000, WALL)
    router.accept(request(bob, T0, 2), asker, 2000, WALL)
    assert.deepEqual(said(router, toAlice, 3000).map(kindOf), [FrameKind.request], 'the other one, passed on')
    router.accept(told(bob, 5, 50, T0 + 1), toAlice, 3100, WALL)
    assert.deepEqual(said(router, asker, 3100).map(kindOf), [FrameKind.announce], 'as soon as it is there')
  })

  it('for a node itself are answered with a fresh announce where the asker knows the last', () => {
    const router = routerAt()
    const asker = link(alice)
    router.linkUp(asker, 0)
    assert.equal(said(router, asker, 1000).length, 1)
    router.accept(request(relay, 0, 1), asker, 5000, WALL)
    const [same] = said(router, asker, 5000)
    assert.deepEqual(same, announceBy(relay, { sequence: T0 }))
    router.accept(request(relay, T0, 2), asker, 5100, WALL)
    assert.deepEqual(said(router, asker, 5100), [announceBy(relay, { sequence: T0 + 1 })])
    router.accept(request(relay, T0 + 1, 3), asker, 5200, WALL)
    assert.deepEqual(said(router, asker, 5200), [], 'one a second')
    assert.deepEqual(said(router, asker, 6100), [announceBy(relay, { sequence: T0 + 2 })])
  })

  it('find in any mesh what announces have not told', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 20 }), fc.nat(1000), (nodes, seed) => {
        const random = seededRandom(`requests ${seed}`)
        // Announces go two links far.
        const mesh = new RouterMesh(nodes, `requests ${seed}`, 2)
        for (let node = 1; node < nodes; node++) mesh.connect(node, random.below(node))
        mesh.clock.advance(2000)
        const [from, to] = [random.below(nodes), random.below(nodes)]
        if (mesh.walk(from, to) !== undefined) return
        assert.equal(mesh.want(from, to), 'asking')
        mesh.clock.advance(4000)
        assert.ok(mesh.walk(from, to), `no way from ${from} to ${to}`)
      }),
      { numRuns: 60 },
    )
  })

  it('are in vain for a node that is nowhere, and say so', () => {
    const mesh = new RouterMesh(6, 'vain')
    for (let node = 1; node < 5; node++) mesh.connect(node, node - 1)
    mesh.clock.advance(2000)
    assert.equal(mesh.want(5, 0), 'not_found', 'nobody to ask')
    assert.equal(mesh.want(0, 5), 'asking')
    mesh.clock.advance(10_000)
    assert.deepEqual(mesh.routers[0]?.requests.takeGivenUp(), [mesh.identities[5]?.address])
    assert.equal(mesh.want(0, 5), 'not_found')
  })

  it('find a way round when the only known path has died', () => {
    // 0 - 1 - 2, and a longer way 0 - 3 - 4 - 2 that nobody nearer has told of.
    const mesh = new RouterMesh(5, 'round')
    for (const [a, b] of [
      [0, 1],
      [1, 2],
      [0, 3],
      [3, 4],
      [4, 2],
    ] as const) {
      mesh.connect(a, b)
    }
    mesh.clock.advance(3000)
    mesh.disconnect(1, 2)
    assert.equal(mesh.walk(0, 2), undefined)
    mesh.want(1, 2)
    mesh.clock.advance(1000)
    assert.deepEqual(mesh.walk(1, 2), [1, 0, 3, 4, 2])
    assert.deepEqual(mesh.walk(0, 2), [0, 3, 4, 2])
  })
})

describe('zones', () => {
  const radio = link(identityOf('radio'), 3125)
  const fast = link(alice)

  it('keep a constrained link free of far nodes it has not asked for', () => {
    const router = routerAt()
    router.linkUp(fast, 0)
    for (let n = 0; n < 1000; n++) router.accept(told(identityOf(`far ${n}`), 2, 20), fast, 0, WALL)
    router.linkUp(radio, 0)
    const frames = said(router, radio, 500_000)
    assert.equal(frames.length, 1, 'its own announce alone')
    router.accept(request(identityOf('far 7')), radio, 501_000, WALL)
    assert.equal(said(router, radio, 510_000).length, 1)
  })

  it('let a constrained link hear of the nodes on its own side, and the others of those', () => {
    const router = routerAt()
    const second = link(identityOf('second radio'), 3125)
    for (const each of [fast, radio, second]) router.linkUp(each, 0)
    said(router, fast, 1000)
    router.accept(told(bob, 2, 200), radio, 1000, WALL)
    const sent = router.poll(1100)
    assert.deepEqual(new Set(sent.map((transmission) => transmission.link)), new Set([fast, second]))
  })
})

describe('storms', () => {
  it('of made-up nodes end at the share of their link; what is asked for and neighbours come through', () => {
    const router = routerAt()
    const [hostile, honest] = [link(identityOf('mallory')), link(alice)]
    for (const each of [hostile, honest]) router.linkUp(each, 0)
    const outcomes = { learned: 0, storm: 0 }
    for (let n = 0; n < 3000; n++) {
      const verdict = router.accept(told(identityOf(`made up ${n}`), 1, 1), hostile, 0, WALL)
      if (verdict.action === 'learned') outcomes.learned += 1
      else if (verdict.action === 'refuse' && verdict.reason === 'storm') outcomes.storm += 1
    }
    assert.deepEqual(outcomes, { learned: 1024, storm: 1976 })
    assert.equal(router.accept(announceBy(alice), honest, 0, WALL).action, 'learned')
    assert.equal(
      router.accept(announceBy(identityOf('mallory')), hostile, 0, WALL).action,
      'learned',
      'itself',
    )
    router.want(bob.address, 0)
    assert.equal(router.accept(told(bob, 3, 30), hostile, 0, WALL).action, 'learned', 'asked for')
    assert.equal(router.accept(told(bob, 3, 30, T0 + 1), hostile, 0, WALL).action, 'learned', 'known')
  })
})

describe('a frame without a path', () => {
  it('is held', () => {
    const router = routerAt()
    router.linkUp(link(alice), 0)
    assert.deepEqual(router.accept(messageBy(alice, bob), link(alice), 0, WALL), { action: 'hold' })
  })
})
