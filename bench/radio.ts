/** The LoRa link on emulated RNodes: bytes and airtime are exact, times are those of the emulated modems. */
import { systemClock } from '../src/runtime/clock.ts'
import { seededRandom } from '../src/runtime/random.ts'
import { VirtualClock } from '../src/sim/clock.ts'
import type { GilbertElliott } from '../src/sim/link-model.ts'
import type { AirLoss } from '../src/sim/radio/medium.ts'
import { EmulatedAir } from '../src/sim/rnode/network.ts'
import { TcpPort } from '../src/sim/rnode/tcp-port.ts'
import { airtimeMs, MAX_LORA_BYTES } from '../src/transport/lora/airtime.ts'
import { MAX_PACKET_BYTES } from '../src/transport/lora/link/packet.ts'
import { modemLine } from '../src/transport/lora/rnode/open-line.ts'
import { relayedAnnounce } from '../src/wire/announce.ts'
import { CONTROL, FrameKind, kindOf, type Priority, priorityOf } from '../src/wire/frame.ts'
import { RadioNet, type RadioNetOptions } from './fixtures/radio-net.ts'
import { backboneShare } from './radio-backbone.ts'
import { hiddenGoodput, hiddenTexts } from './radio-hidden.ts'
import { atLeast, atMost, type Bench, type Row, row } from './report.ts'
import { quantile } from './stats.ts'

const [TEXT, BULK]: readonly [Priority, Priority] = [priorityOf('text'), priorityOf('bulk')]
/** Four in ten get lost, some five in a row. */
const BURSTS: GilbertElliott = { toBad: 0.133, toGood: 0.2, goodLoss: 0, badLoss: 1 }

export const radio: Bench = {
  name: 'radio',
  title: 'Emulated RNodes: bytes on air, losses, contention, latency',
  async run({ quick }) {
    const messages = quick ? 20 : 1000
    const clean = await longMessages(0, Math.min(messages, 100))
    const lossy = await longMessages(0.2, messages)
    const bursts = await longMessages(BURSTS, messages)
    const noise = await longMessages({ perByte: 0.005 }, Math.min(messages, 200))
    const sizes = await bytesOnAir()
    const exchange = await textAndReceipt(quick ? 10 : 200)
    const latency = await textBesideBulk(quick ? 600 : 7200)
    const seconds = quick ? 120 : 1200
    const rows: Row[] = [
      row(
        '16-byte body, unsigned envelope, neighbours known: on the air',
        'bytes',
        [sizes.message],
        atMost(34),
      ),
      row('the same, signed', 'bytes', [sizes.signed]),
      row('announce, passed on: on the air', 'bytes', [sizes.announce], atMost(125)),
      row('its own, naming the one neighbour it hears', 'bytes', [sizes.own]),
      row('1 kB, SF 9, 20 % of frames lost: delivered', '%', [lossy.delivered * 100], atLeast(99.9)),
      row('1 kB, SF 9, 20 % lost: airtime', 'of that without loss', [lossy.airMs / clean.airMs], atMost(1.6)),
      row('1 kB, SF 9, 40 % lost in bursts: delivered', '%', [bursts.delivered * 100], atLeast(99)),
      row('1 kB, SF 9, 40 % lost in bursts: airtime', 'of that without loss', [bursts.airMs / clean.airMs]),
      row('1 kB, SF 9, each 200th byte spoilt: delivered', '%', [noise.delivered * 100], atLeast(99)),
      row('1 kB, SF 9, each 200th byte spoilt: airtime', 'of that without loss', [noise.airMs / clean.airMs]),
      row('16 bytes and a receipt, SF 8: time', 'of their airtime', exchange.ratios, atMost(1.15)),
      row('16 bytes and a receipt, SF 8: time', 'ms', exchange.times),
      row('text beside bulk, SF 9: p50', 'frames of airtime', [quantile(latency, 0.5)], atMost(2)),
      row('text beside bulk, SF 9: p95', 'frames of airtime', [quantile(latency, 0.95)]),
    ]
    for (const [nodes, target] of [
      [2, 0.85],
      [5, 0.75],
      [10, 0.65],
    ] as const) {
      rows.push(
        row(
          `saturated channel, SF 7, ${nodes} nodes: goodput`,
          'of capacity',
          await goodputs(nodes, seconds),
          atLeast(target),
        ),
      )
    }
    const texts = await hiddenTexts(10, quick ? 600 : 3600)
    rows.push(
      row('two that do not hear each other saturate the one between, SF 7: goodput', 'of capacity', [
        await hiddenGoodput(seconds),
      ]),
      row('two such with a text every 10 s each, SF 9: p50', 's', [quantile(texts, 0.5)]),
      row('two such with a text every 10 s each, SF 9: p95', 's', [quantile(texts, 0.95)]),
    )
    const share = await backboneShare(quick ? 1000 : 10_000)
    rows.push(
      row(
        'a gateway to 10,000 announcing nodes: its radio, and the one behind it, on the air',
        '% of an hour',
        [share],
        atMost(2),
      ),
    )
    rows.push(...(await hostDelay(quick ? 50 : 100)))
    return {
      workload:
        `Emulated RNodes (firmware 1.86, ESP32 and SX1262) at 125 kHz, 4/5, with all that the firmware does before it speaks. ` +
        `Frames are signed messages. Capacity: full frames back to back. Goodput counts the frames of the mesh that were ` +
        'acknowledged, with messages of 1,080 bytes. The times of the last three rows are real ones over TCP.',
      against: 'the airtime alone, by the formula of the chip.',
      rows,
      notes: [
        'An RNode waits for two slots of quiet and up to 14 more before it speaks: 48 to 384 ms at SF 8, 216 on average. A ' +
          'message and its receipt wait twice, which is most of what their time is above their airtime.',
        'One that has sent for more than 7 % of the last 15 s waits for 15 to 59 slots, so a channel that two nodes fill is ' +
          'idle for about a second before each run of packets.',
      ],
    }
  },
}

async function virtualNet(
  seed: string,
  options: Omit<RadioNetOptions, 'clock' | 'random'>,
): Promise<{ net: RadioNet; clock: VirtualClock }> {
  const clock = new VirtualClock()
  const net = await RadioNet.start({ ...options, clock, random: seededRandom(seed) })
  await clock.advanceAsync(5000)
  await meet(net, clock)
  net.takeAirtimeMs()
  return { net, clock }
}

/** Until all know all. Again and again: on a lossy air an announce may not be heard by all. */
async function meet({ ends }: RadioNet, clock: VirtualClock): Promise<void> {
  while (ends.some(({ links }) => links.size < ends.length - 1)) {
    for (const end of ends) {
      end.announce()
      await clock.advanceAsync(8000)
    }
  }
}

interface Sizes {
  readonly message: number
  readonly signed: number
  readonly announce: number
  readonly own: number
}

async function bytesOnAir(): Promise<Sizes> {
  const { net, clock } = await virtualNet('bytes', { nodes: 2, radio: { spreadingFactor: 8 } })
  const [a, b] = net.ends as [(typeof net.ends)[0], (typeof net.ends)[0]]
  const lengthOf = async (send: () => void): Promise<number> => {
    const before = net.events.length
    send()
    await clock.advanceAsync(20_000)
    return net.events[before]?.frame.length ?? Number.NaN
  }
  const once = (isSigned: boolean) => () => void a.send(b, a.message(b, 16, TEXT, isSigned), TEXT)
  // The first of each kind carries its header whole.
  await lengthOf(once(false))
  await lengthOf(once(true))
  let announce: Uint8Array = new Uint8Array(0)
  const announces = (): void => {
    announce = a.announce()
  }
  const passesOn = (): void => void b.medium?.send(relayedAnnounce(announce, 1, 1000), CONTROL)
  return {
    message: await lengthOf(once(false)),
    signed: await lengthOf(once(true)),
    own: await lengthOf(announces),
    announce: await lengthOf(passesOn),
  }
}

/** Messages of 1,000 bytes, one after the other. */
async function longMessages(loss: AirLoss, count: number): Promise<{ delivered: number; airMs: number }> {
  const { net, clock } = await virtualNet('long', { nodes: 2, radio: { spreadingFactor: 9 }, loss })
  const [a, b] = net.ends as [(typeof net.ends)[0], (typeof net.ends)[0]]
  const arrived = new Set<string>()
  b.onFrame = (_, frame) => {
    if (kindOf(frame) === FrameKind.message) arrived.add(Buffer.from(frame.subarray(0, 42)).toString('hex'))
  }
  let sent = 0
  for (let n = 0; n < count; n++) {
    const frame = a.message(b, 1000, TEXT)
    while (!a.send(b, frame, TEXT)) await meet(net, clock)
    sent += 1
    for (;;) {
      while (!a.transport.station.isIdle || !b.transport.station.isIdle) await clock.advanceAsync(1000)
      const back = a.unsent.pop()
      if (back === undefined) break
      // A link that gives up gives back, and a node tries again once its neighbour is back.
      await meet(net, clock)
      a.send(b, back, TEXT)
    }
  }
  return { delivered: arrived.size / sent, airMs: net.takeAirtimeMs() / sent }
}

/** A text, answered at once with a receipt: a signed report is as long as a text of 10 bytes. */
async function textAndReceipt(count: number): Promise<{ ratios: number[]; times: number[] }> {
  const { net, clock } = await virtualNet('exchange', { nodes: 2, radio: { spreadingFactor: 8 } })
  const [a, b] = net.ends as [(typeof net.ends)[0], (typeof net.ends)[0]]
  b.onFrame = () => void b.send(a, b.message(a, 10, TEXT), TEXT)
  const [ratios, times]: [number[], number[]] = [[], []]
  for (let n = 0; n < count; n++) {
    const start = clock.monotonic()
    const before = net.events.length
    let took = 0
    a.onFrame = () => {
      took = clock.monotonic() - start
    }
    a.send(b, a.message(b, 16, TEXT), TEXT)
    while (took === 0) await clock.advanceAsync(1)
    const pure = net.events.slice(before, before + 2).reduce((sum, event) => sum + event.airtimeMs, 0)
    if (n > 2) {
      ratios.push(took / pure)
      times.push(took)
    }
    await clock.advanceAsync(30_000)
  }
  return { ratios, times }
}

/** Two nodes that send bulk without a pause, and a text among it now and then: how long that takes. */
async function textBesideBulk(seconds: number): Promise<number[]> {
  const { net, clock } = await virtualNet('text', { nodes: 2, radio: { spreadingFactor: 9 } })
  const [a, b] = net.ends as [(typeof net.ends)[0], (typeof net.ends)[0]]
  const frameMs = airtimeMs(a.transport.modem.modulation, MAX_LORA_BYTES)
  const latencies: number[] = []
  let sentAt: number | undefined
  b.onFrame = (_, frame) => {
    if (frame.length > 500 || sentAt === undefined) return
    latencies.push((clock.monotonic() - sentAt) / frameMs)
    sentAt = undefined
  }
  const random = seededRandom('when')
  let next = clock.monotonic() + 30_000
  const until = clock.monotonic() + seconds * 1000
  while (clock.monotonic() < until) {
    fill(a, [b])
    if (clock.monotonic() >= next && sentAt === undefined) {
      next = clock.monotonic() + 10_000 + 20_000 * random.float()
      if (a.send(b, a.message(b, 16, TEXT), TEXT)) sentAt = clock.monotonic()
    }
    await clock.advanceAsync(50)
  }
  return latencies
}

/** Several times: who meets whom in the same slot makes a difference of some hundredths. */
async function goodputs(nodes: number, seconds: number): Promise<number[]> {
  const all: number[] = []
  for (const run of [1, 2, 3, 4, 5]) all.push(await goodput(`goodput ${nodes} ${run}`, nodes, seconds))
  return all
}

/** The share of what full frames back to back would carry. */
async function goodput(seed: string, nodes: number, seconds: number): Promise<number> {
  const { net, clock } = await virtualNet(seed, { nodes, radio: { spreadingFactor: 7 } })
  let bytes = 0
  for (const end of net.ends) {
    end.onFrame = (_, frame) => {
      if (frame.length > 500) bytes += frame.length
    }
  }
  const load = (ms: number) => async (): Promise<void> => {
    const until = clock.monotonic() + ms
    while (clock.monotonic() < until) {
      for (const end of net.ends) {
        fill(
          end,
          net.ends.filter((other) => other !== end),
        )
      }
      await clock.advanceAsync(100)
    }
  }
  await load(60_000)()
  bytes = 0
  await load(seconds * 1000)()
  const modulation = net.ends[0]?.transport.modem.modulation
  if (modulation === undefined) throw new Error('no nodes')
  return (bytes * airtimeMs(modulation, MAX_LORA_BYTES)) / 1000 / MAX_PACKET_BYTES / seconds
}

/** Keeps some seconds of bulk in the queue. */
function fill(end: RadioNet['ends'][number], others: RadioNet['ends']): void {
  for (let n = 0; end.transport.station.queuedBytes < 10_000 && n < 40; n++) {
    const to = others[n % others.length]
    if (to !== undefined) end.send(to, end.message(to, 1080, BULK), BULK)
  }
}

/**
 * What driver and link take themselves: real time, over TCP, on an air that takes none. The account charges all the
 * same, and no more than a minute ahead: so not many messages.
 */
async function hostDelay(count: number): Promise<Row[]> {
  const clock = systemClock
  const random = seededRandom('delay')
  const waitFor = async (what: () => boolean): Promise<void> => {
    while (!what()) await new Promise((resolve) => setTimeout(resolve, 1))
  }
  const air = new EmulatedAir({ clock, random, airtimeScale: 0 })
  const modem = air.modem({ name: 'probe' })
  const port = await TcpPort.listen(modem, clock, '127.0.0.1', 0)
  const line = modemLine(`tcp://${port.address}`, clock)
  const started = clock.monotonic()
  const net = await RadioNet.start({ nodes: 1, clock, random, airtimeScale: 0, radio: { line } })
  const end = net.ends[0]
  if (end === undefined) throw new Error('no nodes')
  await waitFor(() => end.medium !== undefined)
  const upMs = clock.monotonic() - started
  modem.unplug(500)
  await waitFor(() => !end.transport.modem.isUp)
  const unpluggedAt = clock.monotonic()
  await waitFor(() => end.transport.modem.isUp)
  const backMs = clock.monotonic() - unpluggedAt - 500
  await end.transport.stop(AbortSignal.timeout(1000))
  await port.close()
  return [
    row('modem over TCP: open to usable', 's', [upMs / 1000], atMost(2.5)),
    row('modem over TCP: plugged in again to usable', 's', [Math.max(0, backMs) / 1000], atMost(4)),
    row('message and answer on air that takes no time: p50', 'ms', [await roundTrip(count)], atMost(10)),
  ]
}

async function roundTrip(count: number): Promise<number> {
  const clock = systemClock
  const random = seededRandom('round trip')
  const waitFor = async (what: () => boolean): Promise<void> => {
    while (!what()) await new Promise((resolve) => setTimeout(resolve, 1))
  }
  const net = await RadioNet.start({ nodes: 2, clock, random, airtimeScale: 0, radio: {} })
  const [a, b] = net.ends as [(typeof net.ends)[0], (typeof net.ends)[0]]
  await waitFor(() => a.medium !== undefined && b.medium !== undefined)
  a.announce()
  b.announce()
  await waitFor(() => a.links.size === 1 && b.links.size === 1)
  b.onFrame = () => void b.send(a, b.message(a, 10, TEXT), TEXT)
  const times: number[] = []
  for (let n = 0; n < count; n++) {
    const start = clock.monotonic()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    a.onFrame = () => resolve()
    a.send(b, a.message(b, 16, TEXT), TEXT)
    // Timers of a node keep no process alive.
    const alive = setInterval(() => reject(new Error(`no answer to message ${n}`)), 20_000)
    await promise
    clearInterval(alive)
    times.push(clock.monotonic() - start)
    await waitFor(() => a.transport.station.isIdle && b.transport.station.isIdle)
  }
  for (const end of net.ends) await end.transport.stop(AbortSignal.timeout(1000))
  return quantile(times, 0.5)
}
