/** What every service has to do, as tests: `serviceCompliance('echo', () => echo())`. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Identity } from '../identity/identity.ts'
import { MeshNode } from '../node/mesh-node.ts'
import type { RunHandle } from '../node/run-handle.ts'
import { seededRandom } from '../runtime/random.ts'
import type { Service } from '../services/service.ts'
import { VirtualClock } from '../sim/clock.ts'
import { memory } from '../transport/memory/memory.ts'
import { MemoryNetwork } from '../transport/memory/network.ts'
import { MAX_BODY_BYTES } from '../wire/frame.ts'

/** How long a service may take, in virtual time, to answer for a message or to stop. */
const PATIENCE_MS = 30_000
const HOSTILE_PAYLOADS = 200

/** Registers the suite with `node:test`. @param create a fresh service each time. */
export function serviceCompliance(name: string, create: () => Service): void {
  describe(`service ${name}`, () => {
    it('has a number of its own, a name, a version and 16 bits of capabilities', () => {
      const service = create()
      assert.ok(
        Number.isInteger(service.id) && service.id >= 256 && service.id <= 65_535,
        `number ${service.id}`,
      )
      assert.notEqual(service.name, '')
      assert.ok(Number.isInteger(service.version))
      assert.ok(Number.isInteger(service.capabilities) && service.capabilities >= 0)
      assert.ok(service.capabilities <= 0xffff)
    })

    it('starts and stops, and a second one starts after it', async () => {
      for (let round = 0; round < 2; round++) {
        const stage = await Stage.open(create())
        assert.deepEqual(await stage.close(), [])
      }
    })

    it('answers for every payload, whatever is in it, and stops cleanly after', async () => {
      const seed = `payloads for ${name}`
      const random = seededRandom(seed)
      const service = create()
      const stage = await Stage.open(service)
      const payloads: Uint8Array[] = [new Uint8Array(0), new Uint8Array(MAX_BODY_BYTES)]
      while (payloads.length < HOSTILE_PAYLOADS) payloads.push(random.bytes(random.below(300)))
      for (const [index, payload] of payloads.entries()) {
        const settled = await stage.send(service.id, payload)
        assert.ok(settled, `seed '${seed}', payload ${index}: no answer within ${PATIENCE_MS / 1000} s`)
      }
      assert.deepEqual(await stage.close(), [])
    })
  })
}

/** Two nodes in virtual time; the service runs on one, the other talks to it. */
class Stage {
  readonly #clock = new VirtualClock()
  readonly #network = new MemoryNetwork(this.#clock)
  readonly #runs: RunHandle[] = []

  static async open(service: Service): Promise<Stage> {
    const stage = new Stage()
    const host = await stage.#node('host', [service])
    const guest = await stage.#node('guest', [])
    stage.#network.connect(host.address, guest.address)
    await stage.#clock.advanceAsync(1000)
    return stage
  }

  /** @returns whether the service was done with the message, well or badly, in its time. */
  async send(service: number, payload: Uint8Array): Promise<boolean> {
    const [host, guest] = this.#runs as [RunHandle, RunHandle]
    const delivery = await guest.node.send(host.node.address, payload, { service })
    for (let passed = 0; passed < PATIENCE_MS && !delivery.settled; passed += 10)
      await this.#clock.advanceAsync(10)
    return delivery.settled
  }

  /** @returns what did not stop in time. */
  async close(): Promise<readonly string[]> {
    const stopped = Promise.all(this.#runs.map((run) => run.shutdown({ deadlineMs: PATIENCE_MS })))
    let done = false
    stopped.finally(() => {
      done = true
    })
    while (!done) await this.#clock.advanceAsync(100)
    return (await stopped).flatMap(({ open }) => open)
  }

  async #node(name: string, services: readonly Service[]): Promise<MeshNode> {
    const node = await MeshNode.create({
      identity: Identity.generate(seededRandom(`identity ${name}`)),
      clock: this.#clock,
      random: seededRandom(name),
      transports: [memory({ network: this.#network })],
      services,
    })
    this.#runs.push(await node.run())
    return node
  }
}
