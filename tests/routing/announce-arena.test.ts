import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { AnnounceArena } from '../../src/routing/announce-arena.ts'

/** What a frame of 290 bytes takes: five chunks of 64. */
const LONGEST_BYTES = 5 * 64
const SLAB_BYTES = 65_536

function frameOf(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => seed + 7 * i)
}

describe('AnnounceArena', () => {
  it('gives back what was put in, of every length, also at the ends of chunks', () => {
    const arena = new AnnounceArena()
    const frames = Array.from({ length: 300 }, (_, n) => frameOf(n + 1, n))
    const handles = frames.map((frame) => arena.put(frame))
    frames.forEach((frame, n) => {
      assert.deepEqual(arena.copy(handles[n] as number), frame)
      const head = arena.head(handles[n] as number)
      assert.deepEqual(head.subarray(0, Math.min(60, n + 1)), frame.subarray(0, 60))
    })
  })

  it('keeps a copy, and gives copies', () => {
    const arena = new AnnounceArena()
    const frame = frameOf(150, 1)
    const handle = arena.put(frame)
    frame.fill(0)
    arena.copy(handle).fill(0)
    assert.deepEqual(arena.copy(handle), frameOf(150, 1))
  })

  it('begins small, for a node that knows few', () => {
    const arena = new AnnounceArena()
    assert.equal(arena.bytes, 0)
    for (let n = 0; n < 8; n++) arena.put(frameOf(113, n))
    assert.equal(arena.bytes, 1024)
  })

  it('keeps to what its fullest moment took, whatever lengths come and go', () => {
    const arena = new AnnounceArena()
    const held: number[] = []
    for (let round = 0; round < 40; round++) {
      for (const handle of held.splice(0)) arena.free(handle)
      const length = 113 + ((round * 37) % 178)
      for (let n = 0; n < 2000; n++) held.push(arena.put(frameOf(length, n)))
      assert.deepEqual(arena.copy(held[1234] as number), frameOf(length, 1234))
    }
    assert.ok(arena.bytes < 2000 * LONGEST_BYTES + SLAB_BYTES, `${arena.bytes}`)
  })

  it('holds what a list of frames holds, after any puts and frees', () => {
    const step = fc.record({
      length: fc.integer({ min: 1, max: 290 }),
      seed: fc.nat(255),
      free: fc.option(fc.nat(999)),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400, size: 'max' }), (steps) => {
        const arena = new AnnounceArena()
        const held: { handle: number; frame: Uint8Array }[] = []
        for (const { length, seed, free } of steps) {
          if (free !== null && held.length > 0) {
            const [gone] = held.splice(free % held.length, 1)
            if (gone !== undefined) arena.free(gone.handle)
          } else {
            const frame = frameOf(length, seed)
            held.push({ handle: arena.put(frame), frame })
          }
        }
        for (const { handle, frame } of held) assert.deepEqual(arena.copy(handle), frame)
        assert.equal(new Set(held.map(({ handle }) => handle)).size, held.length)
      }),
      { numRuns: 100 },
    )
  })
})
