import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ALICE, BOB, CAROL, message, messages, ROOMY, sequences } from './fixtures/messages.ts'
import { StoreFiles } from './fixtures/sqlite-files.ts'

describe('the group commit of the sqlite store', () => {
  it('waits a moment for company, and acknowledges nothing before the commit', async (test) => {
    const files = await StoreFiles.make(test)
    const store = await files.open()
    const outcomes: string[] = []
    for (const each of messages(3)) store.put(each).then((outcome) => outcomes.push(outcome))
    store.put(message(0)).then((outcome) => outcomes.push(outcome))
    await files.clock.advanceAsync(1.9)
    assert.deepEqual(outcomes, [])
    assert.deepEqual(store.pendingFor(BOB, 10), [])
    assert.equal(store.stats().messages, 0)
    assert.deepEqual(await files.afterCrash((copy) => copy.pendingFor(BOB, 10)), [])
    await files.clock.advanceAsync(0.1)
    assert.deepEqual(outcomes.toSorted(), ['duplicate', 'stored', 'stored', 'stored'])
    assert.deepEqual(sequences(await files.afterCrash((copy) => copy.pendingFor(BOB, 10))), [0, 1, 2])
    await store.close()
  })

  it('commits a hundred at once, without waiting', async (test) => {
    const files = await StoreFiles.make(test)
    const store = await files.open()
    const puts = messages(100).map((each) => store.put(each))
    assert.deepEqual(new Set(await Promise.all(puts)), new Set(['stored']))
    assert.equal(store.pendingFor(BOB, 1000).length, 100)
    await store.close()
  })

  it('writes removals a tenth of a second later, or with the next put', async (test) => {
    const files = await StoreFiles.make(test)
    const store = await files.open()
    const left = async (): Promise<number[]> =>
      sequences(await files.afterCrash((copy) => copy.pendingFor(BOB, 10)))
    await files.put(store, ...messages(4))
    store.remove(message(0))
    assert.deepEqual(sequences(store.pendingFor(BOB, 10)), [1, 2, 3])
    await files.clock.advanceAsync(99)
    assert.deepEqual(await left(), [0, 1, 2, 3])
    await files.clock.advanceAsync(1)
    assert.deepEqual(await left(), [1, 2, 3])
    store.remove(message(1))
    await files.put(store, message(9))
    assert.deepEqual(await left(), [2, 3, 9])
    store.remove(message(2))
    await store.close()
    const again = await files.open()
    assert.deepEqual(sequences(again.pendingFor(BOB, 10)), [3, 9])
    await again.close()
  })

  it('writes a delivery together with the removal of its message, a tenth of a second later', async (test) => {
    const files = await StoreFiles.make(test)
    const store = await files.open()
    const left = (): Promise<number[][]> =>
      files.afterCrash((copy) => [
        sequences(copy.pendingFor(BOB, 10)),
        [...copy.deliveries(0)].map(({ sequence }) => sequence),
      ])
    await files.put(store, message(1), message(2))
    store.delivered({ ...message(1), endsAt: 1e12 })
    await files.clock.advanceAsync(99)
    assert.deepEqual(await left(), [[1, 2], []])
    await files.clock.advanceAsync(1)
    assert.deepEqual(await left(), [[2], [1]])
    // So many that each fills a chunk: neither is ever written without the other.
    for (let sequence = 1000; sequence < 1256; sequence++)
      store.delivered({ ...message(sequence), endsAt: 1e12 })
    assert.deepEqual(await left(), [[2], [1]])
    store.delivered({ ...message(2), endsAt: 1e12 })
    assert.deepEqual(
      (await left()).map((all) => all.length),
      [1, 257],
    )
    await files.clock.advanceAsync(100)
    assert.deepEqual(
      (await left()).map((all) => all.length),
      [0, 258],
    )
    await store.close()
  })

  it('purges what has ended, and keeps the latest, with each write', async (test) => {
    const files = await StoreFiles.make(test)
    const store = await files.open({ limits: { ...ROOMY, maxDeliveries: 3 } })
    const now = Math.floor(files.clock.now() / 1000)
    const rows = (): Promise<number[]> =>
      files.afterCrash((copy) => [...copy.deliveries(-1)].map(({ sequence }) => sequence))
    for (const [sequence, endsAt] of [now + 9, now + 1, now + 9].entries()) {
      store.delivered({ ...message(sequence), endsAt })
    }
    await files.clock.advanceAsync(100)
    assert.deepEqual(await rows(), [0, 1, 2])
    await files.clock.advanceAsync(1000)
    store.delivered({ ...message(3), endsAt: now + 9 })
    await files.clock.advanceAsync(100)
    assert.deepEqual(await rows(), [2, 3], 'the first three rows of four, without the one that ended')
    await store.close()
  })

  it('deletes what has expired in chunks', async (test) => {
    const files = await StoreFiles.make(test)
    const store = await files.open()
    await files.put(store, ...messages(600, { expiresAt: 10 }))
    const left = (): Promise<number> => files.afterCrash((copy) => copy.stats().messages)
    assert.equal(store.expire(10, 1000).length, 600)
    assert.equal(await left(), 600 - 256)
    await files.clock.advanceAsync(2)
    assert.equal(await left(), 600 - 512)
    await files.clock.advanceAsync(2)
    assert.equal(await left(), 0)
    await store.close()
  })

  it('takes a message back whose removal is not written yet', async (test) => {
    const files = await StoreFiles.make(test)
    const store = await files.open()
    await files.put(store, message(1))
    store.remove(message(1))
    assert.deepEqual(await files.put(store, message(1, { destination: CAROL })), ['stored'])
    assert.deepEqual(store.pendingFor(BOB, 10), [])
    assert.deepEqual(sequences(store.pendingFor(CAROL, 10)), [1])
    await store.close()
  })

  it('tells addresses apart whose hashes are the same', async (test) => {
    const files = await StoreFiles.make(test)
    const store = await files.open()
    await files.put(store, message(1), message(2, { source: CAROL, destination: CAROL }))
    await store.close()
    const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
    const db = new DatabaseSync(files.file)
    db.exec(`UPDATE messages SET (source_hash, destination_hash) =
      (SELECT source_hash, destination_hash FROM messages WHERE sequence = 1)`)
    db.close()

    const again = await files.open()
    assert.deepEqual(sequences(again.pendingFor(BOB, 10)), [1])
    assert.equal(again.remove({ source: ALICE, created: 1000, sequence: 2 }), false)
    assert.deepEqual(await files.put(again, message(2), message(1)), ['stored', 'duplicate'])
    assert.deepEqual(sequences(again.pendingFor(BOB, 10)), [1, 2])
    await again.close()
  })
})
