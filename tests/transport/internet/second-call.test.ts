import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Clock, systemClock } from '../../../src/runtime/clock.ts'
import { VirtualClock } from '../../../src/sim/clock.ts'
import { RecordingHost } from '../../../src/testing/recording-host.ts'
import { MISSED_SIGN_MS, VIGIL_MS } from '../../../src/transport/internet/limits.ts'
import { encodeTerms } from '../../../src/transport/internet/link-frames.ts'
import { tcp } from '../../../src/transport/internet/tcp.ts'
import type { Transport } from '../../../src/transport/transport.ts'
import { Cable } from './cable.ts'
import { RAW_TERMS, RawNeighbour } from './raw-neighbour.ts'
import { ANY_PORT, componentsOf, makeTcp, orderedIdentities } from './tcp-bench.ts'

const LIMIT = { timeout: 30_000 }

/** Time that a test sets, and input that comes as it comes. */
function steppedClock(virtual: VirtualClock): Clock {
  return {
    now: () => virtual.now(),
    monotonic: () => virtual.monotonic(),
    setTimer: (delayMs, task) => virtual.setTimer(delayMs, task),
    defer: (task) => systemClock.defer(task),
  }
}

async function advance(virtual: VirtualClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 50) {
    virtual.advance(50)
    for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('a line that goes dead while the neighbour can be called anew', LIMIT, () => {
  for (const [caller, isFirst] of [
    ['smaller', true],
    ['larger', false],
  ] as const) {
    it(`costs the link no more than ${MISSED_SIGN_MS} ms and no frame, called by the ${caller} address`, async (test) => {
      const virtual = new VirtualClock()
      const identities = orderedIdentities()
      const [own, other] = isFirst ? identities : identities.toReversed()
      assert.ok(own && other)
      const start = async (identity: typeof own, options: Parameters<typeof tcp>[0]) => {
        const host = new RecordingHost(test.signal)
        const transport: Transport = tcp(options)(componentsOf(identity, steppedClock(virtual)))
        await transport.start(host)
        return { host, transport }
      }
      const b = await start(other, { listen: [ANY_PORT] })
      const cable = await Cable.lay(b.transport.listenAddresses[0] ?? '')
      const a = await start(own, { peers: [cable.address] })
      const [atA, atB] = await Promise.all([a.host.link(), b.host.link()])
      await advance(virtual, 3000)
      assert.deepEqual([a.host.ups.length, b.host.ups.length], [1, 1])

      cable.freeze()
      const [fromA, fromB] = [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5, 6)]
      atA.send(fromA, 2)
      atB.send(fromB, 2)
      const frozenAt = virtual.monotonic()
      while (a.host.ups.length < 2) await advance(virtual, 50)
      assert.ok(virtual.monotonic() - frozenAt <= MISSED_SIGN_MS + 2 * VIGIL_MS)
      const [downA, downB] = await Promise.all([a.host.down(atA), b.host.down(atB)])
      assert.deepEqual([downA.reason, downB.reason], ['replaced', 'replaced'])
      assert.deepEqual([downA.unsent, downB.unsent], [[fromA], [fromB]])
      a.host.links[0]?.send(fromA, 2)
      await b.host.framesArrived(1)
      await advance(virtual, 10_000)
      assert.deepEqual([a.host.ups.length, b.host.ups.length], [2, 2])

      const stopped = Promise.all([
        a.transport.stop(AbortSignal.abort()),
        b.transport.stop(AbortSignal.abort()),
      ])
      const timer = setInterval(() => virtual.advance(1000), 1)
      await stopped
      clearInterval(timer)
      await cable.remove()
    })
  }
})

describe('a neighbour that calls while it is called', LIMIT, () => {
  it('gets a new link at once when it has restarted, and none when it has not', async (test) => {
    const [own, other] = orderedIdentities()
    const raw = await RawNeighbour.start(other, test.signal)
    const host = new RecordingHost(test.signal)
    const node = makeTcp(own, { listen: [ANY_PORT], peers: [raw.address] })
    test.after(() => Promise.all([node.stop(AbortSignal.abort()), raw.stop()]))
    await node.start(host)
    const called = await raw.accept()
    const hello = await called.receiveLinkFrame()
    assert.ok(hello?.type === 'hello' && (hello.terms.session ?? 0) > 0)
    called.send(encodeTerms('accept', { ...RAW_TERMS, session: 7 }))
    const first = await host.link()

    const address = node.listenAddresses[0] ?? ''
    const refused = await (await raw.dial(address)).hello({ session: 7 })
    assert.deepEqual(refused, { type: 'refuse', refusal: 'duplicate' })
    const answer = await (await raw.dial(address)).hello({ session: 8 })
    assert.ok(answer?.type === 'accept')
    assert.equal(answer.terms.session, hello.terms.session)
    assert.equal((await host.down(first)).reason, 'replaced')
    assert.equal(host.links.length, 1)
  })
})
