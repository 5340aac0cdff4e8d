import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom } from '../../src/runtime/random.ts'
import { MessageTable } from '../../src/store/sqlite/table.ts'
import { message } from './fixtures/messages.ts'
import { StoreFiles } from './fixtures/sqlite-files.ts'

describe('MessageTable', () => {
  it('does all of a transaction or nothing of it, and then the next one', async (test) => {
    const { file } = await StoreFiles.make(test)
    const table = new MessageTable({
      file,
      random: seededRandom('table'),
      maxFileBytes: undefined,
      maxDeliveries: 10,
    })
    const [first] = table.apply({ insertions: [message(1)] }, 0)
    assert.ok(first !== undefined)
    const notAnInteger = message(3, { created: 0.5 })
    assert.throws(
      () => table.apply({ deletions: [first.row], insertions: [message(2), notAnInteger] }, 0),
      /cannot store REAL/,
    )
    assert.deepEqual(
      [...table.entries()].map(({ row }) => row),
      [first.row],
    )
    const [second] = table.apply({ deletions: [first.row], insertions: [message(2)] }, 0)
    assert.deepEqual(
      [...table.entries()].map((entry) => ({ ...entry })),
      [second],
    )
    table.close()
  })
})
