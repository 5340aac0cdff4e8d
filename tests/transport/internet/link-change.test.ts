import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { RecordingHost } from '../../../src/testing/recording-host.ts'
import type { Link } from '../../../src/transport/transport.ts'
import type { Priority } from '../../../src/wire/frame.ts'
import { Cable } from './cable.ts'
import { ANY_PORT, makeTcp, newIdentity } from './tcp-bench.ts'

/** What one end does, one step in each turn of the event loop. */
interface Script {
  /** Frames to send in each step, by length. */
  readonly sends: readonly (readonly number[])[]
  /** After so many received frames the link is paused; one turn later it goes on. */
  readonly pauseEvery: number
}

const script: fc.Arbitrary<Script> = fc.record({
  sends: fc.array(fc.array(fc.integer({ min: 4, max: 3000 }), { maxLength: 20 }), { maxLength: 12 }),
  pauseEvery: fc.integer({ min: 1, max: 40 }),
})

/** A frame that tells its number. */
function numbered(number: number, length: number): Uint8Array {
  const frame = Buffer.alloc(length, 0x12)
  frame.writeUInt32BE(number)
  return frame
}

function numbersOf(frames: readonly Uint8Array[]): number[] {
  return frames.map((frame) => Buffer.from(frame).readUInt32BE())
}

async function play(link: Link, { sends }: Script): Promise<number> {
  let accepted = 0
  for (const lengths of sends) {
    for (const length of lengths) {
      if (link.send(numbered(accepted, length), (accepted % 4) as Priority)) accepted += 1
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  return accepted
}

function pauseNowAndThen(host: RecordingHost, { pauseEvery }: Script): void {
  host.onFrame = (link) => {
    if (host.frames.length % pauseEvery !== 0) return
    link.pause()
    setImmediate(() => link.resume())
  }
}

describe('a TCP link that is cut', () => {
  it('has delivered every frame it had accepted, or gives it back', { timeout: 110_000 }, async (test) => {
    const cut = fc.record({
      direction: fc.constantFrom<0 | 1>(0, 1),
      bytes: fc.integer({ min: 0, max: 90_000 }),
    })
    const how = fc.constantFrom('cut', 'closed at one end', 'closed at the other')
    await fc.assert(
      fc.asyncProperty(script, script, cut, how, async (scriptA, scriptB, { direction, bytes }, end) => {
        const [hostA, hostB] = [new RecordingHost(test.signal), new RecordingHost(test.signal)]
        const b = makeTcp(newIdentity('b'), { listen: [ANY_PORT] })
        await b.start(hostB)
        const cable = await Cable.lay(b.listenAddresses[0] as string)
        const a = makeTcp(newIdentity('a'), { peers: [cable.address] })
        await a.start(hostA)
        const [linkA, linkB] = await Promise.all([hostA.link(), hostB.link()])
        pauseNowAndThen(hostA, scriptA)
        pauseNowAndThen(hostB, scriptB)
        cable.cutAfter(direction, bytes)
        const accepted = await Promise.all([play(linkA, scriptA), play(linkB, scriptB)])
        if (end === 'closed at one end') linkA.close('enough')
        else if (end === 'closed at the other') linkB.close('enough')
        else await cable.remove()
        const [downA, downB] = await Promise.all([hostA.down(linkA), hostB.down(linkB)])
        await Promise.all([a.stop(AbortSignal.abort()), b.stop(AbortSignal.abort())])
        await cable.remove().catch(() => undefined)
        const ends = [
          { count: accepted[0], delivered: hostB.frames, back: downA.unsent },
          { count: accepted[1], delivered: hostA.frames, back: downB.unsent },
        ]
        for (const { count, delivered, back } of ends) {
          const seen = numbersOf(delivered)
          assert.equal(new Set(seen).size, seen.length, 'a frame was delivered twice')
          const known = new Set([...seen, ...numbersOf(back)])
          assert.deepEqual(
            Array.from({ length: count }, (_, n) => n).filter((n) => !known.has(n)),
            [],
            'neither delivered nor given back',
          )
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('a TCP link whose reader pauses as it likes', () => {
  it('goes on after every pause, until the last frame is there', { timeout: 60_000 }, async (test) => {
    const [hostA, hostB] = [new RecordingHost(test.signal), new RecordingHost(test.signal)]
    const b = makeTcp(newIdentity('b'), { listen: [ANY_PORT] })
    await b.start(hostB)
    test.after(() => b.stop(AbortSignal.abort()))
    const a = makeTcp(newIdentity('a'), { peers: b.listenAddresses, queueBytes: 200_000 })
    await a.start(hostA)
    test.after(() => a.stop(AbortSignal.abort()))
    const [linkA, linkB] = await Promise.all([hostA.link(), hostB.link()])
    // For how many turns each pause lasts; where it begins: within a call, or from outside.
    const pauses = fc.array(
      fc.record({
        after: fc.integer({ min: 0, max: 60 }),
        turns: fc.integer({ min: 0, max: 6 }),
        inside: fc.boolean(),
      }),
      { maxLength: 12 },
    )
    await fc.assert(
      fc.asyncProperty(pauses, fc.integer({ min: 4, max: 20_000 }), async (breaks, length) => {
        const before = hostB.frames.length
        const waiting = breaks.toSorted((x, y) => x.after - y.after)
        const rest = async (turns: number): Promise<void> => {
          linkB.pause()
          for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
          linkB.resume()
        }
        hostB.onFrame = () => {
          const next = waiting[0]
          if (next === undefined || hostB.frames.length - before < next.after) return
          waiting.shift()
          if (next.inside) void rest(next.turns)
          else setImmediate(() => void rest(next.turns))
        }
        for (let n = 0; n < 80; n++) {
          while (!linkA.send(numbered(n, length), 2)) {
            const { drains } = hostA
            await hostA.until('there is room again', () => hostA.drains > drains)
          }
        }
        await hostB.framesArrived(before + 80)
        hostB.frames.length = 0
      }),
      { numRuns: 80 },
    )
    assert.equal(hostA.downs.length, 0)
    assert.equal(linkA.queuedBytes, 0)
  })
})
