/** Nodes with emulated radios, in virtual time: what they tell of airtime, of what waits for it, and of faults. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { seededRandom } from '../../src/runtime/random.ts'
import type { EmulatedModem } from '../../src/sim/rnode/modem.ts'
import { EmulatedAir } from '../../src/sim/rnode/network.ts'
import { encodeLedger } from '../../src/transport/lora/ledger/ledger-file.ts'
import { lora } from '../../src/transport/lora/lora.ts'
import { during, type TestMesh, type TestNode, withMesh } from '../support/test-mesh.ts'
import { SimDisk } from '../transport/lora/ledger/sim-disk.ts'

/** Band P of EU868: 10 % of an hour. */
const BUDGET_S = 360

interface RadioNode extends TestNode {
  readonly modem: EmulatedModem
  readonly disk: SimDisk
}

class Radios {
  readonly #mesh: TestMesh
  readonly #air: EmulatedAir

  constructor(mesh: TestMesh) {
    this.#mesh = mesh
    this.#air = new EmulatedAir({ clock: mesh.clock, random: seededRandom('radios') })
  }

  /** @param usedUpForS for so many seconds more the law leaves this node no airtime. */
  async node(name: string, { usedUpForS = 0 } = {}): Promise<RadioNode> {
    const modem = this.#air.modem({ name })
    const disk = new SimDisk()
    if (usedUpForS > 0) {
      const at = (this.#mesh.clock.monotonic() / 1000 + usedUpForS - 3600) * 1e6
      disk.content = encodeLedger({ slackUs: 0, transmissions: [{ at, us: BUDGET_S * 1e6 }] })
    }
    const line = { open: modem.openLine, bootMs: 2000, answerMs: 500, gapMs: 100 }
    const transports = [lora({ port: name, line, ledger: disk.medium() })]
    const node = await during(this.#mesh, this.#mesh.node(name, {}, { transports }))
    return { ...node, modem, disk }
  }

  /** Until they have met. */
  async meet(...nodes: readonly TestNode[]): Promise<void> {
    const isDone = ({ node }: TestNode): boolean => node.status().paths.length === nodes.length - 1
    for (let s = 0; !nodes.every(isDone); s++) {
      assert.ok(s < 120, 'they have not met')
      await this.#mesh.pass(1000)
    }
  }
}

async function withRadios(run: (radios: Radios, mesh: TestMesh) => Promise<void>): Promise<void> {
  await withMesh(async (mesh) => {
    await mesh.pass(2 * 3_600_000)
    await run(new Radios(mesh), mesh)
  })
}

const HELLO = Buffer.from('hello')

/** alice, whose airtime is used up for 250 s, has heard bob. */
async function waitingPair(radios: Radios, mesh: TestMesh): Promise<readonly [RadioNode, RadioNode]> {
  const alice = await radios.node('alice', { usedUpForS: 250 })
  const bob = await radios.node('bob')
  const before = mesh.clock.monotonic()
  await radios.meet({ ...alice }, { ...bob, node: alice.node })
  assert.ok(mesh.clock.monotonic() - before < 60_000)
  return [alice, bob]
}

describe('a message behind airtime that is used up', () => {
  test('is queued, says when it leaves, and leaves then', () =>
    withRadios(async (radios, mesh) => {
      const startedAt = mesh.clock.monotonic()
      const [alice, bob] = await waitingPair(radios, mesh)
      const delivery = await during(mesh, alice.node.send(bob.node.address, HELLO))
      assert.equal(delivery.state, 'queued')
      const { expectedMs = 0 } = delivery
      const leavesAt = mesh.clock.monotonic() + expectedMs
      assert.ok(leavesAt > startedAt + 250_000, `${expectedMs}`)
      const [radio] = alice.run.metricsSnapshot().radios
      assert.ok(Math.abs((radio?.queueSeconds ?? 0) - expectedMs / 1000) < 1, `${radio?.queueSeconds}`)
      assert.equal(radio?.duty?.leftSeconds, 0)
      assert.equal(bob.heard.length, 0)

      await mesh.pass(expectedMs - 10_000)
      assert.equal(delivery.state, 'queued')
      const states: string[] = []
      delivery.watch(({ state, expectedMs: expected }) => states.push(`${state} ${expected}`))
      await mesh.pass(20_000)
      assert.equal(delivery.state, 'delivered')
      assert.deepEqual([...new Set(['sent undefined', ...states])], ['sent undefined', 'delivered undefined'])
      assert.equal(bob.heard.length, 1)
    }))

  test('expires with the reason where its lifetime is over before, receipt or not', () =>
    withRadios(async (radios, mesh) => {
      const [alice, bob] = await waitingPair(radios, mesh)
      for (const receipt of [true, false]) {
        const options = { ttlMs: 60_000, receipt }
        const delivery = await during(mesh, alice.node.send(bob.node.address, HELLO, options))
        assert.equal(delivery.state, 'queued')
        await mesh.pass(58_000)
        assert.equal(delivery.state, 'queued')
        await mesh.pass(4000)
        assert.deepEqual([delivery.state, delivery.reason], ['expired', 'congested'])
      }
    }))

  test('goes into the store where the modem is lost meanwhile, and comes through once it is back', () =>
    withRadios(async (radios, mesh) => {
      const [alice, bob] = await waitingPair(radios, mesh)
      const send = (receipt: boolean) =>
        during(mesh, alice.node.send(bob.node.address, Buffer.from(`${receipt}`), { receipt }))
      const [asking, quiet] = [await send(true), await send(false)]
      assert.deepEqual([asking.state, quiet.state], ['queued', 'queued'])
      alice.modem.unplug()
      await mesh.pass(1000)
      assert.equal(quiet.state, 'stored')
      assert.notEqual(asking.state, 'sent')
      alice.modem.plugIn()
      await mesh.pass(600_000)
      assert.equal(asking.state, 'delivered')
      const heard = bob.heard.map(({ payload }) => Buffer.from(payload).toString())
      assert.deepEqual(heard.toSorted(), ['false', 'true'])
    }))
})

test('a message that leaves at once is sent, and no time is told', () =>
  withRadios(async (radios, mesh) => {
    const [alice, bob] = [await radios.node('alice'), await radios.node('bob')]
    await radios.meet(alice, bob)
    await mesh.pass(10_000)
    const delivery = await during(mesh, alice.node.send(bob.node.address, HELLO))
    assert.deepEqual([delivery.state, delivery.expectedMs], ['sent', undefined])
    await mesh.pass(10_000)
    assert.equal(delivery.state, 'delivered')
  }))

test('the time that a text is told leaves out what is less urgent', () =>
  withRadios(async (radios, mesh) => {
    const [alice, bob] = [await radios.node('alice'), await radios.node('bob')]
    await radios.meet(alice, bob)
    await mesh.pass(10_000)
    const send = (bytes: number, priority: 'bulk' | 'text') =>
      during(mesh, alice.node.send(bob.node.address, new Uint8Array(bytes), { priority }))
    const first = await send(6000, 'bulk')
    const bulk = await send(6000, 'bulk')
    // Some 50 packets of 0.73 s each.
    assert.ok((bulk.expectedMs ?? 0) > 34_000 && (bulk.expectedMs ?? 0) < 44_000, `${bulk.expectedMs}`)
    const text = await send(900, 'text')
    assert.equal(text.state, 'queued')
    // Only what the modem has taken already goes before it.
    const told = text.expectedMs ?? 0
    assert.ok(told >= 2000 && told < (bulk.expectedMs ?? 0) / 2, `${told}`)
    await mesh.pass(180_000)
    assert.deepEqual([first.state, bulk.state, text.state], Array(3).fill('delivered'))
  }))

test('neighbours are those in reach, with their loss; the air itself is none', () =>
  withRadios(async (radios, mesh) => {
    const alice = await radios.node('alice')
    await mesh.pass(5000)
    assert.deepEqual(alice.node.status().neighbours, [])
    assert.equal(alice.run.metricsSnapshot().transports[0]?.links, 0)
    const bob = await radios.node('bob')
    await radios.meet(alice, bob)
    const [neighbour, ...others] = alice.node.status().neighbours
    assert.equal(neighbour?.address, bob.node.address.toString())
    assert.equal(neighbour?.loss, 0)
    assert.deepEqual(others, [])
    assert.equal(alice.run.metricsSnapshot().transports[0]?.links, 1)
    assert.equal(alice.run.metricsSnapshot().radios[0]?.neighbours, 1)
  }))

test('a node is degraded while its modem is gone or its ledger cannot be written, and says why', () =>
  withRadios(async (radios, mesh) => {
    const [alice, bob] = [await radios.node('alice'), await radios.node('bob')]
    await radios.meet(alice, bob)
    const health = () => {
      const { status, checks } = alice.run.health()
      return [status, checks['transport']?.detail] as const
    }
    const radio = () => alice.run.metricsSnapshot().radios[0]
    assert.deepEqual(health(), ['healthy', '1 link up'])
    assert.deepEqual([radio()?.isUp, radio()?.problem], [true, undefined])

    alice.modem.unplug()
    await mesh.pass(1000)
    const [status, detail = ''] = health()
    assert.equal(status, 'degraded')
    assert.match(detail, /^alice: ./)
    assert.deepEqual([radio()?.isUp, radio()?.problem], [false, detail])
    alice.modem.plugIn()
    await radios.meet(alice, bob)
    await mesh.pass(5000)
    assert.equal(health()[0], 'healthy')

    alice.disk.fate = { kind: 'full', part: 0 }
    await during(mesh, alice.node.send(bob.node.address, HELLO))
    await mesh.pass(100)
    const full = /^no air: the ledger simulated cannot be written: ENOSPC/
    assert.equal(health()[0], 'degraded')
    assert.match(health()[1] ?? '', full)
    assert.match(radio()?.problem ?? '', full)
    await mesh.pass(10_000)
    assert.deepEqual(health(), ['healthy', '1 link up'])
  }))

test('figures of airtime agree with what was on the air', () =>
  withRadios(async (radios, mesh) => {
    const [alice, bob] = [await radios.node('alice'), await radios.node('bob')]
    await radios.meet(alice, bob)
    await mesh.pass(60_000)
    for (const { run, modem } of [alice, bob]) {
      const [radio] = run.metricsSnapshot().radios
      assert.ok(radio?.duty)
      assert.equal(radio.port, modem.name)
      assert.deepEqual(radio.channel, {
        frequencyHz: 869_525_000,
        txPowerDbm: 14,
        spreadingFactor: 8,
        bandwidthHz: 125_000,
        codingRate: 5,
      })
      assert.ok(radio.packetsSent > 0 && radio.packetsReceived > 0)
      const { band, budgetSeconds, usedSeconds, leftSeconds } = radio.duty
      assert.deepEqual([band, budgetSeconds], ['P', BUDGET_S])
      assert.ok(radio.airtimeSeconds > 0.5)
      assert.ok(Math.abs(usedSeconds - radio.airtimeSeconds) < 1e-6)
      assert.ok(Math.abs(usedSeconds + leftSeconds - BUDGET_S) < 1e-6)
      assert.equal(radio.queueSeconds, 0)
      assert.equal(typeof radio.modem.channelLoad, 'number')
      assert.equal(typeof radio.modem.noiseFloorDbm, 'number')
    }
  }))

test('a band whose airtime is too little for a single packet of use is refused', () =>
  withMesh(async (mesh) => {
    const disk = new SimDisk()
    const settings = { region: 'EU868', frequencyHz: 864_000_000, spreadingFactor: 12 } as const
    const transports = [lora({ port: 'a', ...settings, ledger: disk.medium() })]
    await assert.rejects(mesh.node('alice', {}, { transports }), {
      code: 'ERR_CONFIG',
      message: /^radio a: no packet of use fits into the 3600 ms/,
    })
  }))
