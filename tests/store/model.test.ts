import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Address } from '../../src/identity/address.ts'
import { memoryStore } from '../../src/store/memory.ts'
import type { StoredMessage } from '../../src/store/store.ts'
import type { StoreFactory } from '../../src/testing/store-compliance.ts'
import { runAgainstModel, type StoreOperation } from '../../src/testing/store-model.ts'
import { sqliteUnderTest } from './fixtures/sqlite-files.ts'

const LIMITS = { maxMessages: 12, maxBytes: 200, maxMessagesPerSource: 5 }

const address = fc.constantFrom('1', '2', '3', '4').map((digit) => Address.parse(digit.repeat(32)))
const key = fc.record({ source: address, created: fc.nat(1), sequence: fc.nat(4) })
const message: fc.Arbitrary<StoredMessage> = fc
  .record({
    destination: address,
    priority: fc.nat(3),
    expiresAt: fc.nat(10),
    frame: fc.uint8Array({ maxLength: 40 }),
  })
  .chain((rest) => key.map((named) => ({ ...named, ...rest })))

const operation: fc.Arbitrary<StoreOperation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('put'), messages: fc.array(message, { maxLength: 6 }) }),
  },
  fc.record({
    kind: fc.constant('putAndRemove'),
    message,
    destination: fc.option(address, { nil: undefined }),
  }),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('remove'),
      key,
      destination: fc.option(address, { nil: undefined }),
    }),
  },
  fc.record({ kind: fc.constant('expire'), nowSeconds: fc.nat(10), limit: fc.nat(4) }),
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('pendingFor'), destination: address, limit: fc.nat(5) }),
  },
  fc.record({ kind: fc.constant('reopen') }),
)

const memoryUnderTest: StoreFactory = async (limits) => ({ store: memoryStore(limits) })

describe('a store against a plain array', () => {
  for (const [name, factory, numRuns] of [
    ['memory', memoryUnderTest, 300],
    ['sqlite', sqliteUnderTest, 40],
  ] as const) {
    it(`${name} answers the same to any operations`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { maxLength: 30, size: 'max' }), async (operations) => {
          const { store, reopen, settle, dispose } = await factory(LIMITS)
          let current = store
          await current.open()
          try {
            await runAgainstModel({
              store,
              limits: LIMITS,
              operations,
              settle: async () => settle?.(),
              reopen:
                reopen &&
                (async () => {
                  await current.close()
                  current = reopen()
                  await current.open()
                  return current
                }),
            })
          } finally {
            await current.close()
            await dispose?.()
          }
        }),
        { numRuns },
      )
    })
  }
})
