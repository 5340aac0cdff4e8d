import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Identity } from '../../src/identity/identity.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import {
  AddressBook,
  type AddressNote,
  type AddressSource,
  MAX_KNOWN_ADDRESSES,
  MAX_KNOWN_NEIGHBOURS,
} from '../../src/transport/address-book.ts'

const [bob, carol] = ['bob', 'carol'].map((name) => Identity.generate(seededRandom(name)).address)

function note(address: string, source: AddressSource = 'found', neighbour = bob): AddressNote {
  if (neighbour === undefined) throw new Error('nobody')
  return { neighbour, transport: 'tcp', address, source }
}

function addressesIn(book: AddressBook): string[] {
  return book.all.map(({ address }) => address)
}

describe('an address book', () => {
  it('names the address first that answered last, then what has failed least, then the better source', () => {
    const book = new AddressBook()
    for (const source of ['seen', 'found', 'configured'] as const) book.note(note(source, source))
    assert.deepEqual(addressesIn(book), ['configured', 'found', 'seen'])
    const { neighbour } = note('')
    book.failed(neighbour, 'configured')
    assert.deepEqual(addressesIn(book), ['found', 'seen', 'configured'])
    book.note(note('seen', 'seen'), 1000)
    book.note(note('configured', 'configured'), 2000)
    assert.deepEqual(addressesIn(book), ['configured', 'seen', 'found'])
    book.failed(neighbour, 'configured')
    assert.deepEqual(addressesIn(book), ['seen', 'found', 'configured'])
    assert.equal(book.of(neighbour).at(-1)?.linkedAt, 2000)
    book.failed(neighbour, 'nowhere')
    assert.equal(book.all.length, 3)
  })

  it('puts addresses into its order, those it does not know last and as they came', () => {
    const book = new AddressBook()
    const { neighbour } = note('')
    for (const address of ['a', 'b']) book.note(note(address))
    book.note(note('b'), 1)
    assert.deepEqual(book.inOrder(neighbour, ['x', 'a', 'y', 'b']), ['b', 'a', 'x', 'y'])
    assert.deepEqual(new AddressBook().inOrder(neighbour, ['x', 'a']), ['x', 'a'])
  })

  it('keeps the latest of the places that a neighbour has called from', () => {
    const book = new AddressBook()
    book.note(note('/ip4/192.0.2.1/tcp/50001', 'seen'))
    book.note(note('/ip4/192.0.2.1/tcp/50002', 'seen'))
    book.note(note('/ip4/192.0.2.9/tcp/50003', 'seen', carol))
    assert.deepEqual(addressesIn(book), ['/ip4/192.0.2.1/tcp/50002', '/ip4/192.0.2.9/tcp/50003'])
  })

  it('takes what is configured for that, wherever it was heard of before or after', () => {
    const book = new AddressBook()
    for (const source of ['found', 'configured', 'found'] as const) book.note(note('a', source))
    assert.deepEqual(
      book.all.map(({ source }) => source),
      ['configured'],
    )
  })

  it('forgets nothing that is configured, and holds no more than its bounds of all else', () => {
    const book = new AddressBook()
    const random = seededRandom('many')
    for (let n = 0; n < 20; n++) book.note(note(`configured ${n}`, 'configured'))
    for (let n = 0; n < 100; n++) book.note(note(`found ${n}`, 'found', carol))
    assert.equal(book.all.length, 20 + MAX_KNOWN_ADDRESSES)
    assert.equal(book.all.at(-1)?.address, 'found 99', 'the latest stays')
    for (let n = 0; n < MAX_KNOWN_NEIGHBOURS; n++)
      book.note(note('a', 'found', Identity.generate(random).address))
    assert.equal(new Set(book.all.map(({ neighbour }) => neighbour)).size, MAX_KNOWN_NEIGHBOURS)
    assert.equal(book.of(note('').neighbour).length, 20)
    assert.deepEqual(book.of(note('', 'found', carol).neighbour), [])
  })

  it('holds its bounds in any order of events', () => {
    const sources = fc.constantFrom<AddressSource>('found', 'learnt', 'seen')
    const event = fc.record({
      address: fc.integer({ min: 0, max: 30 }),
      source: sources,
      isLink: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200 }), (events) => {
        const book = new AddressBook()
        for (const [at, { address, source, isLink }] of events.entries()) {
          const each = note(String(address), source)
          book.note(each, isLink ? at : undefined)
          assert.ok(book.all.length <= MAX_KNOWN_ADDRESSES)
          assert.ok(addressesIn(book).includes(String(address)))
        }
      }),
    )
  })
})
