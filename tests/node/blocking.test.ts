import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Address } from '../../src/identity/address.ts'
import { Blocking } from '../../src/node/blocking.ts'
import { Blocklist } from '../../src/routing/blocklist.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { memoryStore } from '../../src/store/memory.ts'
import { identityOf, messageBy, T0 } from '../support/frames.ts'

const [alice, bob, carol] = ['alice', 'bob', 'carol'].map((name) => identityOf(name).address) as [
  Address,
  Address,
  Address,
]

describe('a change of the blocklist', () => {
  it('empties the store of messages from and to those who are new on it, and of no others', async () => {
    const store = memoryStore({ maxMessages: 100, maxBytes: 1e6, maxMessagesPerSource: 100 })
    await store.open()
    let sequence = 0
    for (const [source, destination] of [
      [alice, bob],
      [alice, carol],
      [bob, carol],
      [bob, alice],
      [bob, carol],
      [carol, bob],
    ] as const) {
      const frame = messageBy(identityOf('alice'), identityOf('bob'))
      sequence += 1
      const message = { source, destination, created: T0, sequence, priority: 2, expiresAt: T0 + 60, frame }
      assert.equal(await store.put(message), 'stored')
    }
    const did: string[] = []
    const counted: string[] = []
    const blocking = new Blocking({
      blocklist: new Blocklist(seededRandom('blocklist')),
      clock: systemClock,
      store,
      router: { forget: (address) => void did.push(`forget ${address}`) },
      transports: {
        linksTo: (address) => [{ close: (reason) => void did.push(`close ${address} ${reason}`) }],
      },
      custody: {
        discard: (row) => {
          assert.ok(store.remove(row, row.destination))
          did.push(`discard ${row.sequence}`)
        },
      },
      counters: { drop: (reason) => void counted.push(reason) },
    })
    await blocking.block([alice])
    assert.deepEqual(did.splice(0, 2), [`forget ${alice}`, `close ${alice} blocked`])
    assert.deepEqual(did.splice(0).toSorted(), ['discard 1', 'discard 2', 'discard 4'])
    await blocking.block([alice])
    assert.equal(did.length, 0)
    await blocking.block([])
    assert.equal(store.stats().messages, 3)
    await blocking.block([carol, alice])
    assert.deepEqual(did.filter((what) => what.startsWith('discard')).toSorted(), [
      'discard 3',
      'discard 5',
      'discard 6',
    ])
    await store.close()
    assert.deepEqual(counted, Array(6).fill('blocked'))
  })
})
