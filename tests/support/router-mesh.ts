/** Routers joined to each other by plain calls in virtual time: the core alone, without a node round it. */
import type { Identity } from '../../src/identity/identity.ts'
import { MeshRouter, type RoutedLink } from '../../src/routing/router.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { VirtualClock } from '../../src/sim/clock.ts'
import { announceBy, identityOf } from './frames.ts'

export interface TestLink extends RoutedLink {
  readonly from: number
  readonly to: number
}

export class RouterMesh {
  readonly clock = new VirtualClock()
  readonly identities: Identity[] = []
  readonly routers: MeshRouter<TestLink>[] = []
  /** `from` -> `to` -> the link as `from` sees it. */
  readonly links: Map<number, TestLink>[] = []
  readonly announcesSent: number[] = []
  readonly #sequences: number[] = []
  /** When each router is polled next. */
  readonly #polls: number[] = []

  constructor(nodes: number, seed: string, maxHops = 64) {
    for (let node = 0; node < nodes; node++) {
      const identity = identityOf(`${seed} ${node}`)
      this.identities.push(identity)
      this.links.push(new Map())
      this.announcesSent.push(0)
      this.#sequences.push(0)
      this.routers.push(
        new MeshRouter<TestLink>(
          {
            address: identity.address,
            relay: true,
            maxPaths: 1000,
            seenMessages: 1000,
            announce: {
              intervalMs: 600_000,
              minSpacingMs: 1000,
              jitterMs: 100,
              maxAgeMs: 1_800_000,
              maxHops,
            },
            makeAnnounce: () => this.#announce(node),
          },
          seededRandom(`${seed} router ${node}`),
        ),
      )
    }
  }

  connect(a: number, b: number, latencyMs = 1): void {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const profile = { bitsPerSecond: 1e9, broadcast: false }
      const neighbour = (this.identities[to] as Identity).address
      const link: TestLink = { from, to, latencyMs, profile, neighbour }
      this.links[from]?.set(to, link)
    }
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const router = this.routers[from] as MeshRouter<TestLink>
      router.linkUp(this.#link(from, to), this.clock.monotonic())
      this.#schedulePoll(from)
    }
  }

  disconnect(a: number, b: number): void {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      this.routers[from]?.linkDown(this.#link(from, to))
      this.links[from]?.delete(to)
    }
  }

  /** A router asks the mesh for a path. */
  want(from: number, to: number): 'asking' | 'not_found' {
    const { address } = this.identities[to] as Identity
    const outcome = (this.routers[from] as MeshRouter<TestLink>).want(address, this.clock.monotonic())
    this.#schedulePoll(from)
    return outcome
  }

  /** Follows the next hops from one node to another. Undefined where they end, loop or miss a path. */
  walk(from: number, to: number): number[] | undefined {
    const destination = (this.identities[to] as Identity).address
    const nodes = [from]
    while (nodes.at(-1) !== to) {
      const link = this.routers[nodes.at(-1) as number]?.pathTo(destination)?.link
      if (link === undefined || nodes.includes(link.to)) return undefined
      nodes.push(link.to)
    }
    return nodes
  }

  #link(from: number, to: number): TestLink {
    return this.links[from]?.get(to) as TestLink
  }

  #announce(node: number): Uint8Array {
    const created = Math.floor(this.clock.now() / 1000)
    const sequence = Math.max((this.#sequences[node] as number) + 1, created)
    this.#sequences[node] = sequence
    return announceBy(this.identities[node] as Identity, { created, sequence })
  }

  #schedulePoll(node: number): void {
    const router = this.routers[node] as MeshRouter<TestLink>
    const due = router.nextDue
    if (due >= (this.#polls[node] ?? Number.POSITIVE_INFINITY)) return
    this.#polls[node] = due
    this.clock.setTimer(due - this.clock.monotonic(), () => {
      if (this.#polls[node] === due) this.#polls[node] = Number.POSITIVE_INFINITY
      for (const { link, frame } of router.poll(this.clock.monotonic())) this.#carry(link, frame)
      this.#schedulePoll(node)
    })
  }

  #carry(link: TestLink, frame: Uint8Array): void {
    this.announcesSent[link.from] = (this.announcesSent[link.from] as number) + 1
    const copy = Uint8Array.from(frame)
    this.clock.setTimer(link.latencyMs, () => {
      const back = this.links[link.to]?.get(link.from)
      const router = this.routers[link.to] as MeshRouter<TestLink>
      if (back === undefined || router.inspect(copy, this.clock.now()) !== undefined) return
      router.accept(copy, back, this.clock.monotonic(), this.clock.now())
      this.#schedulePoll(link.to)
    })
  }
}
