import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { seededRandom } from '../../../../src/runtime/random.ts'
import {
  MAX_PARTIAL,
  maxDatagramBytes,
  OutgoingDatagram,
  type Progress,
  Reassembly,
  type Whole,
} from '../../../../src/transport/lora/link/fragments.ts'
import { ACK_WINDOW, type Fragment, MAX_DONE } from '../../../../src/transport/lora/link/packet.ts'
import { crc16 } from '../../../../src/transport/lora/link/tag.ts'
import { uint8 } from '../../../wire/arbitraries.ts'

const bytesOf = (length: number, seed = 0): Uint8Array => seededRandom(`datagram ${seed}`).bytes(length)

function shuffled<T>(list: readonly T[], seed: number): T[] {
  const random = seededRandom(`order ${seed}`)
  const rest = [...list]
  return list.map(() => rest.splice(random.below(rest.length), 1)[0] as T)
}

/** A frame that stands for itself. */
function cut(id: number, bytes: Uint8Array, fragmentBytes: number): OutgoingDatagram {
  return new OutgoingDatagram({ to: 1, id }, bytes, bytes, fragmentBytes)
}

function isRight(progress: Progress): progress is Whole {
  return typeof progress === 'object' && crc16(progress.item) === progress.check
}

const wholeOf = (item: Uint8Array): Whole => ({ item, check: crc16(item) })

function allOf(datagram: OutgoingDatagram, spare = 0): Fragment[] {
  return Array.from({ length: datagram.count + spare }, (_, index) => datagram.fragment(index))
}

describe('a datagram in fragments', () => {
  it('becomes whole from any as many as it needs, in any order, with others twice and in between', () => {
    const one = fc.record({
      length: fc.integer({ min: 60, max: 2000 }),
      size: fc.integer({ min: 30, max: 230 }),
    })
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 4 }), fc.nat(), (shapes, seed) => {
        const datagrams = shapes.map(({ length, size }, id) => {
          const bytes = bytesOf(length, seed + id)
          return {
            bytes,
            out: cut(id, bytes, Math.max(size, Math.ceil((length + 2) / 64))),
          }
        })
        const kept = datagrams.flatMap(({ out }) => shuffled(allOf(out, 5), seed).slice(0, out.count))
        const reassembly = new Reassembly()
        const whole: Uint8Array[] = []
        for (const fragment of shuffled([...kept, ...kept], seed)) {
          const progress = reassembly.add(fragment, 1)
          if (progress === 'kept') continue
          assert.ok(isRight(progress))
          whole.push(progress.item)
        }
        const sorted = (list: readonly Uint8Array[]): string[] =>
          list.map((b) => Buffer.from(b).toString('hex')).sort()
        assert.deepEqual(sorted(whole), sorted(datagrams.map(({ bytes }) => bytes)))
      }),
    )
  })

  it('has equal fragments that are as long as they may be at most, for every length', () => {
    for (const size of [30, 237]) {
      for (let length = 1; length <= maxDatagramBytes(size); length += length < 500 ? 1 : 97) {
        const out = cut(0, bytesOf(length), size)
        const lengths = allOf(out).map(({ payload }) => payload.length)
        assert.equal(
          lengths.reduce((a, b) => a + b),
          length + 2,
        )
        assert.ok(out.count <= 64 && Math.max(...lengths) <= size)
        assert.ok((lengths[0] as number) - (lengths.at(-1) as number) < out.count)
        assert.equal(out.fragment(0).pad, (lengths[0] as number) - (lengths.at(-1) as number))
      }
    }
  })

  it('that has been mixed with another of its number is noticed', () => {
    const reassembly = new Reassembly()
    const [a, b] = [1, 2].map((seed) => cut(9, bytesOf(300, seed), 200)) as [
      OutgoingDatagram,
      OutgoingDatagram,
    ]
    reassembly.add(a.fragment(0), 1)
    const mixed = reassembly.add(b.fragment(1), 2)
    assert.ok(typeof mixed === 'object' && !isRight(mixed))
    reassembly.undo()
    assert.deepEqual(reassembly.done, [])
    reassembly.add(b.fragment(0), 3)
    assert.ok(isRight(reassembly.add(b.fragment(1), 4)))
  })

  it('begins anew where one of another shape comes under its number', () => {
    const reassembly = new Reassembly()
    reassembly.add(cut(9, bytesOf(300), 200).fragment(0), 1)
    const out = cut(9, bytesOf(500, 7), 200)
    const last = allOf(out)
      .map((fragment) => reassembly.add(fragment, 2))
      .at(-1)
    assert.deepEqual(last, wholeOf(bytesOf(500, 7)))
  })

  it('is known by its number for a while, and one of a sender that was started anew is not taken for it', () => {
    const reassembly = new Reassembly()
    for (const fragment of allOf(cut(9, bytesOf(300), 200))) reassembly.add(fragment, 100)
    assert.deepEqual(reassembly.done, [{ id: 9, at: 100 }])
    const again = cut(9, bytesOf(300), 200)
    assert.equal(reassembly.add(again.fragment(0), 150), 'kept')
    assert.deepEqual(reassembly.done, [{ id: 9, at: 150 }], 'its sender is to be told again')
    const other = cut(9, bytesOf(300, 5), 200)
    reassembly.add(other.fragment(0), 150 + ACK_WINDOW)
    assert.deepEqual(reassembly.done, [])
    assert.deepEqual(reassembly.add(other.fragment(1), 151 + ACK_WINDOW), wholeOf(bytesOf(300, 5)))
  })

  it('that could not be used is not known any more', () => {
    const reassembly = new Reassembly()
    for (const fragment of allOf(cut(9, bytesOf(300), 200))) reassembly.add(fragment, 1)
    reassembly.undo()
    assert.deepEqual(reassembly.done, [])
  })

  it('of a neighbour is one of 16 at most, the oldest gives way, and the last 32 are remembered', () => {
    const reassembly = new Reassembly()
    const outs = Array.from({ length: MAX_PARTIAL + 2 }, (_, id) => cut(id, bytesOf(300, id), 200))
    for (const out of outs) reassembly.add(out.fragment(0), out.id)
    assert.equal(typeof reassembly.add((outs[2] as OutgoingDatagram).fragment(1), 20), 'object')
    assert.equal(reassembly.add((outs[1] as OutgoingDatagram).fragment(1), 20), 'kept')
    for (let id = 20; id < 70; id++) {
      for (const fragment of allOf(cut(id, bytesOf(300), 200))) reassembly.add(fragment, id)
    }
    assert.deepEqual(
      reassembly.done.map(({ id }) => id),
      Array.from({ length: MAX_DONE }, (_, i) => 70 - MAX_DONE + i),
    )
  })

  it('is not made of what nobody would send', () => {
    const good = cut(1, bytesOf(300), 200).fragment(0)
    for (const bad of [{ count: 0 }, { count: 65 }, { pad: 2 }, { payload: new Uint8Array(15) }]) {
      assert.equal(new Reassembly().add({ ...good, ...bad }, 1), 'useless')
    }
  })

  it('of forged fragments is refused or fails its checksum, and costs bounded memory', () => {
    const forged = fc.record({
      to: fc.constant(1),
      id: fc.nat(5),
      count: fc.oneof(fc.integer({ min: 1, max: 3 }), uint8),
      index: fc.oneof(fc.nat(4), uint8),
      pad: fc.oneof(fc.constant(0), uint8),
      payload: fc.uint8Array({ minLength: 1, maxLength: 40 }),
    })
    fc.assert(
      fc.property(fc.array(forged, { maxLength: 60 }), (fragments) => {
        const reassembly = new Reassembly()
        for (const [n, fragment] of fragments.entries()) reassembly.add(fragment, n)
        assert.ok(reassembly.done.length <= MAX_DONE)
      }),
    )
  })
})
