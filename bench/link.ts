import { Child } from './child.ts'
import type { LinkEndCommands } from './fixtures/link-end.ts'
import type { RawStreamCommands } from './fixtures/raw-stream.ts'
import type { Received } from './fixtures/traffic.ts'
import { atLeast, type Bench, type Row, row } from './report.ts'
import { alternate, ratios } from './stats.ts'

const LENGTH_BYTES = 4
/** What a saturated link puts into one write: as many frames as fit into one Noise message. */
const SATURATED = Math.floor((65_519 - 12) / (300 + LENGTH_BYTES))

interface Load {
  readonly name: string
  readonly frames: number
  readonly bytes: number
  /** Frames in each write of the raw stream. */
  readonly perWrite: number
  /** Whether the sender yields after each such batch, so that the link writes it by itself. */
  readonly yields: boolean
  /** What the link should reach of the raw stream's rate. */
  readonly target: number
}

const LOADS: readonly Load[] = [
  { name: '300 B, saturated', frames: 600_000, bytes: 300, perWrite: SATURATED, yields: false, target: 0.9 },
  { name: '300 B, 32 in a turn', frames: 256_000, bytes: 300, perWrite: 32, yields: true, target: 0.9 },
  { name: '64 KiB, saturated', frames: 4000, bytes: 65_536, perWrite: 1, yields: false, target: 0.8 },
]
const QUICK_SHARE = 1 / 20

interface Carried {
  readonly framesPerSecond: number
  /** Both processes, µs. */
  readonly cpuPerFrame: number
}

type Carrier = 'tcp' | 'quic'

const AGAINST: Readonly<Record<Carrier, string>> = {
  tcp:
    'a stream of the same libp2p with the same windows and the same Noise on libsodium, which writes one ' +
    'prepared buffer of the same size again and again and only counts bytes at the other end.',
  quic:
    'a stream of the same QUIC with the same windows, read in pieces of 64 KiB as well, which writes one prepared ' +
    'buffer of the same size again and again and only counts bytes at the other end.',
}

export const link: Bench = linkBench('tcp', 'link', 'One TCP link between two processes')
export const quicLink: Bench = linkBench('quic', 'link-quic', 'One QUIC link between two processes')

function linkBench(carrier: Carrier, name: string, title: string): Bench {
  return {
    name,
    title,
    async run({ quick, profile }) {
      const rows: Row[] = []
      for (const load of LOADS) {
        const sized = quick ? { ...load, frames: Math.ceil(load.frames * QUICK_SHARE) } : load
        rows.push(...(await compare(carrier, sized, quick ? 2 : 7, profile)))
      }
      return {
        workload:
          'Frames through the Transport and Link seam from one process to another, no routing: queued by priority, ' +
          'length-prefixed, batched, written, and cut into frames again.',
        against: AGAINST[carrier],
        rows,
        notes: [
          `Saturated, a write carries ${SATURATED} frames of 300 B. '32 in a turn' is a sender that yields to the event ` +
            'loop after 32 frames, each turn being one write; where the stream has to wait, the link makes larger ones.',
          'Rates are those at the receiver from the first to the last frame. CPU times are those of both processes, ' +
            'all threads.',
        ],
      }
    },
  }
}

/** In processes of its own, so that no load works on the heap that another has left. */
async function compare(
  carrier: Carrier,
  load: Load,
  rounds: number,
  profile: string | undefined,
): Promise<Row[]> {
  await using to = new Child<LinkEndCommands>('link-end', { name: `link-to-${load.bytes}`, profile })
  await using from = new Child<LinkEndCommands>('link-end', { name: `link-from-${load.bytes}`, profile })
  await using rawTo = new Child<RawStreamCommands>('raw-stream', { name: `raw-to-${load.bytes}`, profile })
  await using rawFrom = new Child<RawStreamCommands>('raw-stream', {
    name: `raw-from-${load.bytes}`,
    profile,
  })
  const address = await to.call('start', { carrier, peers: [] })
  await from.call('start', { carrier, peers: [address] })
  await Promise.all([from.call('connected'), to.call('connected')])
  const startRaw = carrier === 'tcp' ? 'start' : 'startQuic'
  await rawFrom.call(startRaw, await rawTo.call(startRaw, undefined))

  const { name, frames, bytes, perWrite, yields, target } = load
  const write = perWrite * (bytes + LENGTH_BYTES)
  const writes = Math.ceil(frames / perWrite)
  const cpu = { link: [] as number[], raw: [] as number[] }
  const overLink = async (): Promise<number> => {
    await to.call('expect', frames)
    const senderCpu = await from.call('send', { frames, bytes, perTurn: yields ? perWrite : 0 })
    const { framesPerSecond, cpuPerFrame } = carried(frames, senderCpu, await to.call('received'))
    cpu.link.push(cpuPerFrame)
    return framesPerSecond
  }
  const overRaw = async (): Promise<number> => {
    await rawTo.call('expect', writes * write)
    const senderCpu = await rawFrom.call('send', { writes, bytes: write, perTurn: yields ? 1 : 0 })
    const { framesPerSecond, cpuPerFrame } = carried(
      writes * perWrite,
      senderCpu,
      await rawTo.call('received'),
    )
    cpu.raw.push(cpuPerFrame)
    return framesPerSecond
  }
  await overLink()
  await overRaw()
  for (const times of Object.values(cpu)) times.length = 0
  const rates = await alternate(rounds, { link: overLink, raw: overRaw })
  return [
    row(`${name}: link against raw stream`, 'ratio', ratios(rates.link, rates.raw), atLeast(target)),
    row(`${name}: the same by CPU time`, 'ratio', ratios(cpu.raw, cpu.link)),
    row(`${name}: link`, 'frames/s', rates.link),
    row(`${name}: raw stream`, 'frames/s', rates.raw),
    row(`${name}: link`, 'CPU µs/frame', cpu.link),
    row(`${name}: raw stream`, 'CPU µs/frame', cpu.raw),
  ]
}

function carried(frames: number, senderCpu: number, received: Received | undefined): Carried {
  if (received === undefined) throw new Error('nothing was expected')
  return {
    framesPerSecond: frames / received.seconds,
    cpuPerFrame: ((senderCpu + received.cpuSeconds) * 1e6) / frames,
  }
}
