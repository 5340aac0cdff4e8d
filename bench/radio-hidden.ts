/** Two radios that do not hear each other, and one between them that hears both. */
import { seededRandom } from '../src/runtime/random.ts'
import { VirtualClock } from '../src/sim/clock.ts'
import { airtimeMs, MAX_LORA_BYTES } from '../src/transport/lora/airtime.ts'
import { MAX_PACKET_BYTES } from '../src/transport/lora/link/packet.ts'
import { IDENTITY_AT, IDENTITY_BYTES } from '../src/wire/envelope.ts'
import { FrameKind, kindOf, priorityOf } from '../src/wire/frame.ts'
import { type RadioEnd, RadioNet } from './fixtures/radio-net.ts'

const [TEXT, BULK] = [priorityOf('text'), priorityOf('bulk')]

interface Line {
  readonly net: RadioNet
  readonly clock: VirtualClock
  readonly ends: readonly [RadioEnd, RadioEnd]
  readonly middle: RadioEnd
}

async function line(seed: string, spreadingFactor: number): Promise<Line> {
  const clock = new VirtualClock()
  const random = seededRandom(seed)
  const net = await RadioNet.start({ nodes: 3, clock, random, reach: 'line', radio: { spreadingFactor } })
  const [left, middle, right] = net.ends as [RadioEnd, RadioEnd, RadioEnd]
  const made: Line = { net, clock, ends: [left, right], middle }
  await clock.advanceAsync(5000)
  await meet(made)
  return made
}

async function meet({ net, clock, ends, middle }: Line): Promise<void> {
  while (middle.links.size < 2 || ends.some(({ links }) => links.size < 1)) {
    for (const end of net.ends) {
      end.announce()
      await clock.advanceAsync(8000)
    }
  }
}

/** Both ends always have bulk for the middle. @returns the share of what full frames back to back would carry. */
export async function hiddenGoodput(seconds: number): Promise<number> {
  const made = await line('hidden bulk', 7)
  const { clock, ends, middle } = made
  let bytes = 0
  middle.onFrame = (_, frame) => {
    if (frame.length > 500) bytes += frame.length
  }
  for (const until = clock.monotonic() + seconds * 1000; clock.monotonic() < until; ) {
    await meet(made)
    for (const end of ends) {
      while (end.transport.station.queuedBytes < 8000) {
        if (!end.send(middle, end.message(middle, 1080, BULK), BULK)) break
      }
    }
    await clock.advanceAsync(100)
  }
  const fullMs = airtimeMs(middle.transport.modem.modulation, MAX_LORA_BYTES)
  return (bytes * fullMs) / 1000 / MAX_PACKET_BYTES / seconds
}

/** Each end has a text of 16 bytes for the middle every so many seconds. @returns how long each took, s. */
export async function hiddenTexts(everyS: number, seconds: number): Promise<number[]> {
  const made = await line('hidden texts', 9)
  const { clock, ends, middle } = made
  const random = seededRandom('when')
  const sentAt = new Map<string, number>()
  const tookS: number[] = []
  middle.onFrame = (_, frame) => {
    if (kindOf(frame) !== FrameKind.message) return
    const at = sentAt.get(nameOf(frame))
    if (at !== undefined) tookS.push((clock.monotonic() - at) / 1000)
    sentAt.delete(nameOf(frame))
  }
  const due = new Map(ends.map((end) => [end, clock.monotonic()]))
  for (const until = clock.monotonic() + seconds * 1000; clock.monotonic() < until; ) {
    for (const [end, at] of due) {
      if (clock.monotonic() < at) continue
      due.set(end, at + everyS * 1000 * (0.5 + random.float()))
      const frame = end.message(middle, 16, TEXT)
      if (end.send(middle, frame, TEXT)) sentAt.set(nameOf(frame), clock.monotonic())
    }
    await clock.advanceAsync(50)
  }
  return tookS
}

function nameOf(frame: Uint8Array): string {
  return Buffer.from(frame.subarray(IDENTITY_AT, IDENTITY_AT + IDENTITY_BYTES)).toString('hex')
}
