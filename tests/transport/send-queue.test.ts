import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { SendQueue } from '../../src/transport/send-queue.ts'
import type { Priority } from '../../src/wire/frame.ts'

function frame(length: number, tag = 0): Uint8Array {
  return new Uint8Array(length).fill(tag)
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

  it('does what a sorted list would, for any run of operations', () => {
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
        operations.forEach((operation, number) => {
          const held = model.reduce((sum, { bytes }) => sum + bytes.length, 0)
          assert.equal(queue.bytes, held)
          if (operation.kind === 'push') {
            const bytes = frame(operation.length, number)
            const fits = held + bytes.length <= 500
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
})
