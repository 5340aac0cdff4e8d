/** Three nodes in a row, each a process of its own: A and C know each other over B alone. */
import { Child } from './child.ts'
import type { MeshNodeCommands } from './fixtures/mesh-node.ts'

export class Chain implements AsyncDisposable {
  readonly a: Child<MeshNodeCommands>
  readonly b: Child<MeshNodeCommands>
  readonly c: Child<MeshNodeCommands>
  addressOfB = ''
  addressOfC = ''

  static async start(profile: string | undefined): Promise<Chain> {
    const chain = new Chain(profile)
    try {
      await chain.#join()
    } catch (error) {
      await chain[Symbol.asyncDispose]()
      throw error
    }
    return chain
  }

  private constructor(profile: string | undefined) {
    this.a = new Child('mesh-node', { name: 'node-a', profile })
    this.b = new Child('mesh-node', { name: 'node-b', profile })
    this.c = new Child('mesh-node', { name: 'node-c', profile })
  }

  async #join(): Promise<void> {
    const { address, listen } = await this.b.call('start', [])
    const [a, c] = await Promise.all([this.a.call('start', [listen]), this.c.call('start', [listen])])
    this.addressOfB = address
    this.addressOfC = c.address
    await Promise.all([
      this.a.call('findPaths', [address, c.address]),
      this.c.call('findPaths', [address, a.address]),
    ])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.a, this.b, this.c].map((node) => node[Symbol.asyncDispose]()))
  }
}
