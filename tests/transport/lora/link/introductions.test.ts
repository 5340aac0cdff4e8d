import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Introductions } from '../../../../src/transport/lora/link/introductions.ts'
import { BlockType } from '../../../../src/transport/lora/link/packet.ts'
import { announceBy, identityOf, messageBy } from '../../../support/frames.ts'

const alice = identityOf('alice')
const contents = (introductions: Introductions): (readonly [number, string])[] =>
  introductions.blocks.map(({ type, content }) => [type, Buffer.from(content).toString('hex')] as const)

describe('introductions', () => {
  it('ask who strangers are, once a minute each, four in one question', () => {
    const introductions = new Introductions()
    for (const id of [1, 1, 2, 3, 4, 5]) introductions.stranger(id, 0)
    assert.deepEqual(contents(introductions), [[BlockType.who, '0001000200030004']])
    introductions.asked()
    assert.deepEqual(contents(introductions), [])
    for (const id of [1, 5]) introductions.stranger(id, 59_999)
    assert.deepEqual(contents(introductions), [[BlockType.who, '0005']])
    introductions.asked()
    introductions.stranger(1, 60_000)
    assert.deepEqual(contents(introductions), [[BlockType.who, '0001']])
  })

  it('spend no more than eight questions a minute, however many strangers there are', () => {
    const introductions = new Introductions()
    let asked = 0
    for (let now = 0; now < 600_000; now += 100) {
      introductions.stranger(now % 65_521, now)
      asked += (introductions.blocks[0]?.content.length ?? 0) / 2
      introductions.asked()
    }
    assert.equal(asked, 80)
  })

  it('tell of at most four ids that two go by', () => {
    const introductions = new Introductions()
    for (const id of [1, 1, 2, 3, 4, 5]) introductions.clash(id)
    assert.deepEqual(
      contents(introductions),
      ['0001', '0002', '0003', '0004'].map((id) => [BlockType.clash, id]),
    )
    introductions.asked()
    assert.deepEqual(contents(introductions), [])
  })

  it('answer with the own announce that went out last, not again within ten seconds nor while it leaves', () => {
    const introductions = new Introductions()
    const leaving = new Set<Uint8Array>()
    const answer = (now: number) => introductions.answer(now, (announce) => leaving.has(announce))
    assert.equal(answer(0), undefined)
    const [first, second] = [1, 2].map((sequence) => announceBy(alice, { sequence })) as [
      Uint8Array,
      Uint8Array,
    ]
    introductions.leaving(first)
    introductions.leaving(second)
    const forwarded = announceBy(identityOf('bob'))
    forwarded[forwarded.length - 3] = 1
    introductions.leaving(forwarded)
    introductions.leaving(messageBy(alice, alice))
    assert.equal(answer(21_000), second, 'who asks has not heard it')
    assert.equal(answer(30_999), undefined)
    assert.equal(answer(31_000), second)
    introductions.renamed()
    assert.equal(answer(32_000), second, 'under a new id it is news')
    leaving.add(second)
    assert.equal(answer(50_000), undefined)
  })
})
