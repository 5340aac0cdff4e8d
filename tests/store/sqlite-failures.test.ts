import assert from 'node:assert/strict'
import { open, stat } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { MeshError } from '../../src/runtime/errors.ts'
import type { MessageStore, PutOutcome } from '../../src/store/store.ts'
import { BOB, CAROL, message, messages, sequences } from './fixtures/messages.ts'
import { StoreFiles } from './fixtures/sqlite-files.ts'

const MAX_FILE_BYTES = 400_000

function isFull(outcome: PutOutcome | Error, file: string): boolean {
  if (!(outcome instanceof Error)) return false
  assert.ok(outcome instanceof MeshError)
  assert.equal(outcome.code, 'ERR_STORE')
  assert.equal(
    outcome.message,
    `message store ${file} cannot be written: database or disk is full: free some space`,
  )
  return true
}

describe('a sqlite store whose disk is full', () => {
  it('rejects and keeps nothing of what does not fit, and everything before it', async (test) => {
    const files = await StoreFiles.make(test)
    const store = await files.open({ maxFileBytes: MAX_FILE_BYTES })
    const acknowledged: number[] = []
    let rejected = 0
    for (let first = 0; rejected < 40; first += 20) {
      const group = messages(20).map((_, index) => message(first + index, { source: BOB }))
      const outcomes = await files.put(store, ...group)
      for (const [index, outcome] of outcomes.entries()) {
        if (outcome === 'stored') acknowledged.push(first + index)
        else if (isFull(outcome, files.file)) rejected += 1
      }
    }
    assert.ok(acknowledged.length > 100)
    assert.equal(rejected, 40)
    assert.deepEqual(sequences(store.pendingFor(BOB, 10_000)), acknowledged)
    const { messages: held, stored, failures } = store.stats()
    assert.deepEqual({ held, stored }, { held: acknowledged.length, stored: acknowledged.length })
    assert.equal(failures, 2)
    assert.deepEqual(
      files.log.map(({ level, msg, file }) => ({ level, msg, file })),
      [{ level: 50, msg: 'message store cannot be written', file: files.file }],
    )
    await store.close()
    assert.ok((await stat(files.file)).size <= MAX_FILE_BYTES)
    const again = await files.open()
    assert.deepEqual(sequences(again.pendingFor(BOB, 10_000)), acknowledged)
    await again.close()
  })

  it('stores again when there is space, and says so', async (test) => {
    const files = await StoreFiles.make(test)
    const store = await files.open({ maxFileBytes: MAX_FILE_BYTES })
    const large = (sequence: number) => message(sequence, { frame: new Uint8Array(60_000).fill(sequence) })
    assert.deepEqual(await files.put(store, large(1), large(2), large(3), large(4)), Array(4).fill('stored'))
    const failed = await files.put(store, large(5), large(6), large(7), large(5))
    assert.ok(
      failed.every((outcome) => isFull(outcome, files.file)),
      'the duplicate of a failed put fails too',
    )
    assert.equal(store.stats().bytes, 240_000)

    store.remove(large(1))
    assert.deepEqual(await files.put(store, large(5)), ['stored'])
    assert.deepEqual(sequences(store.pendingFor(BOB, 10)), [2, 3, 4, 5])
    assert.deepEqual(
      files.log.map(({ level }) => level),
      [50, 30],
    )
    await store.close()
  })

  it('fits removals in when no put comes', async (test) => {
    const files = await StoreFiles.make(test)
    const store = await files.open({ maxFileBytes: MAX_FILE_BYTES })
    const huge = message(1000, { frame: new Uint8Array(500_000) })
    await files.put(store, ...messages(10))
    store.remove(message(3))
    const [outcome] = await files.put(store, huge)
    assert.ok(outcome instanceof MeshError)
    assert.equal(await files.afterCrash((copy) => copy.stats().messages), 10)
    await files.clock.advanceAsync(1000)
    assert.equal(await files.afterCrash((copy) => copy.stats().messages), 9)
    await store.close()
  })
})

describe('a sqlite store whose file goes bad under it', () => {
  /** 600 small messages, 201 of four pages each, then all pages but two overwritten; few of them are cached. */
  async function spoiled(files: StoreFiles, before: (store: MessageStore) => void = () => undefined) {
    const filling = await files.open()
    const frame = new Uint8Array(16_000)
    const small = (_: unknown, n: number) =>
      message(n, { created: 1, destination: CAROL, expiresAt: 600 - n })
    await files.put(filling, ...Array.from({ length: 600 }, small))
    await files.put(filling, ...messages(200, { frame }), message(500, { destination: CAROL, frame }))
    await filling.close()
    const store = await files.open()
    before(store)
    const { size } = await stat(files.file)
    const handle = await open(files.file, 'r+')
    await handle.write(new Uint8Array(size - 8192).fill(0xa5), 0, size - 8192, 8192)
    await handle.close()
    return store
  }

  it('answers reads as an empty store, reports, and begins anew', async (test) => {
    const files = await StoreFiles.make(test)
    const store = await spoiled(files)
    assert.deepEqual(store.pendingFor(BOB, 300), [])
    assert.equal(store.stats().failures, 1)
    assert.equal(store.stats().messages, 0)
    assert.deepEqual(await files.put(store, message(1)), ['stored'])
    assert.deepEqual(sequences(store.pendingFor(BOB, 10)), [1])
    const { size } = await stat(`${files.file}.corrupt-1`)
    assert.ok(size > 3_000_000)
    const errors = files.log.filter(({ level }) => level === 50)
    assert.deepEqual(
      errors.map(({ msg }) => msg),
      [
        'message store cannot be read',
        'message store is corrupt: set aside, a new one is begun',
        'the messages of the corrupt store are no longer delivered',
      ],
    )
    await store.close()
  })

  it('takes nothing from the new file that was to be deleted from the old one', async (test) => {
    const files = await StoreFiles.make(test)
    // The chunk that is not written at once, nor with the next put, is that of the first rows.
    const store = await spoiled(files, (whole) => assert.equal(whole.expire(600, 1000).length, 600))
    assert.deepEqual(store.pendingFor(BOB, 300), [])
    await files.put(store, ...messages(5))
    await files.clock.advanceAsync(1000)
    await store.close()
    const again = await files.open()
    assert.deepEqual(sequences(again.pendingFor(BOB, 10)), [0, 1, 2, 3, 4])
    await again.close()
  })

  it('keeps the puts that were on their way, and all counts', async (test) => {
    const files = await StoreFiles.make(test)
    const store = await spoiled(files)
    const put = store.put(message(1000, { created: 0 }))
    assert.deepEqual(store.pendingFor(BOB, 300), [])
    await files.settle()
    assert.equal(await put, 'stored')
    assert.deepEqual(sequences(store.pendingFor(BOB, 10)), [1000])
    const { messages: held, bytes } = store.stats()
    assert.deepEqual({ held, bytes }, { held: 1, bytes: message(1000).frame.length })
    await store.close()
  })
})
