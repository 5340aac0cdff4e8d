import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { encodeKiss, KissDecoder, MAX_ARGUMENT_BYTES } from '../../../../src/transport/lora/rnode/kiss.ts'

interface Frame {
  readonly command: number
  readonly args: Uint8Array
}

const special = fc.constantFrom(0xc0, 0xdb, 0xdc, 0xdd)
const anyBytes = (maxLength: number) =>
  fc
    .array(fc.oneof({ weight: 3, arbitrary: fc.nat(255) }, { weight: 2, arbitrary: special }), { maxLength })
    .map((bytes) => Uint8Array.from(bytes))
const command = fc.nat(255).filter((byte) => byte !== 0xc0)
const frame = fc.record({ command, args: anyBytes(60) }, { noNullPrototype: true })
/** How to cut bytes into pieces. */
const cuts = fc.infiniteStream(fc.integer({ min: 1, max: 9 }))

class Collector {
  readonly frames: Frame[] = []
  readonly decoder: KissDecoder

  constructor(maxArgumentBytes?: number) {
    this.decoder = new KissDecoder(
      (command, args) => this.frames.push({ command, args: args.slice() }),
      maxArgumentBytes,
    )
  }

  push(...bytes: number[]): void {
    this.decoder.push(Uint8Array.from(bytes))
  }
}

function pushInPieces(decoder: KissDecoder, bytes: Uint8Array, lengths: Iterator<number>): void {
  for (let at = 0; at < bytes.length; ) {
    const length = lengths.next().value as number
    decoder.push(bytes.subarray(at, at + length))
    at += length
  }
}

describe('KISS frames', () => {
  it('are escaped as the protocol says', () => {
    assert.deepEqual(
      [...encodeKiss(0x00, [0x01, 0xc0, 0xdb, 0xdc])],
      [0xc0, 0x00, 0x01, 0xdb, 0xdc, 0xdb, 0xdd, 0xdc, 0xc0],
    )
  })

  it('come out as they went in, however they are cut', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), cuts, (frames, lengths) => {
        const { decoder, frames: decoded } = new Collector()
        const bytes = Buffer.concat(frames.map(({ command, args }) => encodeKiss(command, args)))
        pushInPieces(decoder, bytes, lengths)
        assert.deepEqual(decoded, frames)
        assert.deepEqual(decoder.counters, { garbageBytes: 0, malformed: 0, oversized: 0, droppedPartial: 0 })
      }),
    )
  })

  it('are found behind any garbage', () => {
    fc.assert(
      fc.property(anyBytes(200), frame, cuts, (garbage, { command, args }, lengths) => {
        const { decoder, frames } = new Collector(100)
        pushInPieces(decoder, Buffer.concat([garbage, encodeKiss(command, args)]), lengths)
        assert.deepEqual(frames.at(-1), { command, args })
      }),
    )
  })

  it('may share the byte between them, and empty ones are passed over', () => {
    const it = new Collector()
    it.push(0xc0, 0xc0, 0xc0, 0x08, 0x46, 0xc0, 0x48, 0x80, 0xc0, 0xc0)
    assert.deepEqual(it.frames, [
      { command: 0x08, args: Uint8Array.of(0x46) },
      { command: 0x48, args: Uint8Array.of(0x80) },
    ])
  })

  it('that end within an escape do not spoil the next', () => {
    const it = new Collector()
    it.push(0xc0, 0x40, 0xdb, 0xc0, 0x06, 0xdc, 0xc0)
    assert.deepEqual(it.frames, [{ command: 0x06, args: Uint8Array.of(0xdc) }])
    assert.equal(it.decoder.counters.malformed, 1)
  })

  it('with an escape of something else are given up', () => {
    const it = new Collector()
    it.push(0xc0, 0x00, 0x01, 0xdb, 0x02, 0x03, 0xc0, 0x06, 0x01, 0xc0)
    assert.deepEqual(it.frames, [{ command: 0x06, args: Uint8Array.of(1) }])
    assert.deepEqual(it.decoder.counters, { garbageBytes: 1, malformed: 1, oversized: 0, droppedPartial: 0 })
  })

  it('up to the longest are kept, and longer ones passed over', () => {
    const it = new Collector()
    it.decoder.push(encodeKiss(0x00, new Uint8Array(MAX_ARGUMENT_BYTES).fill(0xc0)))
    it.decoder.push(encodeKiss(0x42, new Uint8Array(MAX_ARGUMENT_BYTES + 1)))
    it.decoder.push(encodeKiss(0x66, new Uint8Array(1024)))
    it.push(0xc0, 0x06, 0x01, 0xc0)
    assert.deepEqual(
      it.frames.map(({ command, args }) => [command, args.length]),
      [
        [0x00, 512],
        [0x06, 1],
      ],
    )
    assert.equal(it.decoder.counters.oversized, 2)
  })

  it('that were begun are forgotten by a reset, with what still comes of them', () => {
    const it = new Collector()
    it.push(0xc0, 0x00, 0x01, 0x02)
    assert.equal(it.decoder.partialCommand, 0x00)
    assert.deepEqual(it.decoder.partialArguments, Uint8Array.of(1, 2))
    it.decoder.reset()
    assert.equal(it.decoder.partialCommand, undefined)
    it.push(0x03, 0x04, 0xc0, 0x06, 0x01, 0xc0)
    assert.deepEqual(it.frames, [{ command: 0x06, args: Uint8Array.of(1) }])
    assert.equal(it.decoder.counters.droppedPartial, 1)
    assert.equal(it.decoder.counters.garbageBytes, 2)
  })

  it('do not come from text outside of them', () => {
    const it = new Collector()
    const text = new TextEncoder().encode('ets Jun  8 2016 00:22:57\r\nrst:0x1 (POWERON_RESET)\r\n')
    it.decoder.push(text)
    assert.deepEqual(it.frames, [])
    assert.equal(it.decoder.counters.garbageBytes, text.length)
  })
})
