import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  HeaderCompressor,
  HeaderExpander,
  type Item,
  MAX_CONTEXTS,
} from '../../../../src/transport/lora/link/contexts.ts'
import { crc16 } from '../../../../src/transport/lora/link/tag.ts'
import { HEADER_BYTES } from '../../../../src/wire/envelope.ts'
import { identityOf, messageBy, T0 } from '../../../support/frames.ts'
import { uint8 } from '../../../wire/arbitraries.ts'

const [alice, bob] = [identityOf('alice'), identityOf('bob')]

interface Shape {
  readonly flow: number
  readonly sequence: number
  readonly created: number
  readonly hops: number
  readonly attempt: number
  readonly body: Uint8Array
}

function frameOf({ flow, sequence, created, hops, attempt, body }: Shape): Uint8Array {
  const frame = messageBy(alice, bob, { service: flow, sequence, created: T0 + created, body })
  frame[frame.length - 2] = hops
  frame[frame.length - 1] = attempt
  return frame
}

/** Sequences and times go up, by and large. */
const later = (shape: Shape, n: number): Shape => ({
  ...shape,
  sequence: (shape.sequence + 100 * n) >>> 0,
  created: shape.created + 100 * n,
})

const small = (service: number, sequence = 1): Uint8Array =>
  frameOf({ flow: service, sequence, created: 0, hops: 0, attempt: 0, body: Uint8Array.of(1) })

const isShort = (item: Uint8Array): boolean => (item[0] as number) >= 0x80

/** Sends a frame to somebody who gets it and says so. */
function pass(from: HeaderCompressor, to: HeaderExpander, frame: Uint8Array, mayShorten = true): Uint8Array {
  const { bytes, received } = from.compress(frame, mayShorten)
  assert.deepEqual(to.expand(bytes), frame)
  received?.()
  return bytes
}

const step = fc.record({
  shape: fc.record({
    flow: fc.nat(2),
    sequence: fc.oneof({ weight: 9, arbitrary: fc.nat(100) }, { weight: 1, arbitrary: fc.nat(0xffffffff) }),
    created: fc.oneof({ weight: 9, arbitrary: fc.nat(100) }, { weight: 1, arbitrary: fc.nat(1_000_000) }),
    hops: fc.oneof(fc.nat(16), uint8),
    attempt: fc.oneof(fc.nat(17), uint8),
    body: fc.uint8Array({ maxLength: 4 }),
  }),
  fate: fc.constantFrom('arrives', 'arrives', 'arrives', 'lost', 'late'),
  /** Items later, the sender hears of it; undefined: never. */
  feedback: fc.option(fc.nat(3), { nil: undefined }),
  restart: fc.nat(30).map((n) => (['sender', 'receiver'] as const)[n]),
  isRepeat: fc.nat(5).map((n) => n === 0),
})

describe('headers in short', () => {
  it('give back exactly the frame or nothing, whatever is lost and whoever is started anew', () => {
    let expanded = 0
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        let [sender, receiver] = [new HeaderCompressor(), new HeaderExpander()]
        let hasForgotten = false
        const feedback: { at: number; life: HeaderCompressor; received: () => void }[] = []
        steps.forEach(({ shape, fate, feedback: after, restart, isRepeat }, n) => {
          if (restart === 'sender') sender = new HeaderCompressor()
          if (restart === 'receiver') receiver = new HeaderExpander()
          hasForgotten ||= restart === 'receiver'
          for (const { at, life, received } of feedback) if (at === n && life === sender) received()
          const frame = frameOf(later(shape, n))
          const { bytes, received } = sender.compress(frame, !isRepeat)
          if (fate !== 'arrives') return
          const out = receiver.expand(bytes)
          if (isShort(bytes)) expanded += out === undefined ? 0 : 1
          assert.ok(out !== undefined || (isShort(bytes) && hasForgotten))
          if (out === undefined) return
          assert.deepEqual(out, frame)
          if (after !== undefined && received !== undefined)
            feedback.push({ at: n + 1 + after, life: sender, received })
        })
      }),
      { numRuns: 100 },
    )
    assert.ok(expanded > 200, `only ${expanded} short ones were understood`)
  })

  it('that come late, out of order, are another frame only where the check of 8 bits is the same', () => {
    let expanded = 0
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const [sender, receiver] = [new HeaderCompressor(), new HeaderExpander()]
        const late: { frame: Uint8Array; item: Item }[] = []
        const arrive = ({ frame, item }: { frame: Uint8Array; item: Item }): void => {
          const out = receiver.expand(item.bytes)
          if (out === undefined) return
          expanded += isShort(item.bytes) ? 1 : 0
          item.received?.()
          const check = (bytes: Uint8Array): number => crc16(bytes.subarray(0, HEADER_BYTES)) & 0xff
          assert.deepEqual(out.subarray(HEADER_BYTES), frame.subarray(HEADER_BYTES))
          assert.equal(check(out), check(frame))
        }
        for (const [n, { shape, fate, isRepeat }] of steps.entries()) {
          const frame = frameOf(later(shape, n))
          const sent = { frame, item: sender.compress(frame, !isRepeat) }
          if (fate === 'late') late.push(sent)
          if (fate === 'arrives') arrive(sent)
          if (shape.flow === 0) for (const one of late.splice(0)) arrive(one)
        }
      }),
      { numRuns: 100 },
    )
    assert.ok(expanded > 200, `only ${expanded} short ones were understood`)
  })

  it('are 48 bytes shorter but for 5 once the neighbour has the header, and whole until then', () => {
    const [sender, receiver] = [new HeaderCompressor(), new HeaderExpander()]
    const frame = small(1)
    assert.equal(sender.compress(frame, true).bytes.length, frame.length + 1)
    assert.equal(sender.compress(frame, true).bytes.length, frame.length + 1)
    pass(sender, receiver, frame)
    assert.equal(pass(sender, receiver, small(1, 2)).length, frame.length - 48 + 5)
    assert.equal(pass(sender, receiver, small(1, 200)).length, frame.length - 48 + 6)
  })

  it('are not used for what is sent again', () => {
    const [sender, receiver] = [new HeaderCompressor(), new HeaderExpander()]
    pass(sender, receiver, small(1))
    assert.ok(!isShort(pass(sender, receiver, small(1, 2), false)))
    assert.ok(isShort(pass(sender, receiver, small(1, 3))))
  })

  it('carry every count of hops and attempts, in one byte or in three', () => {
    const [sender, receiver] = [new HeaderCompressor(), new HeaderExpander()]
    const shape = { flow: 1, sequence: 1, created: 0, body: new Uint8Array(0) }
    pass(sender, receiver, frameOf({ ...shape, hops: 0, attempt: 0 }))
    const length = (hops: number, attempt: number): number =>
      pass(sender, receiver, frameOf({ ...shape, hops, attempt })).length
    const least = length(0, 0)
    for (const [hops, attempt, more] of [
      [14, 15, 0],
      [15, 0, 2],
      [0, 16, 2],
      [15, 15, 2],
      [255, 255, 2],
    ] as const) {
      assert.equal(length(hops, attempt) - least, more)
    }
  })

  it('go up to 16,383 from what was sent whole, and from there on it is sent whole again', () => {
    const [sender, receiver] = [new HeaderCompressor(), new HeaderExpander()]
    pass(sender, receiver, small(1, 0xffffffff))
    assert.ok(isShort(pass(sender, receiver, small(1, 16_382))), 'sequences go round')
    assert.ok(!isShort(pass(sender, receiver, small(1, 16_383))))
    assert.ok(!isShort(pass(sender, receiver, small(1, 16_382))), 'backwards')
  })

  it('are remembered for the 64 flows that were used last', () => {
    const [sender, receiver] = [new HeaderCompressor(), new HeaderExpander()]
    for (let flow = 0; flow < MAX_CONTEXTS; flow++) pass(sender, receiver, small(flow))
    assert.ok(isShort(pass(sender, receiver, small(0, 2))))
    const next = pass(sender, receiver, small(MAX_CONTEXTS))
    assert.equal(next[0], 0x40 | 1, 'the number of the one that was used longest ago')
    assert.ok(isShort(pass(sender, receiver, small(0, 3))))
    assert.ok(!isShort(pass(sender, receiver, small(1, 2))))
  })

  it('are made of envelopes alone: other frames go as they are', () => {
    const [sender, receiver] = [new HeaderCompressor(), new HeaderExpander()]
    for (const frame of [Uint8Array.of(0x11, 5), Uint8Array.of(0x12), new Uint8Array(60).fill(0x15)]) {
      assert.deepEqual(pass(sender, receiver, frame), frame)
    }
  })

  it('of any bytes are a frame or none', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 70 }), { maxLength: 10 }), uint8, (items, first) => {
        const receiver = new HeaderExpander()
        for (const item of [new HeaderCompressor().compress(small(1), true).bytes, ...items]) {
          receiver.expand(item)
          if (item.length > 0) item[0] = first
          const out = receiver.expand(item)
          assert.ok(out === undefined || out.length > 0)
        }
      }),
    )
  })
})
