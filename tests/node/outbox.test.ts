import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Address } from '../../src/identity/address.ts'
import { Delivery } from '../../src/node/delivery.ts'
import { Outbox } from '../../src/node/outbox.ts'

const DESTINATION = Address.parse('d'.repeat(32))

it('a message that a dead link gives back goes out when a path appears, one under way does not', () => {
  const outbox = new Outbox()
  // It expires in the year 2106.
  const frame = Buffer.alloc(200, 0xff)
  for (const id of ['given back', 'under way']) {
    outbox.add(new Delivery(id, DESTINATION), frame, 0, 0)
    outbox.sent(id)
  }
  assert.ok(outbox.givenBack('given back'))
  assert.ok(!outbox.givenBack('of another node'))
  const due = (now: number): string[] => outbox.sweep(0, now, { isHeld: () => false }).map(({ id }) => id)
  assert.deepEqual(due(100), [])
  outbox.hurry(DESTINATION, 100)
  assert.deepEqual(due(100), ['given back'])
  outbox.hurry(DESTINATION, 200)
  assert.deepEqual(due(200), [])
  assert.deepEqual(due(1000), ['under way'])
})
