import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FrameDecoder } from '../../../src/transport/internet/frame-decoder.ts'

const MAX = 1000

function encode(...frames: Uint8Array[]): Uint8Array {
  return Buffer.concat(
    frames.flatMap((frame) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(frame.length)
      return [length, frame]
    }),
  )
}

/** Cuts `bytes` at the given places, each a fraction of the whole. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = places.map((place) => Math.floor(place * bytes.length)).sort((a, b) => a - b)
  return [...ends, bytes.length].map((end, index) => bytes.slice(ends[index - 1] ?? 0, end))
}

function drain(decoder: FrameDecoder): Uint8Array[] {
  const frames: Uint8Array[] = []
  for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) frames.push(frame)
  return frames
}

const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 20 })
const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 })

describe('the frame decoder', () => {
  it('gives the same frames however the stream is cut, read at once or late', () => {
    fc.assert(
      fc.property(frames, places, fc.boolean(), (sent, cuts, isLate) => {
        const decoder = new FrameDecoder(MAX)
        const got: Uint8Array[] = []
        for (const chunk of cut(encode(...sent), cuts)) {
          decoder.feed(chunk)
          if (!isLate) got.push(...drain(decoder))
        }
        got.push(...drain(decoder))
        assert.deepEqual(
          got.map((frame) => [...frame]),
          sent.map((frame) => [...frame]),
        )
        assert.equal(decoder.fault, undefined)
      }),
    )
  })

  it('survives any bytes, and stays at its first fault', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 20 }), (chunks) => {
        const decoder = new FrameDecoder(MAX)
        let fault: string | undefined
        for (const chunk of chunks) {
          decoder.feed(chunk)
          const got = drain(decoder)
          if (fault !== undefined) assert.deepEqual([got.length, decoder.fault], [0, fault])
          for (const { length } of got) assert.ok(length > 0 && length <= MAX)
          fault = decoder.fault
        }
      }),
      { numRuns: 500 },
    )
  })

  it('does not copy a frame that lies in one chunk', () => {
    const chunk = encode(Uint8Array.of(1, 2, 3), Uint8Array.of(4))
    const decoder = new FrameDecoder(MAX)
    decoder.feed(chunk)
    for (const frame of drain(decoder)) assert.equal(frame.buffer, chunk.buffer)
  })

  it('does not hold on to chunks whose bytes it has read', () => {
    const decoder = new FrameDecoder(MAX)
    const chunk = encode(new Uint8Array(300).fill(7)).slice(0, 200)
    decoder.feed(chunk)
    assert.equal(decoder.next(), undefined)
    chunk.fill(0)
    decoder.feed(new Uint8Array(104).fill(7))
    assert.deepEqual(decoder.next(), new Uint8Array(300).fill(7))
  })

  it('takes the longest frame there may be, and no longer one', () => {
    const decoder = new FrameDecoder(MAX)
    decoder.feed(encode(new Uint8Array(MAX)))
    assert.equal(decoder.next()?.length, MAX)
    decoder.feed(encode(new Uint8Array(MAX + 1)))
    assert.equal(decoder.next(), undefined)
    assert.equal(decoder.fault, 'oversized')
  })

  it('refuses a length of 4 GiB at once and without memory for it', () => {
    const decoder = new FrameDecoder(MAX)
    const before = process.memoryUsage().arrayBuffers
    decoder.feed(Uint8Array.of(255, 255, 255, 255))
    assert.equal(decoder.next(), undefined)
    assert.equal(decoder.fault, 'oversized')
    assert.ok(process.memoryUsage().arrayBuffers - before < 1_000_000)
  })

  it('refuses an empty frame, after those before it', () => {
    const decoder = new FrameDecoder(MAX)
    decoder.feed(
      Buffer.concat([encode(Uint8Array.of(9)), Uint8Array.of(0, 0, 0, 0), encode(Uint8Array.of(8))]),
    )
    assert.deepEqual(
      drain(decoder).map((frame) => [...frame]),
      [[9]],
    )
    assert.equal(decoder.fault, 'malformed')
  })
})
