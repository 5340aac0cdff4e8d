import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isAck, readAck, writeAck } from '../../../src/transport/internet/ack-frame.ts'
import { ACK_WRITE_BYTES, Acknowledgement } from '../../../src/transport/internet/acknowledgement.ts'
import { LENGTH_BYTES } from '../../../src/transport/internet/frame-decoder.ts'
import { Unacknowledged } from '../../../src/transport/internet/unacknowledged.ts'

const LIMITS = { bytes: 1000, frames: 20 }

function ackFrom(end: Acknowledgement): Buffer {
  const bytes = Buffer.alloc(ACK_WRITE_BYTES)
  assert.equal(end.write(bytes, 0), ACK_WRITE_BYTES)
  return bytes.subarray(LENGTH_BYTES)
}

function ack(received: number, question: number, answer: number): Buffer {
  const bytes = Buffer.alloc(8)
  writeAck({ received, question, answer, isLeaving: false }, bytes, 0)
  return bytes
}

describe('an ACK', () => {
  it('is the bytes of the specification, and is read as what was written', () => {
    const spec = readFileSync(new URL('../../../docs/specs/link.md', import.meta.url), 'utf8')
    const example = `00000008 ${ack(5, 2, 1).toString('hex')}`
    assert.ok(spec.includes(`ACK    ${example}`), `link.md shows ${example}`)
    const bytes = ack(0x01020304, 7, 250)
    assert.equal(bytes.toString('hex'), '1f050102030407fa')
    assert.ok(isAck(bytes))
    assert.deepEqual(readAck(bytes), { received: 0x01020304, question: 7, answer: 250, isLeaving: false })
  })

  it('says that its sender is stopping, once it is', () => {
    const [one, two] = [new Acknowledgement(LIMITS, 0), new Acknowledgement(LIMITS, 0)]
    two.read(ackFrom(one), 0)
    assert.equal(two.isNeighbourLeaving, false)
    one.isLeaving = true
    const goodbye = ackFrom(one)
    assert.equal(goodbye.toString('hex').slice(0, 4), '1f06')
    assert.ok(isAck(goodbye))
    assert.ok(two.read(goodbye, 0) >= 0)
    assert.ok(two.isNeighbourLeaving)
    assert.equal(one.isNeighbourLeaving, false)
  })

  it('is told from all other frames', () => {
    for (const hex of ['1f0501020304070', '1f05010203040', '1f040102030407fa', '12050102030407fa', '1f'])
      assert.ok(!isAck(Buffer.from(hex, 'hex')), hex)
    assert.ok(!isAck(Buffer.from('1f050102030407fa00', 'hex')))
  })
})

describe('the frames that are not acknowledged', () => {
  it('are those sent last, in their order, for any run of operations', () => {
    const step = fc.oneof(
      fc.record({ add: fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 6 }) }),
      fc.record({ acknowledge: fc.integer({ min: 0, max: 8 }) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const window = new Unacknowledged(LIMITS)
        let model: Uint8Array[] = []
        let received = 0
        for (const op of steps) {
          if ('add' in op) {
            const bytes = model.reduce((sum, { length }) => sum + length, 0)
            assert.equal(window.bytes, bytes)
            assert.equal(window.isFull, bytes >= LIMITS.bytes || model.length >= LIMITS.frames)
            const frames = op.add.map((length) => new Uint8Array(length))
            const written = op.add.reduce((sum, length) => sum + length)
            window.add(frames, written)
            model.push(...frames)
          } else if (op.acknowledge > model.length) {
            assert.equal(window.acknowledge(received + op.acknowledge), -1)
          } else {
            received += op.acknowledge
            assert.equal(window.acknowledge(received), op.acknowledge)
            model = model.slice(op.acknowledge)
          }
          assert.equal(window.length, model.length)
        }
        const left = window.clear()
        assert.ok(left.length === model.length && left.every((frame, n) => frame === model[n]))
        assert.equal(window.length + window.bytes, 0)
      }),
    )
  })
})

describe('the acknowledgement between two ends', () => {
  it('lets go of what has arrived and of nothing else, however ACKs and frames cross', () => {
    const step = fc.constantFrom('send', 'send', 'send', 'arrive', 'arrive', 'ask', 'ack', 'ack arrives')
    fc.assert(
      fc.property(fc.array(fc.tuple(step, fc.constantFrom(0, 1)), { maxLength: 500 }), (steps) => {
        const ends = [new Acknowledgement(LIMITS, 0), new Acknowledgement(LIMITS, 0)] as const
        /** Under way from each end: data, or an ACK. */
        const wires: [(Uint8Array | 'data')[], (Uint8Array | 'data')[]] = [[], []]
        const sent = [0, 0]
        const arrived = [0, 0]
        for (const [what, from] of steps) {
          const to = 1 - from
          const [end, other] = [ends[from], ends[to]] as [Acknowledgement, Acknowledgement]
          const wire = wires[from] as (Uint8Array | 'data')[]
          if (what === 'send' && !end.sent.isFull) {
            end.sent.add([new Uint8Array(10)], 10)
            wire.push('data')
            sent[from] = (sent[from] as number) + 1
          } else if (what === 'ask') {
            end.ask(0)
          } else if (what === 'ack' && (end.isOwing || end.isUrgent)) {
            wire.push(ackFrom(end))
          } else if (what === 'arrive' || what === 'ack arrives') {
            const item = wire.shift()
            if (item === 'data') {
              other.count()
              arrived[from] = (arrived[from] as number) + 1
            } else if (item !== undefined) {
              assert.ok(other.read(item, 0) >= 0, 'an honest ACK was taken for a broken one')
            }
          }
          const kept = end.sent.length
          assert.ok(kept >= (sent[from] as number) - (arrived[from] as number), 'let go of a frame too early')
        }
        // When all that is under way arrives, both have let go of everything and every question is answered.
        for (let round = 0; round < 8; round++) {
          for (const from of [0, 1] as const) {
            if (ends[from].isOwing || ends[from].isUrgent) wires[from].push(ackFrom(ends[from]))
            for (const item of wires[from].splice(0)) {
              if (item === 'data') ends[(1 - from) as 0 | 1].count()
              else ends[(1 - from) as 0 | 1].read(item, 0)
            }
          }
        }
        for (const end of ends)
          assert.deepEqual([end.sent.length, end.isAsking, end.isUrgent], [0, false, false])
      }),
    )
  })

  it('measures a round trip from the question to its answer', () => {
    const [a, b] = [new Acknowledgement(LIMITS, 0), new Acknowledgement(LIMITS, 0)]
    assert.equal(a.roundTripMs, undefined)
    a.ask(100)
    b.read(ackFrom(a), 110)
    assert.ok(b.isUrgent)
    a.read(ackFrom(b), 142)
    assert.equal(a.roundTripMs, 42)
    assert.ok(!b.isUrgent)
  })

  it('refuses what an honest neighbour cannot say', () => {
    const end = (): Acknowledgement => {
      const made = new Acknowledgement(LIMITS, 0)
      made.sent.add([new Uint8Array(1)], 1)
      return made
    }
    assert.equal(end().read(ack(2, 0, 0), 0), -1, 'more than was sent')
    assert.equal(end().read(ack(0, 0, 1), 0), -1, 'an answer to nothing')
    const asked = end()
    assert.equal(asked.read(ack(0, 1, 0), 0), 0)
    assert.equal(asked.read(ack(0, 2, 0), 0), -1, 'a question before the answer to the last')
  })

  it('bears idle signs of life at a modest rate, and no flood of them', () => {
    const end = new Acknowledgement(LIMITS, 0)
    for (let s = 0; s < 100; s++) assert.equal(end.read(ack(0, 0, 0), s * 1000), 0)
    let taken = 0
    while (end.read(ack(0, 0, 0), 100_000) === 0) taken += 1
    assert.ok(taken <= 20, `${taken} at once`)
  })

  it('answers questions about frames as often as they come, and others at the same modest rate', () => {
    const end = new Acknowledgement(LIMITS, 0)
    let question = 0
    const asks = (): number => {
      question = (question + 1) & 0xff
      const count = end.read(ack(0, question, 0), 0)
      ackFrom(end)
      return count
    }
    for (let n = 0; n < 1000; n++) {
      end.count()
      assert.equal(asks(), 0)
    }
    let taken = 0
    while (taken < 1000 && asks() === 0) taken += 1
    assert.equal(taken, 20)
  })
})
