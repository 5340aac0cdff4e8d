import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MeshRouter, type RoutedLink } from '../../src/routing/router.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { attemptIn, hopsIn, nextAttempt } from '../../src/wire/envelope.ts'
import { announceBy, identityOf, messageBy, T0 } from '../support/frames.ts'
import { RouterMesh } from '../support/router-mesh.ts'

const alice = identityOf('alice')
const bob = identityOf('bob')
const relay = identityOf('relay')
const WALL = T0 * 1000

function link(neighbour = alice): RoutedLink {
  const profile = { bitsPerSecond: 1e8, broadcast: false }
  return { neighbour: neighbour.address, latencyMs: 1, profile }
}

function routerAt(identity = relay, relays = true): MeshRouter<RoutedLink> {
  return new MeshRouter<RoutedLink>(
    {
      address: identity.address,
      relay: relays,
      maxPaths: 100,
      seenMessages: 100,
      announce: { intervalMs: 600_000, minSpacingMs: 1000, jitterMs: 100, maxAgeMs: 1_800_000, maxHops: 4 },
      makeAnnounce: () => announceBy(identity),
    },
    seededRandom('router'),
  )
}

function withHops(frame: Uint8Array, hops: number, fromEnd: number): Uint8Array {
  const copy = Uint8Array.from(frame)
  copy[copy.length - fromEnd] = hops
  return copy
}

/** An announce as it is told by a relay that many hops away. */
function toldFrom(frame: Uint8Array, hops: number): Uint8Array {
  return withHops(withHops(frame, hops, 3), 10 * hops, 1)
}

describe('MeshRouter.inspect', () => {
  const refusals: [string, Uint8Array, string | undefined][] = [
    ['a good message', messageBy(alice, bob), undefined],
    ['a good announce', announceBy(alice), undefined],
    ['nothing', new Uint8Array(0), 'truncated'],
    ['one byte', Uint8Array.of(0x12), 'truncated'],
    ['a version to come', Uint8Array.from(messageBy(alice, bob)).fill(0x22, 0, 1), 'unknown_version'],
    ['a kind to come', Uint8Array.from(messageBy(alice, bob)).fill(0x1e, 0, 1), 'unknown_kind'],
    ['an expired message', messageBy(alice, bob, { created: T0 - 3600, lifetime: 3600 }), 'expired'],
    [
      'one that expires in a second',
      messageBy(alice, bob, { created: T0 - 3599, lifetime: 3600 }),
      undefined,
    ],
    ['a message from the future', messageBy(alice, bob, { created: T0 + 601 }), 'future'],
    ['a message of a clock that is ahead', messageBy(alice, bob, { created: T0 + 600 }), undefined],
    ['a message at the hop limit', withHops(messageBy(alice, bob), 128, 2), 'hop_limit'],
    ['a message of its own', messageBy(relay, bob), 'own'],
    ['an expired announce', announceBy(alice, { created: T0 - 1800 }), 'expired'],
    ['an announce from the future', announceBy(alice, { created: T0 + 601 }), 'future'],
    ['an announce at the hop limit', withHops(announceBy(alice), 128, 3), 'hop_limit'],
    ['an announce of its own', announceBy(relay), 'own'],
  ]
  for (const [name, frame, expected] of refusals) {
    it(`${expected === undefined ? 'lets pass' : `refuses as ${expected}`} ${name}`, () => {
      assert.equal(routerAt().inspect(frame, WALL), expected)
    })
  }

  it('knows a duplicate only after the original was accepted', () => {
    const router = routerAt()
    const frame = messageBy(alice, bob)
    assert.equal(router.inspect(frame, WALL), undefined)
    assert.equal(router.inspect(frame, WALL), undefined, 'looking twice changes nothing')
    router.accept(Uint8Array.from(frame), link(), 0, WALL)
    assert.equal(router.inspect(frame, WALL), 'duplicate')
    assert.equal(router.inspect(nextAttempt(frame), WALL), undefined)
  })

  it('refuses an announce older than the known one before its signature is checked', () => {
    const router = routerAt()
    router.accept(announceBy(alice, { sequence: T0 + 5 }), link(), 0, WALL)
    assert.equal(router.inspect(announceBy(alice, { sequence: T0 + 4 }), WALL), 'stale')
  })
})

describe('MeshRouter.keyFor', () => {
  it('takes the key from the announce that was heard', () => {
    const router = routerAt()
    assert.equal(router.keyFor(messageBy(alice, bob)), undefined)
    router.accept(announceBy(alice), link(), 0, WALL)
    assert.deepEqual(router.keyFor(messageBy(alice, bob)), alice.publicKey)
  })

  it('takes a key that the envelope brings only if it is that of the source', () => {
    const own = messageBy(alice, bob, { key: alice.publicKey })
    const foreign = messageBy(alice, bob, { key: bob.publicKey })
    assert.deepEqual(routerAt().keyFor(own), alice.publicKey)
    assert.equal(routerAt().keyFor(foreign), undefined)
  })
})

describe('MeshRouter.accept', () => {
  const toAlice = link(alice)
  const toBob = link(bob)

  function between(relays = true): MeshRouter<RoutedLink> {
    const router = routerAt(relay, relays)
    router.accept(announceBy(alice), toAlice, 0, WALL)
    router.accept(announceBy(bob), toBob, 0, WALL)
    return router
  }

  it('forwards in place: only the hop byte changes', () => {
    const frame = messageBy(alice, bob)
    const before = Uint8Array.from(frame)
    assert.deepEqual(between().accept(frame, toAlice, 1, WALL), { action: 'forward', link: toBob })
    assert.equal(hopsIn(frame), 1)
    assert.equal(attemptIn(frame), 0)
    before[before.length - 2] = 1
    assert.deepEqual(frame, before)
  })

  it('delivers what is for itself', () => {
    assert.deepEqual(between().accept(messageBy(alice, relay), toAlice, 1, WALL), { action: 'deliver' })
  })

  it('holds what has no path, or a dead one', () => {
    const stranger = identityOf('stranger')
    assert.deepEqual(between().accept(messageBy(alice, stranger), toAlice, 1, WALL), { action: 'hold' })
    const router = between()
    router.linkDown(toBob)
    assert.deepEqual(router.accept(messageBy(alice, bob), toAlice, 1, WALL), { action: 'hold' })
  })

  it('gives a neighbour back what is for it, however it came', () => {
    const verdict = between().accept(messageBy(alice, bob), toBob, 1, WALL)
    assert.deepEqual(verdict, { action: 'forward', link: toBob })
  })

  it('forwards nothing where it is no relay, and tells nobody about others', () => {
    const router = between(false)
    assert.deepEqual(router.accept(messageBy(alice, bob), toAlice, 1, WALL), {
      action: 'refuse',
      reason: 'not_relay',
    })
    const third = link(identityOf('third'))
    router.linkUp(third, 1)
    assert.deepEqual(
      router.poll(51).map(({ frame }) => frame),
      [announceBy(relay)],
      'of itself alone',
    )
  })

  it('passes an announce on to all but the link it came by, with its hop and metric counted', () => {
    const router = routerAt()
    router.linkUp(toAlice, 0)
    router.linkUp(toBob, 0)
    router.poll(50)
    assert.equal(router.accept(announceBy(alice), toAlice, 50, WALL).action, 'learned')
    const sent = router.poll(150)
    assert.deepEqual(
      sent.map((transmission) => transmission.link),
      [toBob],
    )
    const frame = sent[0]?.frame as Uint8Array
    assert.equal(frame[frame.length - 3], 1)
    assert.equal(router.poll(300).length, 0, 'only once')
  })

  it('believes an announce for what is left of its lifetime, not longer', () => {
    const router = routerAt()
    router.accept(announceBy(alice, { created: T0 - 1000, lifetime: 1500 }), toAlice, 7, WALL)
    assert.equal(router.pathTo(alice.address)?.expiresAt, 7 + 500_000)
    router.accept(announceBy(bob, { created: T0 + 600, lifetime: 100 }), toBob, 7, WALL)
    assert.equal(router.pathTo(bob.address)?.expiresAt, 7 + 100_000, 'whatever the clock of its origin')
  })

  it('does not pass on an announce that has come far enough', () => {
    const router = routerAt()
    router.linkUp(toAlice, 0)
    router.linkUp(toBob, 0)
    router.poll(50)
    assert.equal(
      router.accept(toldFrom(announceBy(identityOf('far')), 3), toAlice, 0, WALL).action,
      'learned',
    )
    assert.deepEqual(router.poll(1000), [])
  })

  it('tells a new neighbour what it knows, nearest first, but not what came from there', () => {
    const router = between()
    router.accept(toldFrom(announceBy(identityOf('far')), 2), toBob, 0, WALL)
    const third = link(identityOf('third'))
    router.linkUp(third, 1)
    const hopsOf = ({ frame }: { frame: Uint8Array }): number | undefined => frame[frame.length - 3]
    assert.deepEqual(router.poll(1).map(hopsOf), [1, 1, 3])
    router.linkUp(toBob, 2)
    assert.deepEqual(router.poll(2).map(hopsOf), [1])
  })
})

/** A random connected graph: a random tree and a few more edges. */
const graphs = fc
  .record({
    nodes: fc.integer({ min: 2, max: 14 }),
    extra: fc.integer({ min: 0, max: 10 }),
    seed: fc.integer({ min: 0, max: 1e6 }),
  })
  .map(({ nodes, extra, seed }) => {
    const random = seededRandom(`graph ${seed}`)
    const edges = new Map<string, readonly [number, number, number]>()
    const add = (a: number, b: number): void => {
      if (a !== b) edges.set(`${Math.min(a, b)}-${Math.max(a, b)}`, [a, b, 1 + random.below(20)])
    }
    for (let node = 1; node < nodes; node++) add(node, random.below(node))
    for (let n = 0; n < extra; n++) add(random.below(nodes), random.below(nodes))
    return { nodes, seed, edges: [...edges.values()] }
  })

describe('a mesh of routers', () => {
  it('finds a path between every pair, without loops, within two seconds', () => {
    fc.assert(
      fc.property(graphs, ({ nodes, seed, edges }) => {
        const mesh = new RouterMesh(nodes, `mesh ${seed}`)
        for (const [a, b, latency] of edges) mesh.connect(a, b, latency)
        mesh.clock.advance(2000 + 150 * nodes)
        for (let from = 0; from < nodes; from++) {
          for (let to = 0; to < nodes; to++) assert.ok(mesh.walk(from, to), `no way from ${from} to ${to}`)
        }
      }),
      { numRuns: 40 },
    )
  })

  it('has no loops at any moment while links come and go', () => {
    fc.assert(
      fc.property(
        graphs,
        fc.array(fc.nat(), { minLength: 8, maxLength: 40, size: 'max' }),
        ({ nodes, seed, edges }, cuts) => {
          const mesh = new RouterMesh(nodes, `churn ${seed}`)
          const up = new Set<number>()
          const loops = (): void => {
            for (let to = 0; to < nodes; to++) {
              for (let from = 0; from < nodes; from++) assertNoLoop(mesh, from, to)
            }
          }
          edges.forEach(([a, b, latency], index) => {
            mesh.connect(a, b, latency)
            up.add(index)
          })
          for (const cut of cuts) {
            const index = cut % edges.length
            const [a, b, latency] = edges[index] as readonly [number, number, number]
            if (up.delete(index)) mesh.disconnect(a, b)
            else {
              mesh.connect(a, b, latency)
              up.add(index)
            }
            for (let step = 0; step < 8; step++) {
              mesh.clock.advance(37)
              loops()
            }
          }
        },
      ),
      { numRuns: 150 },
    )
  })
})

function assertNoLoop(mesh: RouterMesh, from: number, to: number): void {
  const destination = mesh.identities[to]?.address
  const seen = new Set<number>()
  let node = from
  while (destination !== undefined && node !== to) {
    assert.ok(!seen.has(node), `a loop towards ${to}: ${[...seen, node].join(' -> ')}`)
    seen.add(node)
    const next = mesh.routers[node]?.pathTo(destination)?.link
    if (next === undefined) return
    node = next.to
  }
}
