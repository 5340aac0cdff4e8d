import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DESTINATION_AT } from '../../../../src/wire/envelope.ts'
import { type BenchNode, hexOf, LinkBench } from './bench.ts'

const MINUTE_MS = 60_000
/** So little that a dozen frames use it up. */
const account = { budgetUs: 4_000_000, earliest: (now: number) => now, charge: () => true }

/** A line: what alice sends to carol goes by the relay, which passes on at once what it gets. */
function line(): { bench: LinkBench; alice: BenchNode; relay: BenchNode; carol: BenchNode } {
  const bench = new LinkBench('relay')
  const [alice, relay, carol] = bench.nodes(['alice', 'relay', 'carol'], { account })
  assert.ok(alice !== undefined && relay !== undefined && carol !== undefined)
  relay.host.onFrame = (_, frame) => {
    if (frame[0] === 0x12 && carol.identity.address.isAt(frame, DESTINATION_AT)) {
      relay.to(carol)?.send(frame.slice(), 2)
    }
  }
  return { bench, alice, relay, carol }
}

function arrivedAt({ host }: BenchNode, frame: Uint8Array): boolean {
  return host.frames.some((one) => hexOf(one) === hexOf(frame))
}

describe('a neighbour that has a relay spend its airtime', () => {
  it('is not relayed any more when most of it is used up, but heard, and relayed again later', () => {
    const { bench, alice, relay, carol } = line()
    for (let n = 0; n < 30; n++) {
      alice.send(relay, bench.frame(alice, carol, 120))
      bench.clock.advance(4000)
    }
    const relayed = carol.host.frames.length
    assert.ok(relay.errors('airtime_limit') > 0)
    assert.ok(relayed > 3 && relayed < 25, `${relayed} frames were relayed`)
    const greeting = bench.frame(alice, relay, 20)
    alice.send(relay, greeting)
    bench.clock.advance(MINUTE_MS)
    assert.ok(arrivedAt(relay, greeting), 'what is for the relay itself is taken')
    const [fromCarol, toAlice] = [bench.frame(carol, alice, 20), relay.host.frames.length]
    carol.send(relay, fromCarol)
    bench.clock.advance(MINUTE_MS)
    assert.ok(relay.host.frames.length > toAlice && arrivedAt(relay, fromCarol), 'so is what others bring')
    for (let n = 0; n < 300; n++) {
      bench.clock.advance(MINUTE_MS)
      if (n % 20 === 0) bench.meet([relay, alice, carol])
    }
    assert.equal(alice.transport.station.queuedBytes, 0)
    assert.ok(
      alice.accepted.every(({ frame }) => arrivedAt(relay, frame)),
      'nothing was lost',
    )
  })

  it('does not spend its own in vain on a relay that takes nothing', () => {
    const { bench, alice, relay } = line()
    relay.to(alice)?.pause()
    for (let n = 0; n < 20; n++) alice.send(relay, bench.frame(alice, relay, 16))
    bench.clock.advance(MINUTE_MS)
    const before = bench.air.log.length
    bench.clock.advance(10 * MINUTE_MS)
    const packets = bench.air.log.length - before
    assert.ok(packets < 120, `${packets} packets in ten minutes`)
    relay.to(alice)?.resume()
    bench.clock.advance(3 * MINUTE_MS)
    assert.ok(alice.accepted.every(({ frame }) => arrivedAt(relay, frame)))
  })
})
