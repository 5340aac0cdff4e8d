import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { defaultProvider } from '../../src/crypto/provider/select.ts'
import { Address } from '../../src/identity/address.ts'
import { Blocklist } from '../../src/routing/blocklist.ts'
import {
  LONGEST_CHAIN,
  RENEWED_AFTER_MS,
  type SuccessionRefusal,
  SuccessionTable,
} from '../../src/routing/succession-table.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { encodeSuccession, relayedSuccession, SuccessionView } from '../../src/wire/succession.ts'
import { fromHex, type SuccessionArrival, successionVectors } from '../wire/vectors.ts'

const crypto = defaultProvider()
const verify = crypto.ed25519Verify.bind(crypto)
const WALL_MS = 1_767_225_610_000

function tableOf(capacity?: number, blocked: readonly Address[] = []): SuccessionTable {
  const blocklist = new Blocklist(seededRandom('blocklist'))
  blocklist.replace(blocked)
  return new SuccessionTable(
    { blocklist, ...(capacity === undefined ? {} : { capacity }) },
    seededRandom('table'),
  )
}

/** The table does not look at signatures, so keys can be anything: here 32 times the same byte. */
function keyOf(n: number): Uint8Array {
  return new Uint8Array(32).fill(n)
}

function addressOf(n: number): Address {
  return Address.ofPublicKey(keyOf(n))
}

function record(from: number, to: number, created: number): Uint8Array {
  const none = (): Uint8Array => new Uint8Array(64)
  return encodeSuccession({ created, oldKey: keyOf(from), newKey: keyOf(to) }, none, none)
}

/** What a receiver makes of a frame, with its three steps. */
function offer(
  table: SuccessionTable,
  frame: Uint8Array,
  now = 0,
): SuccessionRefusal | 'bad_signature' | undefined {
  const refusal = table.inspect(frame, WALL_MS + now)
  if (refusal !== undefined) return refusal
  if (!new SuccessionView(frame).isSigned(verify)) return 'bad_signature'
  return table.accept(frame, now, WALL_MS + now).refusal
}

/** The same without signatures. */
function put(table: SuccessionTable, frame: Uint8Array, now = 0): SuccessionRefusal | undefined {
  return table.inspect(frame, WALL_MS + now) ?? table.accept(frame, now, WALL_MS + now).refusal
}

describe('a receiver of a succession', () => {
  const { identities, refused, accepted } = successionVectors

  function arrival({ before = [], frame }: SuccessionArrival): {
    table: SuccessionTable
    refusal: SuccessionRefusal | 'bad_signature' | undefined
  } {
    const table = tableOf()
    for (const earlier of before) assert.equal(offer(table, fromHex(earlier)), undefined)
    return { table, refusal: offer(table, fromHex(frame)) }
  }

  for (const vector of refused) {
    it(`refuses '${vector.name}' as ${vector.refusal}`, () => {
      assert.equal(arrival(vector).refusal, vector.refusal)
    })
  }

  for (const vector of accepted) {
    it(`takes in '${vector.name}'`, () => {
      const { table, refusal } = arrival(vector)
      assert.equal(refusal, undefined)
      for (const [from, to] of Object.entries(vector.newest)) {
        const old = Address.parse(identities[from as keyof typeof identities].address)
        assert.equal(table.newest(old, 0).toString(), identities[to].address)
      }
    })
  }
})

describe('the table of successions', () => {
  it('leaves an address alone that nobody has moved', () => {
    const address = addressOf(1)
    assert.equal(tableOf().newest(address, 0), address)
    assert.deepEqual(tableOf().recordsOf(address), [])
  })

  it('follows a chain to its end, and gives the records that prove it', () => {
    const table = tableOf()
    const chain = [record(1, 2, 1), record(2, 3, 2), record(3, 4, 3)]
    for (const frame of chain.toReversed()) assert.equal(put(table, frame), undefined)
    assert.ok(table.newest(addressOf(1), 0).equals(addressOf(4)))
    assert.deepEqual(table.recordsOf(addressOf(1)), chain)
  })

  it(`follows ${LONGEST_CHAIN} steps and no more`, () => {
    const table = tableOf()
    for (let n = 1; n <= 12; n++) put(table, record(n, n + 1, n))
    assert.ok(table.newest(addressOf(1), 0).equals(addressOf(1 + LONGEST_CHAIN)))
    assert.ok(table.newest(addressOf(9), 0).equals(addressOf(13)))
    assert.equal(table.recordsOf(addressOf(1)).length, LONGEST_CHAIN)
  })

  it('keeps a copy: the frame belongs to the link', () => {
    const table = tableOf()
    const frame = record(1, 2, 1)
    put(table, frame)
    frame.fill(0)
    assert.deepEqual(table.recordsOf(addressOf(1)), [record(1, 2, 1)])
  })

  it('takes in again what it knows after a while, and says that nothing has moved', () => {
    const table = tableOf()
    const frame = record(1, 2, 1)
    assert.equal(table.accept(frame, 0, WALL_MS).moved, true)
    assert.equal(table.inspect(relayedSuccession(frame, 9), WALL_MS + RENEWED_AFTER_MS - 1), 'duplicate')
    assert.equal(table.inspect(frame, WALL_MS + RENEWED_AFTER_MS), undefined)
    const { refusal, moved } = table.accept(frame, 0, WALL_MS + RENEWED_AFTER_MS)
    assert.deepEqual({ refusal, moved }, { refusal: undefined, moved: false })
    assert.equal(table.inspect(frame, WALL_MS + RENEWED_AFTER_MS + 1), 'duplicate')
  })

  it('tells of a fork once, with both successors, whichever came first', () => {
    for (const [first, second] of [
      [record(1, 2, 5), record(1, 3, 6)],
      [record(1, 3, 6), record(1, 2, 5)],
    ] as const) {
      const table = tableOf()
      assert.equal(table.accept(first, 0, WALL_MS).fork, undefined)
      const { fork, from } = table.accept(second, 0, WALL_MS)
      assert.ok(from.equals(addressOf(1)))
      assert.ok(fork?.holds.equals(addressOf(2)) && fork.refused.equals(addressOf(3)))
      assert.equal(table.inspect(record(1, 3, 6), WALL_MS), 'fork', 'and needs no signature check again')
      assert.equal(table.inspect(record(1, 4, 7), WALL_MS), 'fork')
      assert.equal(table.accept(record(1, 4, 7), 0, WALL_MS).fork, undefined)
      assert.ok(table.newest(addressOf(1), 0).equals(addressOf(2)))
      assert.equal(table.counters.forks, 1)
    }
  })

  it('calls it no fork when the same two keys have signed twice; the earlier holds', () => {
    const table = tableOf()
    put(table, record(1, 2, 5))
    assert.equal(put(table, record(1, 2, 6)), 'duplicate')
    assert.equal(put(table, record(1, 2, 4)), undefined)
    assert.deepEqual(table.recordsOf(addressOf(1)), [record(1, 2, 4)])
    assert.equal(table.counters.forks, 0)
  })

  it('refuses its own when it comes back, and never gives it up for room', () => {
    const table = tableOf(4)
    table.acceptOwn(record(1, 2, 1), 0)
    assert.equal(table.inspect(record(1, 2, 1), WALL_MS), 'own')
    for (let n = 10; n < 30; n++) assert.equal(put(table, record(n, n + 100, n), n), undefined)
    assert.equal(table.size, 4)
    assert.ok(table.newest(addressOf(1), 0).equals(addressOf(2)))
  })

  it('refuses one that starts or ends at somebody blocked, and drops those it had', () => {
    const blocklist = new Blocklist(seededRandom('blocklist'))
    const table = new SuccessionTable({ blocklist }, seededRandom('table'))
    for (const frame of [record(1, 2, 1), record(3, 4, 1), record(5, 6, 1)]) put(table, frame)
    blocklist.replace([addressOf(2), addressOf(3)])
    assert.equal(table.dropBlocked(), 2)
    assert.equal(table.size, 1)
    assert.equal(put(table, record(1, 2, 1)), 'blocked')
    assert.equal(put(table, record(3, 4, 1)), 'blocked')
    assert.ok(table.newest(addressOf(5), 0).equals(addressOf(6)))
    assert.ok(table.newest(addressOf(1), 0).equals(addressOf(1)))
  })
})

describe('a full table of successions', () => {
  it('gives up the one unused for longest', () => {
    const table = tableOf(3)
    put(table, record(1, 101, 1), 10)
    put(table, record(2, 102, 1), 20)
    put(table, record(3, 103, 1), 30)
    put(table, record(1, 101, 1), 10 + RENEWED_AFTER_MS) // heard again
    put(table, record(4, 104, 1), 20 + RENEWED_AFTER_MS)
    assert.deepEqual(
      [1, 2, 3, 4].map((n) => table.recordsOf(addressOf(n)).length),
      [1, 0, 1, 1],
    )
    assert.equal(table.counters.evicted, 1)
  })

  it('keeps what this node has followed, whatever a flood brings', () => {
    const table = tableOf(8)
    put(table, record(1, 2, 1), 0)
    put(table, record(2, 3, 1), 0)
    table.newest(addressOf(1), 1)
    for (let n = 10; n < 250; n++) put(table, record(n, 255, n), n)
    assert.equal(table.size, 8)
    assert.ok(table.newest(addressOf(1), 0).equals(addressOf(3)))
  })

  it('has a version that changes with what it would save', () => {
    const table = tableOf()
    const before = table.version
    put(table, record(1, 2, 1))
    const known = table.version
    assert.notEqual(known, before)
    put(table, record(1, 2, 1), RENEWED_AFTER_MS)
    put(table, record(1, 3, 2))
    assert.equal(table.version, known)
    assert.deepEqual([...table.frames()], [record(1, 2, 1)])
  })
})

describe('nodes that have heard the same successions', () => {
  interface Edge {
    readonly from: number
    readonly to: number
    readonly created: number
  }

  const edges = fc.uniqueArray(
    fc
      .record({
        from: fc.integer({ min: 1, max: 7 }),
        to: fc.integer({ min: 1, max: 7 }),
        created: fc.integer({ min: 0, max: 4 }),
      })
      .filter(({ from, to }) => from !== to),
    { maxLength: 24, selector: ({ from, to, created }) => `${from} ${to} ${created}` },
  )

  /** From the least to the greatest: each holds that starts where none does yet, and closes no loop. */
  function greedy(all: readonly Edge[]): Map<number, Edge> {
    const held = new Map<number, Edge>()
    const inOrder = all.toSorted((a, b) => a.created - b.created || a.from - b.from || a.to - b.to)
    for (const edge of inOrder) {
      let end: number | undefined = edge.to
      while (end !== undefined && end !== edge.from) end = held.get(end)?.to
      if (!held.has(edge.from) && end === undefined) held.set(edge.from, edge)
    }
    return held
  }

  function heldBy(table: SuccessionTable): string[] {
    return [...table.frames()].map(String).toSorted()
  }

  it('hold the same, in whatever order and however often those came', () => {
    fc.assert(
      fc.property(
        edges.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([all, shuffled]) => {
          const table = tableOf()
          // They are repeated: a record that was given up for one that later gave way itself comes again.
          for (let round = 0; round <= all.length; round++) {
            for (const { from, to, created } of shuffled) {
              put(table, record(from, to, created), round * RENEWED_AFTER_MS)
            }
          }
          const wanted = [...greedy(all).values()].map(({ from, to, created }) => record(from, to, created))
          assert.deepEqual(heldBy(table), wanted.map(String).toSorted())
        },
      ),
      { numRuns: 500 },
    )
  })

  it('never hold a loop, nor two for one address, after any number of arrivals', () => {
    fc.assert(
      fc.property(edges, fc.integer({ min: 1, max: 5 }), (all, capacity) => {
        const table = tableOf(capacity)
        all.forEach(({ from, to, created }, at) => {
          put(table, record(from, to, created), at)
          assert.ok(table.size <= capacity)
          const views = [...table.frames()].map((frame) => new SuccessionView(frame))
          assert.equal(views.length, table.size)
          const next = new Map(views.map((view) => [String(view.oldKey), String(view.newKey)]))
          assert.equal(next.size, views.length)
          for (const start of next.keys()) {
            let steps = 0
            for (let key = next.get(start); key !== undefined; key = next.get(key)) {
              steps += 1
              assert.ok(steps <= next.size, 'a loop')
            }
          }
        })
      }),
      { numRuns: 500 },
    )
  })

  it('take arbitrary bytes for what they are, and never throw', () => {
    const table = tableOf(16)
    const likely = fc
      .uint8Array({ minLength: 199, maxLength: 199 })
      .map((frame) => frame.with(0, 0x16).with(1, 0))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), likely), fc.nat(), (frame, now) => {
        const refusal = table.inspect(frame, WALL_MS + now)
        if (refusal === undefined) assert.ok(!new SuccessionView(frame).isSigned(verify))
        assert.equal(table.size, 0)
      }),
      { numRuns: 2000 },
    )
  })
})
