import { Child } from './child.ts'
import type { CourierCommands } from './fixtures/courier.ts'
import type { CrowdCommands } from './fixtures/crowd.ts'
import { atMost, type Bench, type Row, row } from './report.ts'
import { alternate, quantile, ratios } from './stats.ts'

const LISTEN = { listen: ['/ip4/127.0.0.1/tcp/0'], peers: [] }
const PER_SECOND = 1000
const BODY_BYTES = 200
const CROWDS = 2
/** Below the limit on new connections from one host, for both crowds together. */
const JOINS_PER_SECOND = 80

interface Size {
  readonly neighbours: number
  readonly messages: number
  readonly rounds: number
  readonly stopWith: number
  readonly stops: number
}

const FULL: Size = { neighbours: 1000, messages: 5000, rounds: 5, stopWith: 100, stops: 3 }
const QUICK: Size = { neighbours: 42, messages: 300, rounds: 1, stopWith: 20, stops: 1 }

export const neighbours: Bench = {
  name: 'neighbours',
  title: 'Many neighbours on one relay',
  async run({ quick, profile }) {
    const size = quick ? QUICK : FULL
    const rows = [...(await relayed(size, profile)), ...(await startAndStop(size, profile))]
    return {
      workload:
        `A relay with ${size.neighbours} neighbours over TCP passes ${PER_SECOND} messages of ${BODY_BYTES} bytes a second ` +
        'from one of them to another, each signed, and checked by the relay and the recipient. These three are whole ' +
        `nodes, each a process of its own; the other neighbours are bare transports in ${CROWDS} more processes, which ` +
        'keep their links and say nothing.',
      against: 'another such relay with the two alone; rounds of both alternate.',
      rows,
      notes: [
        'Memory is that of the process of the relay after a garbage collection, less what it was with two neighbours, ' +
          'divided by those that came. On the heap: the part of it that V8 and Buffers account for.',
        `Times on the way are from send() in one process to the listener in another. The neighbours come at ${JOINS_PER_SECOND} ` +
          'a second, since a node takes 100 new connections a second from one host.',
        'To the first neighbour: from MeshNode.create() to the link, in a process that has loaded its modules.',
      ],
    }
  },
}

async function relayed(size: Size, profile: string | undefined): Promise<Row[]> {
  await using among = await Trio.start('among', profile)
  await using alone = await Trio.start('alone', profile)
  await using crowd = new Crowd(profile)
  await among.measure(size.messages)
  const memoryAlone = await among.relay.call('memory')
  const others = size.neighbours - 2
  await crowd.join(among.listen, others)
  const memory = await among.relay.call('memory')
  await among.measure(size.messages)
  await alone.measure(size.messages)
  among.forget()
  alone.forget()
  const p50 = await alternate(size.rounds, {
    among: () => among.measure(size.messages),
    alone: () => alone.measure(size.messages),
  })
  const lost = await crowd.lost()
  const memoryAfter = await among.relay.call('memory')

  const each = (bytes: number, before: number): number => (bytes - before) / others / 1000
  const many = `among ${size.neighbours}`
  return [
    row('memory for each neighbour', 'kB', [each(memory.resident, memoryAlone.resident)], atMost(250)),
    row('the same after the messages', 'kB', [each(memoryAfter.resident, memoryAlone.resident)], atMost(250)),
    row('the same, on the heap', 'kB', [each(memory.heap, memoryAlone.heap)]),
    row(`on the way, ${many}, p99`, 'ms', among.p99, atMost(20)),
    row('on the way, two alone, p99', 'ms', alone.p99),
    row(`p99, ${many} against two alone`, 'ratio', ratios(among.p99, alone.p99)),
    row(`on the way, ${many}, p50`, 'ms', p50.among),
    row('on the way, two alone, p50', 'ms', p50.alone),
    row(`p50, ${many} against two alone`, 'ratio', ratios(p50.among, p50.alone)),
    row(`the relay's CPU time, ${many}`, 'cores', among.cores),
    row("the relay's CPU time, two alone", 'cores', alone.cores),
    row('links lost on the way', 'links', [lost], atMost(0)),
  ]
}

/** A relay and the two neighbours that have something to say. */
class Trio implements AsyncDisposable {
  readonly relay: Child<CourierCommands>
  /** Where the relay can be called. */
  listen = ''
  p99: number[] = []
  /** What the relay had of the processors. */
  cores: number[] = []
  readonly #from: Child<CourierCommands>
  readonly #to: Child<CourierCommands>
  #address = ''

  static async start(name: string, profile: string | undefined): Promise<Trio> {
    const trio = new Trio(name, profile)
    try {
      await trio.#join()
    } catch (error) {
      await trio[Symbol.asyncDispose]()
      throw error
    }
    return trio
  }

  private constructor(name: string, profile: string | undefined) {
    this.relay = new Child('courier', { name: `neighbours-${name}-relay`, profile })
    this.#from = new Child('courier', { name: `neighbours-${name}-from`, profile })
    this.#to = new Child('courier', { name: `neighbours-${name}-to`, profile })
  }

  /** @returns the p50 of the times on the way, ms. */
  async measure(count: number): Promise<number> {
    const before = await this.relay.call('cpuSeconds')
    await this.#to.call('expect', count)
    await this.#from.call('send', { to: this.#address, count, bytes: BODY_BYTES, perSecond: PER_SECOND })
    const times = await this.#to.call('latencies')
    this.cores.push(((await this.relay.call('cpuSeconds')) - before) / (count / PER_SECOND))
    this.p99.push(quantile(times, 0.99))
    return quantile(times, 0.5)
  }

  forget(): void {
    this.p99 = []
    this.cores = []
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.relay, this.#from, this.#to].map((node) => node[Symbol.asyncDispose]()))
  }

  async #join(): Promise<void> {
    this.listen = (await this.relay.call('start', LISTEN)).listen
    await this.#from.call('start', { listen: [], peers: [this.listen] })
    this.#address = (await this.#to.call('start', { listen: [], peers: [this.listen] })).address
    await this.#from.call('pathTo', this.#address)
  }
}

async function startAndStop(size: Size, profile: string | undefined): Promise<Row[]> {
  await using crowd = new Crowd(profile)
  const linkedS: number[] = []
  const stopS: number[] = []
  for (let round = 0; round < size.stops; round++) {
    await using node = new Child<CourierCommands>('courier', { name: `neighbours-stop-${round}`, profile })
    await using caller = new Child<CourierCommands>('courier', { name: `neighbours-call-${round}`, profile })
    const { listen } = await node.call('start', LISTEN)
    const { linkedMs } = await caller.call('start', { listen: [], peers: [listen] })
    linkedS.push(linkedMs / 1000)
    await crowd.join(listen, size.stopWith - 1)
    stopS.push((await node.call('stop')) / 1000)
    await crowd.leave()
  }
  return [
    row('start, to the first neighbour', 's', linkedS, atMost(0.5)),
    row(`stop, with ${size.stopWith} neighbours`, 's', stopS, atMost(1)),
  ]
}

/** The neighbours that only keep their links, in processes of their own. */
class Crowd implements AsyncDisposable {
  readonly #parts: readonly Child<CrowdCommands>[]

  constructor(profile: string | undefined) {
    const names = Array.from({ length: CROWDS }, (_, index) => `crowd-${index}`)
    this.#parts = names.map((name) => new Child<CrowdCommands>('crowd', { name, profile }))
  }

  async join(relay: string, count: number): Promise<void> {
    const perSecond = JOINS_PER_SECOND / CROWDS
    const most = Math.ceil(count / CROWDS)
    const shares = this.#parts.map((_, index) => Math.min(most, count - index * most))
    await Promise.all(
      this.#parts.map((part, index) => part.call('join', { relay, count: shares[index] ?? 0, perSecond })),
    )
  }

  async lost(): Promise<number> {
    const each = await Promise.all(this.#parts.map((part) => part.call('lost')))
    return each.reduce((sum, lost) => sum + lost, 0)
  }

  async leave(): Promise<void> {
    await Promise.all(this.#parts.map((part) => part.call('leave')))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#parts.map((part) => part[Symbol.asyncDispose]()))
  }
}
