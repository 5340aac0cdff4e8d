/**
 * An internet in a box: hosts, home routers and NATs from Linux network namespaces, joined by one router, the
 * `core`. Nothing in it reaches the machine's own network. Public addresses look public, 45.x.y.z, since
 * libp2p treats those for documentation as private.
 */
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Host } from './host.ts'
import { isRouted, type NatKind, natRules } from './nat.ts'
import { execute, filesOf, ipBatch, loadRules, setSysctl } from './system.ts'

/** The folders of labs, likewise. */
const FOLDER = /^hopwire-lab-(\d+)-/
/** `hopwire-<pid>-<lab>-<number>-<name>`: whose it is can be told from its name. */
const NAMESPACE = /^hopwire-(\d+)-/

let labs = 0
// A signal ends a process without its exit handlers, unless it is handled.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

export class Lab implements AsyncDisposable {
  readonly #prefix: string
  readonly #folder: string
  readonly #namespaces: string[] = []
  readonly #hosts: Host[] = []
  #core = ''
  #networks = 0

  /** An empty one. What earlier runs left behind is removed first. */
  static async open(): Promise<Lab> {
    labs += 1
    const prefix = `hopwire-${process.pid}-${labs}-`
    await removeStale()
    const lab = new Lab(prefix, await mkdtemp(join(tmpdir(), `hopwire-lab-${process.pid}-`)))
    try {
      lab.#core = await lab.#namespace('core')
      await setSysctl(lab.#core, 'net.ipv4.ip_forward', '1')
    } catch (error) {
      await lab[Symbol.asyncDispose]()
      throw error
    }
    return lab
  }

  private constructor(prefix: string, folder: string) {
    this.#prefix = prefix
    this.#folder = folder
    process.on('exit', this.#onExit)
  }

  /** A host with a public address and nothing before it. */
  async server(name: string): Promise<Host> {
    const host = await this.host(name)
    await host.attach(await this.#publicNetwork(name))
    return host
  }

  /** A host without a network: attach it to one or several. */
  async host(name: string): Promise<Host> {
    const namespace = await this.#namespace(name)
    const host = new Host(name, namespace, join(this.#folder, namespace))
    this.#hosts.push(host)
    return host
  }

  /**
   * A router with a LAN behind it.
   *
   * @param subnet the LAN is 192.168.<subnet>.0/24 behind a NAT. All homes have the same unless said, as in
   *   life.
   */
  async site(name: string, nat: NatKind, subnet = 1): Promise<Site> {
    const host = await this.host(name)
    const router = host.namespace
    const wan = await this.#publicNetwork(name)
    await wan.plug(router, 'wan', 2)
    await ipBatch(router, `route add default via ${wan.gateway}`, 'link add lan type bridge')
    const prefix = isRouted(nat) ? wan.prefix.replace('45.10', '45.20') : `192.168.${subnet}`
    await ipBatch(router, `addr add ${prefix}.1/24 dev lan`, 'link set lan up')
    if (isRouted(nat)) await ipBatch(this.#core, `route add ${prefix}.0/24 via ${wan.prefix}.2`)
    await setSysctl(router, 'net.ipv4.ip_forward', '1')
    const site = new Site(host, prefix, isRouted(nat) ? undefined : `${wan.prefix}.2`)
    await site.become(nat)
    return site
  }

  /** A LAN with a router between it and the internet, and a host on it. */
  async home(name: string, nat: NatKind): Promise<Host> {
    const host = await this.host(name)
    await host.attach(await this.site(`${name}-nat`, nat))
    return host
  }

  /** Ends every process in it and takes it down. Idempotent; it goes on where a part of it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    process.off('exit', this.#onExit)
    await Promise.all(this.#hosts.map((host) => host.killAll()))
    await Promise.all(this.#namespaces.splice(0).map(removeNamespace))
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** When the process ends without having closed the lab. */
  readonly #onExit = (): void => {
    for (const host of this.#hosts) host.killAllNow()
    for (const namespace of this.#namespaces) {
      spawnSync('ip', ['netns', 'del', namespace])
      rmSync(filesOf(namespace), { recursive: true, force: true })
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #namespace(name: string): Promise<string> {
    const namespace = `${this.#prefix}${this.#namespaces.length}-${name}`
    this.#namespaces.push(namespace)
    await execute('ip', ['netns', 'add', namespace])
    await ipBatch(namespace, 'link set lo up')
    return namespace
  }

  /** A line from the core to one customer. */
  async #publicNetwork(name: string): Promise<Network> {
    this.#networks += 1
    const port = `to${this.#networks}`
    const prefix = `45.10.${this.#networks}`
    const core = this.#core
    return new Network(name, prefix, async (namespace, device) => {
      await ipBatch(core, `link add ${port} type veth peer name ${device} netns ${namespace}`)
      await ipBatch(core, `addr add ${prefix}.1/24 dev ${port}`, `link set ${port} up`)
    })
  }
}

/** Something with a gateway that hosts can be plugged into. */
export class Network {
  readonly name: string
  /** The first three numbers of its addresses. */
  readonly prefix: string
  readonly #wire: (namespace: string, device: string) => Promise<void>
  #hosts = 1

  constructor(name: string, prefix: string, wire: (namespace: string, device: string) => Promise<void>) {
    this.name = name
    this.prefix = prefix
    this.#wire = wire
  }

  get gateway(): string {
    return `${this.prefix}.1`
  }

  /** The last number of the address of the next host. */
  nextNumber(): number {
    this.#hosts += 1
    return this.#hosts
  }

  /** Makes `device` in the namespace, with an address. */
  async plug(namespace: string, device: string, number: number): Promise<void> {
    await this.#wire(namespace, device)
    await ipBatch(namespace, `addr add ${this.prefix}.${number}/24 dev ${device}`, `link set ${device} up`)
  }
}

/** A router, its NAT, and the LAN behind it. */
export class Site extends Network {
  /** The address by which others see the hosts behind it; undefined where they have public ones. */
  readonly publicAddress: string | undefined
  readonly router: Host
  #ports = 0

  constructor(router: Host, prefix: string, publicAddress: string | undefined) {
    super(router.name, prefix, async (namespace, device) => {
      this.#ports += 1
      const port = `lan${this.#ports}`
      await ipBatch(
        router.namespace,
        `link add ${port} type veth peer name ${device} netns ${namespace}`,
        `link set ${port} master lan up`,
      )
    })
    this.router = router
    this.publicAddress = publicAddress
  }

  /** Its rules from now on. What it had mapped is forgotten by the rules, not by the kernel. */
  async become(nat: NatKind): Promise<void> {
    await loadRules(this.router.namespace, natRules(nat))
  }

  /** Swallows everything without a word, as a cable that was pulled further up. */
  async blackhole(): Promise<void> {
    const rules =
      'table ip lab {\n chain nothing {\n type filter hook forward priority filter; policy drop\n }\n}'
    await loadRules(this.router.namespace, rules)
  }
}

/** Removes the namespaces and folders of processes that are no more. */
export async function removeStale(): Promise<void> {
  const list = (await execute('ip', ['netns', 'list'])).split('\n').map((line) => line.split(' ')[0] ?? '')
  for (const name of list.filter((name) => isStale(name, NAMESPACE))) await removeNamespace(name)
  const folders = (await readdir(tmpdir())).filter((name) => isStale(name, FOLDER))
  for (const folder of folders) await rm(join(tmpdir(), folder), { recursive: true, force: true })
}

function isStale(name: string, pattern: RegExp): boolean {
  const pid = Number(pattern.exec(name)?.[1] ?? 0)
  return pid > 0 && !isAlive(pid)
}

/** Ends what runs in it, by pid, and removes it. It may be gone already: several labs clean up at once. */
async function removeNamespace(name: string): Promise<void> {
  const pids = await execute('ip', ['netns', 'pids', name]).catch(() => '')
  for (const pid of pids.split('\n').filter((line) => line !== '')) {
    try {
      process.kill(Number(pid), 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
  }
  await execute('ip', ['netns', 'del', name]).catch(() => '')
  await rm(filesOf(name), { recursive: true, force: true })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
