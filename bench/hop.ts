import { Chain } from './chain.ts'
import { Child } from './child.ts'
import type { RawStreamCommands } from './fixtures/raw-stream.ts'
import { atMost, type Bench, row } from './report.ts'
import { alternate, quantile } from './stats.ts'

const BODY_BYTES = 32
/** Header, signature, trailer and the length before a frame. */
const FRAME_BYTES = BODY_BYTES + 46 + 64 + 2 + 4

export const hop: Bench = {
  name: 'hop',
  title: 'Round trips of a small message',
  async run({ quick, profile }) {
    const count = quick ? 200 : 1000
    await using chain = await Chain.start(profile)
    await using rawTo = new Child<RawStreamCommands>('raw-stream', { name: 'raw-echo', profile })
    await using raw = new Child<RawStreamCommands>('raw-stream', { name: 'raw-ping', profile })
    await raw.call('start', await rawTo.call('start', undefined))

    const slow: Record<'raw' | 'one' | 'two', number[]> = { raw: [], one: [], two: [] }
    const middle = (name: keyof typeof slow, times: Float64Array): number => {
      slow[name].push(quantile(times, 0.99))
      return quantile(times, 0.5)
    }
    const ping = { count, bytes: BODY_BYTES }
    const measure = {
      raw: async () => middle('raw', await raw.call('ping', { count, bytes: FRAME_BYTES })),
      one: async () => middle('one', await chain.a.call('ping', { ...ping, to: chain.addressOfB })),
      two: async () => middle('two', await chain.a.call('ping', { ...ping, to: chain.addressOfC })),
    }
    await measure.raw()
    await measure.one()
    await measure.two()
    for (const times of Object.values(slow)) times.length = 0
    const p50 = await alternate(quick ? 2 : 9, measure)

    const beyondRaw = (times: readonly number[], hops: number): number[] =>
      times.map((time, round) => (time - hops * (p50.raw[round] as number)) / hops)
    return {
      workload:
        `An echo service answers messages of ${BODY_BYTES} bytes, one at a time: at a neighbour (1 hop), and behind a ` +
        'relay (2 hops). Every message is signed by its sender, and checked by the relay and the recipient.',
      against: `the round trip of ${FRAME_BYTES} bytes, as many as the frame has, on a raw libp2p stream between two processes.`,
      rows: [
        row('added for each hop over 1 hop, p50', 'ms', beyondRaw(p50.one, 1), atMost(0.4)),
        row('added for each hop over 2 hops, p50', 'ms', beyondRaw(p50.two, 2), atMost(0.4)),
        row('raw stream, p50', 'ms', p50.raw),
        row('1 hop, p50', 'ms', p50.one),
        row('2 hops, p50', 'ms', p50.two),
        row('raw stream, p99', 'ms', slow.raw),
        row('1 hop, p99', 'ms', slow.one),
        row('2 hops, p99', 'ms', slow.two),
      ],
      notes: [
        'Added for each hop: the round trip, less that of a raw stream for each hop, divided by the hops. A round trip ' +
          'over 1 hop holds two signatures and two checks of one, over 2 hops two and four.',
      ],
    }
  },
}
