import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { shareOf } from '../../src/transport/fair-lane.ts'
import { SendQueue } from '../../src/transport/send-queue.ts'
import type { Priority } from '../../src/wire/frame.ts'

function frame(length: number, tag = 0): Uint8Array {
  return new Uint8Array(length).fill(tag)
}

/** An envelope's worth of bytes from the source of this number. */
function from(source: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  bytes[0] = 0x12
  bytes.writeUInt32BE(source, 30)
  return bytes
}

const priority = fc.integer({ min: 0, max: 3 }).map((value) => value as Priority)

describe('the send queue', () => {
  it('gives frames by priority, and within one in their order', () => {
    const queue = new SendQueue(1000)
    const order: [number, Priority][] = [
      [1, 3],
      [2, 0],
      [3, 3],
      [4, 2],
      [5, 0],
      [6, 1],
    ]
    for (const [tag, lane] of order) queue.push(frame(1, tag), lane)
    const tags = order.map(() => queue.shift()?.[0])
    assert.deepEqual(tags, [2, 5, 6, 4, 1, 3])
    assert.equal(queue.shift(), undefined)
    assert.ok(queue.isEmpty)
  })

  it('is congested from half full until less than a quarter is left, and says so once', () => {
    const queue = new SendQueue(100)
    queue.push(frame(49), 2)
    assert.ok(!queue.isCongested)
    queue.push(frame(1), 2)
    assert.ok(queue.isCongested)
    assert.ok(!queue.takeDrained())
    queue.push(frame(25), 3)
    queue.shift()
    queue.shift()
    assert.equal(queue.bytes, 25)
    assert.ok(!queue.takeDrained(), 'a quarter is not less than a quarter')
    queue.shift()
    assert.ok(queue.takeDrained())
    assert.ok(!queue.takeDrained())
    assert.ok(!queue.isCongested)
  })

  it('is congested by a refusal, however little it holds', () => {
    const queue = new SendQueue(100)
    queue.push(frame(20), 2)
    assert.equal(queue.push(frame(81), 2), false)
    assert.ok(queue.isCongested)
    assert.ok(queue.takeDrained())
  })

  it('does what a sorted list would, for any run of operations and a single source', () => {
    const push = fc.record({
      kind: fc.constant('push' as const),
      length: fc.integer({ min: 1, max: 60 }),
      priority,
    })
    const shift = fc.record({ kind: fc.constant('shift' as const) })
    fc.assert(
      fc.property(fc.array(fc.oneof(push, shift), { maxLength: 300 }), (operations) => {
        const queue = new SendQueue(500)
        let model: { bytes: Uint8Array; priority: Priority; number: number }[] = []
        const held = (lane?: Priority): number =>
          model.reduce(
            (sum, entry) => sum + (lane === undefined || entry.priority === lane ? entry.bytes.length : 0),
            0,
          )
        operations.forEach((operation, number) => {
          assert.equal(queue.bytes, held())
          if (operation.kind === 'push') {
            const bytes = frame(operation.length, 0)
            const left = 500 - held() - bytes.length
            const own = held(operation.priority)
            const fits = left >= 0 && (own === 0 || own + bytes.length <= 4 * left)
            assert.equal(queue.push(bytes, operation.priority), fits)
            if (fits) model.push({ bytes, priority: operation.priority, number })
          } else {
            const next = model.toSorted((a, b) => a.priority - b.priority || a.number - b.number)[0]
            assert.equal(queue.peek(), next?.bytes)
            assert.equal(queue.shift(), next?.bytes)
            model = model.filter((entry) => entry !== next)
          }
        })
        assert.deepEqual(
          queue.clear(),
          model.map(({ bytes }) => bytes),
        )
        assert.ok(queue.isEmpty)
      }),
    )
  })

  it('does not grow while frames come and go without it ever being empty', () => {
    const queue = new SendQueue(10_000)
    for (let n = 0; n < 10; n++) queue.push(frame(1, n), 2)
    for (let n = 10; n < 5000; n++) {
      queue.push(frame(1, n), 2)
      assert.equal(queue.shift()?.[0], (n - 10) % 256)
    }
    assert.equal(queue.bytes, 10)
    assert.equal(queue.clear().length, 10)
  })

  it('lets a text of one source pass the flood of another', () => {
    const queue = new SendQueue(1_000_000)
    while (queue.push(from(1, 300), 2)) {
      // until the flood is refused
    }
    assert.ok(queue.bytes <= 800_000, 'a fifth is left for the others')
    const text = from(2, 300)
    assert.ok(queue.push(text, 2))
    let before = 0
    while (queue.shift() !== text) before += 1
    assert.ok(before <= 7, `${before} frames of the flood went before it`)
  })

  it('charges nobody for the time it was alone', () => {
    const queue = new SendQueue(1_000_000)
    for (let n = 0; n < 1000; n++) {
      queue.push(from(1, 300), 2)
      if (n >= 10) queue.shift()
    }
    for (let n = 0; n < 50; n++) queue.push(from(2, 300), 2)
    const next = Array.from({ length: 15 }, () => Buffer.from(queue.shift() as Uint8Array).readUInt32BE(30))
    assert.ok(next.includes(1) && next.includes(2), next.join())
  })

  it('gives each of several sources its share of the bytes, whatever their frames are like', () => {
    const source = fc.record({ length: fc.integer({ min: 34, max: 9000 }) })
    fc.assert(
      fc.property(fc.array(source, { minLength: 2, maxLength: 6 }), fc.integer(), (sources, salt) => {
        const shares = new Set(sources.map((_, n) => shareOf(from(n, 40), salt)))
        fc.pre(shares.size === sources.length)
        const queue = new SendQueue(100_000_000, salt)
        const sent = sources.map(() => 0)
        const each = 60_000
        sources.forEach(({ length }, n) => {
          for (let bytes = 0; bytes < 2 * each; bytes += length) queue.push(from(n, length), 3)
        })
        while (Math.max(...sent) < each) {
          const bytes = queue.shift() as Uint8Array
          const n = Buffer.from(bytes).readUInt32BE(30)
          sent[n] = (sent[n] as number) + bytes.length
        }
        // A source may be ahead by a frame and a quantum.
        assert.ok(Math.min(...sent) >= each - 2 * (9000 + 2048), sent.join())
      }),
    )
  })

  it('keeps each source in order, and loses none, for any mixture', () => {
    const step = fc.oneof(
      fc.record({
        source: fc.integer({ min: 0, max: 200 }),
        length: fc.integer({ min: 40, max: 3000 }),
        priority,
      }),
      fc.constant('shift' as const),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 500 }), (steps) => {
        const queue = new SendQueue(200_000)
        const accepted: Uint8Array[] = []
        const left: Uint8Array[] = []
        for (const what of steps) {
          if (what === 'shift') {
            const next = queue.peek()
            const bytes = queue.shift()
            assert.equal(bytes, next)
            if (bytes !== undefined) left.push(bytes)
            continue
          }
          const bytes = from(what.source, what.length)
          bytes[1] = what.priority << 6
          bytes.writeUInt32BE(accepted.length, 34)
          if (queue.push(bytes, what.priority)) accepted.push(bytes)
        }
        const back = queue.clear()
        assert.ok(queue.isEmpty && queue.peek() === undefined)
        const number = (bytes: Uint8Array): number => Buffer.from(bytes).readUInt32BE(34)
        assert.deepEqual(
          back.map(number),
          back.map(number).sort((a, b) => a - b),
        )
        assert.deepEqual(
          [...left, ...back].map(number).sort((a, b) => a - b),
          accepted.map(number),
        )
        const last = new Map<string, number>()
        for (const bytes of left) {
          const flow = `${Buffer.from(bytes).readUInt32BE(30)} ${bytes[1]}`
          assert.ok((last.get(flow) ?? -1) < number(bytes), 'a source was overtaken by itself')
          last.set(flow, number(bytes))
        }
      }),
    )
  })
})
