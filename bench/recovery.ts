import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Identity } from '../src/index.ts'
import { Child } from './child.ts'
import type { CourierCommands } from './fixtures/courier.ts'
import { atMost, type Bench, type Row, row, type Target } from './report.ts'

const PER_SECOND = 20

interface Outage {
  readonly name: string
  /** How long the link has been up before, ms. */
  readonly linkedMs: number
  /** Between the end of the process and the start of the next one, ms. */
  readonly awayMs: number
  /** Whether it comes back on the other of the two ports its neighbour knows. */
  readonly moves: boolean
  /** Whether it knows the address of its neighbour, and calls as well. */
  readonly calls: boolean
  readonly target: Target | undefined
}

/** Longer than a link has to live until the first attempt after it comes soon. */
const STABLE_MS = 12_000
const AWAY_MS = 20_000

const OUTAGES: readonly Outage[] = [
  outage('restart', { target: atMost(2) }),
  outage('restart 20 s later', { awayMs: AWAY_MS, target: atMost(2) }),
  outage('restart 20 s later, and calls as well', { awayMs: AWAY_MS, calls: true, target: atMost(2) }),
  outage('restart at its other address', { linkedMs: 3 * STABLE_MS, moves: true, target: atMost(5) }),
]
const QUICK_SHARE = 1 / 24

export const recovery: Bench = {
  name: 'recovery',
  title: 'From the restart of a neighbour to the next message',
  async run({ quick, profile }) {
    // At once: each of them is idle nearly all of the time.
    const rows = await Promise.all(
      OUTAGES.map((outage) => measure(shortened(outage, quick ? QUICK_SHARE : 1), quick ? 1 : 3, profile)),
    )
    return {
      workload:
        `One node sends ${PER_SECOND} messages a second to a neighbour, which is ended by SIGKILL and started again in a new ` +
        'process with the same identity. The time is that from when it listens again to its first message.',
      against:
        'the time its process takes to be there again, which is beyond the reach of the node that waits.',
      rows: rows.flat(),
      notes: [
        'But for one case the node that was started again has no peers configured, so all depends on the one that ' +
          'stayed. It tries again after 0.25 s, then every second for half a minute, and then ever more seldom.',
        'Addresses are configured with their peer id, so that two of them are known to be those of one node.',
        `Each link had been up for ${STABLE_MS / 1000} s, ${(3 * STABLE_MS) / 1000} s where the address changes: all that ` +
          'time the other address had not answered.',
      ],
    }
  },
}

function outage(name: string, differs: Partial<Outage>): Outage {
  const plain = { linkedMs: STABLE_MS, awayMs: 0, moves: false, calls: false, target: undefined }
  return { name, ...plain, ...differs }
}

function shortened({ linkedMs, awayMs, ...rest }: Outage, share: number): Outage {
  return { ...rest, linkedMs: linkedMs * share, awayMs: awayMs * share }
}

async function measure(outage: Outage, rounds: number, profile: string | undefined): Promise<Row[]> {
  const listeningS: number[] = []
  const heardS: number[] = []
  for (let round = 0; round < rounds; round++) {
    const { listening, heard } = await interrupt(
      outage,
      `recovery-${outage.name.replaceAll(/\W+/g, '-')}-${round}`,
      profile,
    )
    listeningS.push(listening)
    heardS.push(heard)
  }
  return [
    row(`${outage.name}: to the next message`, 's', heardS, outage.target),
    row(`${outage.name}: its process, from nothing to listening`, 's', listeningS),
  ]
}

/** @returns s: from the start of the new process until it listens, and from there to its first message. */
async function interrupt(
  { linkedMs, awayMs, moves, calls }: Outage,
  name: string,
  profile: string | undefined,
): Promise<{ listening: number; heard: number }> {
  const identity = Identity.generate()
  const seed = identity.exportSeed()
  const address = identity.address.toString()
  const [port, otherPort] = await freePorts(2)
  const known = (moves ? [port, otherPort] : [port]).map((at) => `${tcpAddress(at)}/p2p/${identity.peerId}`)

  await using sender = new Child<CourierCommands>('courier', { name: `${name}-sender`, profile })
  await using before = new Child<CourierCommands>('courier', { name: `${name}-before`, profile })
  await before.call('listen', { seed, listen: [tcpAddress(port)], peers: [] })
  const { listen } = await sender.call('start', { listen: ['/ip4/127.0.0.1/tcp/0'], peers: known })
  await sender.call('pathTo', address)
  await sender.call('sendOn', { to: address, perSecond: PER_SECOND })
  await before.call('firstHeard')
  await sleep(linkedMs)

  process.kill(before.pid, 'SIGKILL')
  await sleep(awayMs)
  const startedAt = performance.now()
  await using after = new Child<CourierCommands>('courier', { name: `${name}-after`, profile })
  const listeningAt = await after.call('listen', {
    seed,
    listen: [tcpAddress(moves ? otherPort : port)],
    peers: calls ? [listen] : [],
  })
  const listening = (performance.now() - startedAt) / 1000
  return { listening, heard: ((await after.call('firstHeard')) - listeningAt) / 1000 }
}

function tcpAddress(port: number | undefined): string {
  return `/ip4/127.0.0.1/tcp/${port}`
}

/** Held all at once, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      const server = createServer().listen(0, '127.0.0.1', resolve)
      await promise
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  for (const server of servers) server.close()
  return ports
}
