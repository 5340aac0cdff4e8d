import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { Identity } from '../../src/identity/identity.ts'
import { MeshNode } from '../../src/node/mesh-node.ts'
import type { MeshNodeOptions } from '../../src/node/options.ts'
import type { RunHandle } from '../../src/node/run-handle.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import type { Candidate } from '../../src/transport/admission.ts'

const LIMIT = { timeout: 30_000 }
const ALICE = Identity.generate(seededRandom('admission alice'))

async function run(test: TestContext, options: MeshNodeOptions): Promise<RunHandle> {
  const handle = await (await MeshNode.create(options)).run()
  test.after(() => handle.shutdown())
  return handle
}

/** Alice, who calls a node. */
function alice(test: TestContext, { listenAddresses }: RunHandle): Promise<RunHandle> {
  const config = { transport: { tcp: { listen: [], peers: listenAddresses } } }
  return run(test, { identity: ALICE, config })
}

/** Resolves with the reason. */
function linkDown({ node }: RunHandle): Promise<string> {
  return new Promise((resolve) => node.once('linkDown', (_link, reason) => resolve(reason)))
}

function linkUp({ node }: RunHandle): Promise<void> {
  return new Promise((resolve) => node.once('linkUp', () => resolve()))
}

function refused(node: RunHandle): number {
  const errors = node.metricsSnapshot().transports.flatMap((transport) => Object.entries(transport.errors))
  return errors.find(([reason]) => reason === 'refused_denied')?.[1] ?? 0
}

describe("a node's own rules of admission", () => {
  it('decide for all of its transports who may have a link, and are counted', LIMIT, async (test) => {
    const asked: Candidate[] = []
    const asks = Promise.withResolvers<void>()
    const bob = await run(test, {
      admit: (candidate) => {
        asked.push(candidate)
        if (asked.length < 2) return { code: 'denied', reason: 'not at the first time' }
        asks.resolve()
        return 'accept'
      },
    })
    const up = linkUp(bob)
    await alice(test, bob)
    await Promise.all([asks.promise, up])
    assert.deepEqual(
      asked.map(({ neighbour, transport, direction }) => `${neighbour} ${transport} ${direction}`),
      new Array(2).fill(`${ALICE.address} tcp inbound`),
    )
    assert.equal(refused(bob), 1)
  })

  it('are those of the configuration as well', LIMIT, async (test) => {
    const deny = [Buffer.from(ALICE.publicKey).toString('hex')]
    const bob = await run(test, { config: { transport: { admission: { deny } } } })
    const refusal = Promise.withResolvers<void>()
    const carol = await alice(test, bob)
    const watch = setInterval(() => {
      if (refused(carol) > 0) refusal.resolve()
    }, 5)
    await refusal.promise
    clearInterval(watch)
    assert.equal(bob.node.status().neighbours.length, 0)
  })

  it('end the links they exclude when they change', LIMIT, async (test) => {
    const bob = await run(test, {})
    const up = linkUp(bob)
    await alice(test, bob)
    await up
    const down = linkDown(bob)
    bob.node.setAdmission({ allow: [ALICE.publicKey] })
    bob.node.setAdmission({ allow: [] })
    assert.equal(await down, 'denied')
  })
})
