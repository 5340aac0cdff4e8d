/** A node of the soak, through all of its processes: it keeps its identity, its folder and its lines. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Identity } from '../../src/index.ts'
import type { Random } from '../../src/runtime/random.ts'
import { Child } from '../child.ts'
import type { SoakerCommands } from '../fixtures/soaker.ts'
import { Journal } from './journal.ts'
import type { Line } from './line.ts'

export class Member {
  readonly name: string
  readonly identity: Identity
  /** Those that lead to it. */
  readonly inbound: Line[] = []
  /** Those by which it calls others, with whom. */
  readonly outbound: { readonly line: Line; readonly to: Member }[] = []
  readonly journal: Journal
  readonly #folder: string
  #child: Child<SoakerCommands> | undefined

  constructor(name: string, folder: string, random: Random) {
    this.name = name
    this.identity = Identity.generate(random.fork(name))
    this.#folder = join(folder, name)
    mkdirSync(this.#folder)
    this.journal = new Journal(join(this.#folder, 'journal'))
  }

  get address(): string {
    return this.identity.address.toString()
  }

  /** Undefined while it is away. */
  get process(): Child<SoakerCommands> | undefined {
    return this.#child
  }

  async start(announceS: number): Promise<void> {
    const child = new Child<SoakerCommands>('soaker', { name: this.name })
    const addresses = (of: 'tcpAddress' | 'quicAddress') =>
      this.outbound.map(({ line, to }) => `${line[of]}/p2p/${to.identity.peerId}`)
    const listen = await child.call('start', {
      seed: this.identity.exportSeed(),
      folder: this.#folder,
      tcpPeers: addresses('tcpAddress'),
      quicPeers: addresses('quicAddress'),
      announceS,
    })
    const port = (protocol: string): number =>
      Number(listen.find((address) => address.includes(`/${protocol}/`))?.split('/')[4])
    const target = { tcp: port('tcp'), udp: port('udp') }
    for (const line of this.inbound) line.target = target
    this.#child = child
  }

  /** Ends its process without a word. */
  async kill(): Promise<void> {
    const child = this.#leave()
    if (child === undefined) return
    const at = Date.now()
    process.kill(child.pid, 'SIGKILL')
    await child[Symbol.asyncDispose]()
    this.journal.write({ is: 'killed', at })
  }

  /** Shuts it down in order. @returns what did not stop in time */
  async stop(): Promise<readonly string[]> {
    const child = this.#leave()
    if (child === undefined) return []
    const open = await child.call('stop')
    await child[Symbol.asyncDispose]()
    return open
  }

  #leave(): Child<SoakerCommands> | undefined {
    const child = this.#child
    this.#child = undefined
    for (const line of this.inbound) line.target = undefined
    return child
  }
}
