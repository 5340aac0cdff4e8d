/** A machine in the lab: a namespace with processes in it, on one network at a time. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Network } from './lab.ts'
import { execute, filesOf, ipBatch } from './system.ts'

interface Uplink {
  readonly network: Network
  readonly device: string
  readonly address: string
}

export class Host {
  readonly name: string
  readonly namespace: string
  /** For the files of its programs; it goes with the lab. */
  readonly folder: string
  readonly #uplinks: Uplink[] = []
  readonly #children = new Set<ChildProcess>()
  #current: Uplink | undefined

  constructor(name: string, namespace: string, folder: string) {
    this.name = name
    this.namespace = namespace
    this.folder = folder
  }

  /** Its address on the network that it uses. */
  get address(): string {
    if (this.#current === undefined) throw new Error(`${this.name} has no network`)
    return this.#current.address
  }

  /** Plugs it in. The first network is the one it uses; a further one stays down until {@link use}. */
  async attach(network: Network): Promise<void> {
    const device = `eth${this.#uplinks.length}`
    const number = network.nextNumber()
    await network.plug(this.namespace, device, number)
    const uplink = { network, device, address: `${network.prefix}.${number}` }
    this.#uplinks.push(uplink)
    if (this.#current === undefined) await this.#takeUp(uplink)
    else await ipBatch(this.namespace, `link set ${device} down`)
  }

  /** Its default route moves to another network, and the interface to the one before goes down. */
  async use(network: Network): Promise<void> {
    const uplink = this.#uplinks.find((candidate) => candidate.network === network)
    if (uplink === undefined) throw new Error(`${this.name} is not attached to ${network.name}`)
    if (this.#current !== undefined) await this.unplug()
    await this.#takeUp(uplink)
  }

  /** Leaves it without a network. */
  async unplug(): Promise<void> {
    const { device, address } = this.#current ?? {}
    this.#current = undefined
    // As a DHCP client does: the address goes with the network.
    await ipBatch(this.namespace, `addr del ${address}/24 dev ${device}`, `link set ${device} down`)
  }

  /** Takes another address on the network it uses, as after a new lease. */
  async changeAddress(): Promise<void> {
    const { network, device, address } = this.#current ?? {}
    if (network === undefined || device === undefined) throw new Error(`${this.name} has no network`)
    await ipBatch(this.namespace, `addr del ${address}/24 dev ${device}`)
    const uplink = { network, device, address: `${network.prefix}.${network.nextNumber()}` }
    this.#uplinks[this.#uplinks.findIndex((candidate) => candidate.network === network)] = uplink
    await this.#takeUp(uplink)
  }

  /** What a name means on this machine, in /etc/hosts. Before the first program starts, and changed later. */
  async resolve(name: string, address: string): Promise<void> {
    await mkdir(filesOf(this.namespace), { recursive: true })
    await writeFile(join(filesOf(this.namespace), 'hosts'), `127.0.0.1 localhost\n${address} ${name}\n`)
  }

  /** A machine whose name server does not answer, in place of the real one's. Before the first program starts. */
  async askNobodyForNames(): Promise<void> {
    await mkdir(filesOf(this.namespace), { recursive: true })
    await writeFile(join(filesOf(this.namespace), 'resolv.conf'), 'nameserver 127.0.0.1\n')
  }

  /** Starts a program on this machine; it ends with the lab. */
  spawn(program: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    // `ip netns exec` replaces itself by the program, so the pid is that of the program.
    const child = spawn('ip', ['netns', 'exec', this.namespace, program, ...args], options)
    this.#children.add(child)
    child.once('close', () => this.#children.delete(child))
    return child
  }

  /** Runs a program on this machine to its end. */
  async execute(program: string, args: readonly string[], input = ''): Promise<string> {
    return await execute('ip', ['netns', 'exec', this.namespace, program, ...args], input)
  }

  async killAll(): Promise<void> {
    await Promise.all([...this.#children].map((child) => (child.kill('SIGKILL') ? once(child, 'close') : [])))
  }

  killAllNow(): void {
    for (const child of this.#children) child.kill('SIGKILL')
  }

  async #takeUp(uplink: Uplink): Promise<void> {
    const { device, address, network } = uplink
    await ipBatch(
      this.namespace,
      `addr replace ${address}/24 dev ${device}`,
      `link set ${device} up`,
      `route replace default via ${network.gateway}`,
    )
    this.#current = uplink
  }
}
