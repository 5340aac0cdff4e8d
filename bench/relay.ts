import { availableParallelism } from 'node:os'
import { Chain } from './chain.ts'
import { Child } from './child.ts'
import { BODY_BYTES } from './fixtures/envelopes.ts'
import type { VerifierCommands } from './fixtures/verifier.ts'
import { atLeast, type Bench, row } from './report.ts'
import { alternate, ratios } from './stats.ts'

const NODES = ['a', 'b', 'c'] as const
type Node = (typeof NODES)[number]

const VERIFY_MS = 1000
const QUICK_VERIFY_MS = 200

export const relay: Bench = {
  name: 'relay',
  title: 'A relay between two nodes, three processes',
  async run({ quick, profile }) {
    const count = quick ? 2000 : 40_000
    const verifyMs = quick ? QUICK_VERIFY_MS : VERIFY_MS
    await using chain = await Chain.start(profile)
    await using verifier = new Child<VerifierCommands>('verifier', { name: 'verifier', profile })
    await using busy1 = new Child<VerifierCommands>('verifier', { name: 'busy-1' })
    await using busy2 = new Child<VerifierCommands>('verifier', { name: 'busy-2' })

    /** µs for each message, or each verification. */
    const cpu = { a: [] as number[], b: [] as number[], c: [] as number[], verifier: [] as number[] }
    const carry = async (): Promise<number> => {
      const carried = await carryAll(chain, count)
      for (const node of NODES) cpu[node].push(carried.cpuMicroseconds[node])
      return carried.perSecond
    }
    const verify = async (): Promise<number> => {
      const { perSecond, perCpuSecond } = await verifier.call('verify', verifyMs)
      cpu.verifier.push(1e6 / perCpuSecond)
      return perSecond
    }
    const verifyAmongOthers = async (): Promise<number> => {
      await Promise.all([busy1.call('spin'), busy2.call('spin')])
      const { perSecond } = await verifier.call('verify', verifyMs)
      await Promise.all([busy1.call('rest'), busy2.call('rest')])
      return perSecond
    }

    await carry()
    await verify()
    for (const times of Object.values(cpu)) times.length = 0
    const rates = await alternate(quick ? 2 : 7, { relay: carry, verify, verifyAmongOthers })
    const together = 1e6 * availableParallelism()
    return {
      workload:
        `${count.toLocaleString('en')} messages of ${BODY_BYTES} bytes a round, A to C over B, without receipts. A and C ` +
        'have no link. B and C check every signature; the count at C is compared with that at A. The rate is that of ' +
        'arrivals at C.',
      against:
        'checking Ed25519 signatures of the same messages with the same libsodium in one thread, and nothing else.',
      rows: [
        row(
          'relay against verifying, machine else idle',
          'ratio',
          ratios(rates.relay, rates.verify),
          atLeast(0.6),
        ),
        row(
          'relay against verifying beside two busy processes',
          'ratio',
          ratios(rates.relay, rates.verifyAmongOthers),
        ),
        row(
          'B by its CPU time against verifying by its own',
          'ratio',
          ratios(cpu.verifier, cpu.b),
          atLeast(0.6),
        ),
        row('relay', 'messages/s', rates.relay),
        row('verifying, machine else idle', 'verifies/s', rates.verify),
        row('verifying beside two busy processes', 'verifies/s', rates.verifyAmongOthers),
        row(
          'what B could relay with a core of its own',
          'messages/s',
          cpu.b.map((time) => 1e6 / time),
        ),
        row(
          `what ${availableParallelism()} cores allow A, B and C together`,
          'messages/s',
          cpu.b.map((time, round) => together / (time + (cpu.a[round] ?? 0) + (cpu.c[round] ?? 0))),
        ),
        row('CPU time of A for a message', 'µs', cpu.a),
        row('CPU time of B for a message', 'µs', cpu.b),
        row('CPU time of C for a message', 'µs', cpu.c),
        row('CPU time of one verification', 'µs', cpu.verifier),
      ],
      notes: [
        'Three processes share the cores in the relay run, so B has less than one core; two other busy processes ' +
          'give the verifier the same share. The CPU time of B is that of all its threads.',
        "B's limit on frames per second and link is raised: by default it is 20,000, for any one neighbour.",
      ],
    }
  },
}

interface Carried {
  readonly perSecond: number
  readonly cpuMicroseconds: Readonly<Record<Node, number>>
}

/** @throws Error unless every message arrived and every signature was checked, at B and at C. */
async function carryAll(chain: Chain, count: number): Promise<Carried> {
  const counted = () => Promise.all(NODES.map((node) => chain[node].call('counted')))
  const before = await counted()
  const arriving = chain.c.call('receive', count)
  await chain.a.call('send', { to: chain.addressOfC, count, bytes: BODY_BYTES })
  const { perSecond } = await arriving
  const after = await counted()
  const [a = 0, b = 0, c = 0] = after.map(
    ({ cpuSeconds }, node) => cpuSeconds - (before[node]?.cpuSeconds ?? 0),
  )
  const [, verifiedByB = 0, verifiedByC = 0] = after.map(
    ({ verified }, node) => verified - (before[node]?.verified ?? 0),
  )
  if (verifiedByB < count || verifiedByC < count) {
    throw new Error(`of ${count} messages B checked only ${verifiedByB}, C only ${verifiedByC}`)
  }
  const each = 1e6 / count
  return { perSecond, cpuMicroseconds: { a: a * each, b: b * each, c: c * each } }
}
