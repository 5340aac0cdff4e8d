/**
 * What every MessageStore has to pass, as a suite of `node:test`:
 *
 *     messageStoreCompliance('redis', async (limits) => ({ store: redisStore({ url, limits }) }))
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Address } from '../identity/address.ts'
import { MeshError } from '../runtime/errors.ts'
import { seededRandom } from '../runtime/random.ts'
import type { MessageKey, MessageStore, StoredDelivery, StoredMessage } from '../store/store.ts'
import { MAX_FRAME_BYTES } from '../wire/frame.ts'
import {
  ALICE,
  Bench,
  BOB,
  CAROL,
  message,
  messages,
  ROOMY,
  type StoreFactory,
  sequences,
} from './store-bench.ts'
import { runAgainstModel, seededOperations } from './store-model.ts'

export type { StoreFactory, StoreUnderTest } from './store-bench.ts'

/** Adds the suite to the test run. `factory` is called for each test. */
export function messageStoreCompliance(name: string, factory: StoreFactory): void {
  describe(`${name} as a MessageStore`, () => {
    for (const [title, run] of Object.entries(CASES)) {
      it(title, (test) => run(new Bench(factory, test)))
    }
  })
}

const CASES: Record<string, (bench: Bench) => Promise<void>> = {
  async 'gives back what was put, for its destination alone'(bench) {
    const open = await bench.open()
    const put = message(7, { created: 4_294_967_295, priority: 0, expiresAt: 4_300_000_000 })
    assert.deepEqual(await open.put(put), ['stored'])
    const [stored, ...others] = open.store.pendingFor(BOB, 10)
    assert.deepEqual(others, [])
    assert.ok(stored !== undefined)
    const { row, ...rest } = stored
    assert.deepEqual(rest, put)
    assert.ok(Number.isSafeInteger(row))
    assert.deepEqual(open.pending(CAROL), [])
  },

  async 'orders by urgency, then by arrival'(bench) {
    const open = await bench.open()
    const priorities = [2, 0, 3, 1, 0, 2, 1]
    for (const [sequence, priority] of priorities.entries()) await open.put(message(sequence, { priority }))
    assert.deepEqual(open.pending(), [1, 4, 3, 6, 0, 5, 2])
    assert.deepEqual(sequences(open.store.pendingFor(BOB, 3)), [1, 4, 3])
    assert.deepEqual(open.store.pendingFor(BOB, 0), [])
  },

  async 'keeps the order of arrival within a group and across groups'(bench) {
    const open = await bench.open()
    await open.put(...messages(450))
    assert.deepEqual(open.pending(), sequences(messages(450)))
  },

  async 'numbers rows upwards and never twice'(bench) {
    const open = await bench.open()
    const rows = new Set<number>()
    let last = Number.NEGATIVE_INFINITY
    for (let round = 0; round < 5; round++) {
      await open.put(message(round))
      for (const { row } of open.store.pendingFor(BOB, 10)) {
        assert.ok(row > last && !rows.has(row), `${row} after ${last}`)
        rows.add(row)
        last = row
      }
      open.store.remove(message(round))
      if (open.isLasting) await open.reopen()
    }
    assert.equal(rows.size, 5)
  },

  async 'knows a message by source, time and sequence'(bench) {
    const open = await bench.open()
    assert.deepEqual(await open.put(message(1)), ['stored'])
    const twin = message(1, { destination: CAROL, priority: 0, expiresAt: 9999, frame: Uint8Array.of(1) })
    assert.deepEqual(await open.put(twin), ['duplicate'])
    assert.deepEqual(open.pending(CAROL), [])
    assert.deepEqual(
      await open.put(message(2), message(1, { created: 1001 }), message(1, { source: CAROL })),
      ['stored', 'stored', 'stored'],
    )
    assert.equal(open.store.stats().messages, 4)
  },

  async 'sees a duplicate of a message that is still on its way'(bench) {
    const open = await bench.open()
    assert.deepEqual(await open.put(message(1), message(1), message(1)), ['stored', 'duplicate', 'duplicate'])
    assert.deepEqual(open.pending(), [1])
  },

  async 'limits the number of messages'(bench) {
    const open = await bench.open({ ...ROOMY, maxMessages: 3 })
    assert.deepEqual(await open.put(...messages(4)), ['stored', 'stored', 'stored', 'full'])
    assert.deepEqual(await open.put(message(9), message(1)), ['full', 'duplicate'])
    open.store.remove(message(0))
    assert.deepEqual(await open.put(message(9), message(10)), ['stored', 'full'])
    assert.deepEqual(open.pending(), [1, 2, 9])
  },

  async 'limits the bytes of all frames'(bench) {
    const open = await bench.open({ ...ROOMY, maxBytes: 25 })
    const small = message(8, { frame: new Uint8Array(5) })
    assert.deepEqual(await open.put(...messages(3), small), ['stored', 'stored', 'full', 'stored'])
    assert.deepEqual(await open.put(message(9, { frame: new Uint8Array(1) })), ['full'])
    open.store.remove(message(0))
    assert.deepEqual(await open.put(message(9)), ['stored'])
  },

  async 'limits the messages of one source, and leaves room to others'(bench) {
    const open = await bench.open({ ...ROOMY, maxMessagesPerSource: 2 })
    const other = message(1, { source: CAROL })
    const toOther = message(3, { destination: CAROL })
    assert.deepEqual(await open.put(...messages(3), other, toOther), [
      ...['stored', 'stored', 'full'],
      ...['stored', 'full'],
    ])
    open.store.expire(5000, 1)
    assert.deepEqual(await open.put(toOther, message(4)), ['stored', 'full'])
  },

  async 'counts a message that is refused, and a duplicate, against nothing'(bench) {
    const open = await bench.open({ maxMessages: 100, maxBytes: 20, maxMessagesPerSource: 3 })
    await open.put(message(1), message(1), message(2, { frame: new Uint8Array(11) }))
    const { messages: held, bytes, stored, refused } = open.store.stats()
    assert.deepEqual({ held, bytes, stored, refused }, { held: 1, bytes: 10, stored: 1, refused: 1 })
    assert.deepEqual(await open.put(message(3)), ['stored'])
  },

  async 'takes frames from empty to the longest there is'(bench) {
    const open = await bench.open()
    const longest = Uint8Array.from({ length: MAX_FRAME_BYTES }, (_, index) => index * 31)
    await open.put(message(1, { frame: new Uint8Array(0) }), message(2, { frame: longest }))
    const frames = open.store.pendingFor(BOB, 2).map(({ frame }) => frame)
    assert.deepEqual(frames, [new Uint8Array(0), longest])
  },

  async 'keeps frames of its own and gives out copies'(bench) {
    const open = await bench.open()
    const received = new Uint8Array(64).fill(7)
    const put = open.store.put(message(1, { frame: received.subarray(16, 26) }))
    received.fill(0)
    await open.settle()
    await put
    for (let round = 0; round < 2; round++) {
      const frame = open.store.pendingFor(BOB, 1)[0]?.frame
      assert.deepEqual(frame, new Uint8Array(10).fill(7))
      frame?.fill(1)
    }
  },

  async 'removes by key, whoever the message was for'(bench) {
    const open = await bench.open()
    await open.put(message(1), message(2, { destination: CAROL }))
    assert.equal(open.store.remove({ source: ALICE, created: 1000, sequence: 2 }), true)
    assert.equal(open.store.remove(message(2)), false)
    assert.equal(open.store.remove(message(1, { source: BOB })), false)
    assert.equal(open.store.remove(message(1, { created: 1001 })), false)
    assert.deepEqual([open.pending(BOB), open.pending(CAROL)], [[1], []])
    assert.deepEqual(open.store.destinations(10), [BOB])
    assert.deepEqual(await open.put(message(2)), ['stored'])
    assert.deepEqual(open.pending(), [1, 2])
  },

  async 'removes a message only if it is for the given destination'(bench) {
    const open = await bench.open()
    await open.put(message(1))
    const put = open.store.put(message(2))
    for (const sequence of [1, 2]) assert.equal(open.store.remove(message(sequence), CAROL), false)
    await open.settle()
    assert.equal(await put, 'stored')
    assert.deepEqual(open.pending(), [1, 2])
    assert.equal(open.store.remove(message(1), BOB), true)
    assert.equal(open.store.remove(message(1), BOB), false)
    assert.deepEqual(open.pending(), [2])
  },

  async 'removes a message that is still on its way'(bench) {
    const open = await bench.open()
    const puts = messages(2).map((each) => open.store.put(each))
    assert.equal(open.store.remove(message(0)), true)
    await open.settle()
    assert.deepEqual(await Promise.all(puts), ['stored', 'stored'])
    assert.deepEqual(open.pending(), [1])
    assert.equal(open.store.remove(message(0)), false)
  },

  async 'expires in chunks, the earliest first, and nothing before its time'(bench) {
    const open = await bench.open()
    const ends = [500, 100, 300, 200, 400, 100]
    await open.put(...ends.map((expiresAt, sequence) => message(sequence, { expiresAt })))
    assert.deepEqual(open.store.expire(99, 10), [])
    const first = open.store.expire(300, 3)
    assert.deepEqual(sequences(first), [1, 5, 3])
    assert.deepEqual(first[2]?.frame, message(3).frame)
    assert.deepEqual(sequences(open.store.expire(300, 3)), [2])
    assert.deepEqual(open.store.expire(300, 3), [])
    assert.deepEqual(open.pending(), [0, 4])
  },

  async 'expires a great many without losing or repeating one'(bench) {
    const open = await bench.open()
    await open.put(...messages(1500, { expiresAt: 100 }), message(2000))
    const seen = new Set<number>()
    for (let due = open.store.expire(100, 400); due.length > 0; due = open.store.expire(100, 400)) {
      assert.ok(due.length <= 400)
      for (const { sequence } of due) seen.add(sequence)
      await open.settle()
    }
    assert.equal(seen.size, 1500)
    assert.deepEqual(open.pending(), [2000])
    const { messages: held, bytes, expired } = open.store.stats()
    assert.deepEqual({ held, bytes, expired }, { held: 1, bytes: 10, expired: 1500 })
  },

  async 'names every destination that has messages once'(bench) {
    const open = await bench.open()
    const names = Array.from({ length: 40 }, (_, index) => Address.parse(`${index}`.padStart(32, '0')))
    for (const destination of names) {
      await open.put(
        message(1, { source: destination, destination }),
        message(2, { source: destination, destination }),
      )
    }
    for (const source of names.slice(30)) {
      open.store.remove(message(1, { source }))
      open.store.remove(message(2, { source }))
    }
    const found = open.store.destinations(100).map(String)
    assert.deepEqual(found.toSorted(), names.slice(0, 30).map(String))
    assert.equal(new Set(open.store.destinations(7).map(String)).size, 7)
    assert.deepEqual(open.store.destinations(0), [])
  },

  async 'has figures that add up'(bench) {
    const open = await bench.open({ ...ROOMY, maxMessages: 6 })
    await open.put(...messages(4), ...messages(4), message(20, { expiresAt: 1 }), message(21), message(22))
    open.store.remove(message(0))
    open.store.remove(message(0))
    open.store.expire(1, 10)
    const { messages: held, bytes, ...counts } = open.store.stats()
    assert.deepEqual(counts, { stored: 6, removed: 1, expired: 1, refused: 1, failures: 0 })
    assert.deepEqual({ held, bytes }, { held: 4, bytes: 40 })
    assert.equal(open.pending().length, 4)
  },

  async 'refuses numbers that no frame can carry, and goes on'(bench) {
    const open = await bench.open()
    const wrong: Partial<StoredMessage>[] = [
      { sequence: -1 },
      { sequence: 2 ** 32 },
      { created: 0.5 },
      { priority: Number.NaN },
      { expiresAt: Number.POSITIVE_INFINITY },
    ]
    const good = open.store.put(message(1))
    for (const changes of wrong) {
      await assert.rejects(open.store.put(message(2, changes)), hasCode('ERR_USAGE'))
    }
    await open.settle()
    assert.equal(await good, 'stored')
    assert.deepEqual(open.pending(), [1])
  },

  async 'commits what is on its way when it is closed'(bench) {
    const open = await bench.open()
    const puts = messages(5).map((each) => open.store.put(each))
    await open.store.close()
    assert.deepEqual(new Set(await Promise.all(puts)), new Set(['stored']))
    if (!open.isLasting) return
    await open.reopen()
    assert.deepEqual(open.pending(), [0, 1, 2, 3, 4])
  },

  async 'stores nothing before it is open and after it is closed, and says so'(bench) {
    const open = await bench.open()
    await open.put(message(1))
    await open.store.close()
    await open.store.close()
    await assert.rejects(open.store.put(message(2)), hasCode('ERR_STORE'))
    assert.deepEqual(open.store.pendingFor(BOB, 10), [])
    assert.deepEqual(open.store.destinations(10), [])
    assert.deepEqual(open.store.expire(9999, 10), [])
    assert.equal(open.store.remove(message(1)), false)
  },

  async 'has everything after it was closed and opened, and keeps to its limits'(bench) {
    const open = await bench.openLasting({ maxMessages: 5, maxBytes: 100, maxMessagesPerSource: 4 })
    if (open === undefined) return
    await open.put(...messages(4), message(5, { source: CAROL, priority: 0 }))
    open.store.remove(message(1))
    await open.reopen()
    assert.deepEqual(open.pending(), [5, 0, 2, 3])
    const { messages: held, bytes, stored } = open.store.stats()
    assert.deepEqual({ held, bytes, stored }, { held: 4, bytes: 40, stored: 0 })
    assert.deepEqual(await open.put(message(3), message(6), message(7)), ['duplicate', 'stored', 'full'])
    open.store.remove(message(5, { source: CAROL }))
    assert.deepEqual(await open.put(message(7)), ['full'], 'the source has its four')
    const large = message(8, { source: CAROL, frame: new Uint8Array(61) })
    assert.deepEqual(await open.put(large), ['full'], 'the bytes were counted when it was opened')
  },

  async 'forgets a message that was delivered, whether it is there or on its way'(bench) {
    const open = await bench.open()
    await open.put(message(1), message(2))
    const put = open.store.put(message(3))
    for (const sequence of [1, 3, 9]) open.store.delivered(delivery(sequence))
    await open.settle()
    assert.equal(await put, 'stored')
    assert.deepEqual(open.pending(), [2])
    const { messages: held, removed, failures } = open.store.stats()
    assert.deepEqual({ held, removed, failures }, { held: 1, removed: 2, failures: 0 })
    await open.store.close()
    open.store.delivered(delivery(2))
    assert.deepEqual([...open.store.deliveries(0)], [])
  },

  async 'knows after it was opened again what was delivered, the latest of it'(bench) {
    const open = await bench.openLasting({ ...ROOMY, maxDeliveries: 4 })
    if (open === undefined) return
    await open.put(message(1))
    for (let sequence = 0; sequence < 5; sequence++) open.store.delivered(delivery(sequence))
    await open.reopen()
    assert.deepEqual([...open.store.deliveries(END - 1)], [1, 2, 3, 4].map(keyOf))
    assert.deepEqual(open.pending(), [])
    for (const sequence of [9, 5]) open.store.delivered(delivery(sequence))
    await open.reopen()
    assert.deepEqual([...open.store.deliveries(END - 1)], [3, 4, 9, 5].map(keyOf))
  },

  async 'knows no delivery whose message has ended'(bench) {
    const open = await bench.openLasting()
    if (open === undefined) return
    for (const [sequence, endsAt] of [3, 1, 2].entries()) {
      open.store.delivered({ ...delivery(sequence), endsAt: END + endsAt })
    }
    await open.reopen()
    assert.deepEqual([...open.store.deliveries(END)], [0, 1, 2].map(keyOf))
    assert.deepEqual([...open.store.deliveries(END + 1)], [0, 2].map(keyOf))
    assert.deepEqual([...open.store.deliveries(END + 3)], [])
  },

  async 'answers as an array would, in seeded runs of operations'(bench) {
    for (let seed = 1; seed <= 20; seed++) {
      const limits = { maxMessages: 20, maxBytes: 300, maxMessagesPerSource: 8 }
      const open = await bench.open(limits)
      const reopen = async (): Promise<MessageStore> => {
        await open.reopen()
        return open.store
      }
      try {
        await runAgainstModel({
          store: open.store,
          limits,
          operations: seededOperations(seededRandom(seed), 60),
          settle: () => open.settle(),
          reopen: open.isLasting ? reopen : undefined,
        })
      } catch (error) {
        throw new Error(`the run of seed ${seed} differs from the model`, { cause: error })
      }
    }
  },
}

/** In seconds: no clock that a store is tested with has come to it. */
const END = 4_000_000_000

function keyOf(sequence: number): MessageKey {
  return { source: ALICE, created: 1000, sequence }
}

function delivery(sequence: number): StoredDelivery {
  return { ...keyOf(sequence), endsAt: END }
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof MeshError && error.code === code
}
