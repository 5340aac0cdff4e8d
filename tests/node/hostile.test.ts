import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom } from '../../src/runtime/random.ts'
import { FrameKind } from '../../src/wire/frame.ts'
import { encodeReport, ReportType } from '../../src/wire/report.ts'
import { announceBy, identityOf, messageBy, T0 } from '../support/frames.ts'
import { type RawPeer, type TestMesh, type TestNode, withMesh } from '../support/test-mesh.ts'

function dropped(node: TestNode, reason: string): number {
  const counts = node.run.metricsSnapshot().envelopes
  return counts.find((count) => count.action === 'dropped' && count.reason === reason)?.count ?? 0
}

/** A node and a peer that may say anything, with a link between them and the peer's announce heard. */
async function facing(
  mesh: TestMesh,
): Promise<{ node: TestNode; peer: RawPeer; say: (frame: Uint8Array) => Promise<void> }> {
  const node = await mesh.node('node')
  const peer = await mesh.raw('peer')
  mesh.connect(peer, node)
  await mesh.pass(10)
  const say = async (frame: Uint8Array): Promise<void> => {
    peer.links[0]?.send(frame, 2)
    await mesh.pass(10)
  }
  await say(announceBy(peer.identity))
  return { node, peer, say }
}

describe('a hostile neighbour', () => {
  const me = identityOf('node')
  const peer = identityOf('peer')
  const stranger = identityOf('stranger')
  const good = (): Uint8Array => messageBy(peer, me)

  function changed(frame: Uint8Array, at: number): Uint8Array {
    const copy = Uint8Array.from(frame)
    const index = at < 0 ? copy.length + at : at
    copy[index] = (copy[index] as number) ^ 1
    return copy
  }

  const frames: [name: string, reason: string, frame: () => Uint8Array][] = [
    ['a truncated frame', 'truncated', () => good().subarray(0, 20)],
    ['a frame for a version to come', 'unknown_version', () => good().fill(0x22, 0, 1)],
    ['a frame of a kind to come', 'unknown_kind', () => good().fill(0x19, 0, 1)],
    ['a link frame where none belongs', 'unknown_kind', () => good().fill(0x1f, 0, 1)],
    ['reserved bits', 'malformed', () => changed(good(), 1)],
    ['an expired message', 'expired', () => messageBy(peer, me, { created: T0 - 10, lifetime: 5 })],
    ['a message from the future', 'future', () => messageBy(peer, me, { created: T0 + 700 })],
    ['a changed body', 'bad_signature', () => changed(good(), 48)],
    ['a changed destination', 'bad_signature', () => changed(good(), 2)],
    ['a changed signature', 'bad_signature', () => changed(good(), -3)],
    ['a message in the name of another', 'unknown_source', () => changed(good(), 20)],
    ['an announce with a changed key', 'bad_signature', () => changed(announceBy(stranger), 20)],
    ['an old announce', 'stale', () => announceBy(peer, { sequence: T0 - 1 })],
    ['an announce from the future', 'future', () => announceBy(stranger, { created: T0 + 700 })],
    ['a message at the hop limit', 'hop_limit', () => good().fill(128, -2, -1)],
  ]
  for (const [name, reason, frame] of frames) {
    it(`is refused ${name}, counted as ${reason}, and keeps its link`, async () => {
      await withMesh(async (mesh) => {
        const { node, peer: raw, say } = await facing(mesh)
        await say(frame())
        await mesh.pass(3000) // what waits for an announce waits two seconds
        assert.equal(dropped(node, reason), 1)
        assert.equal(node.heard.length, 0)
        assert.deepEqual(raw.downs, [])
        await say(good())
        assert.equal(node.heard.length, 1, 'and an honest frame still arrives')
      })
    })
  }

  it('cannot have a message delivered twice, whatever it does to the trailer', async () => {
    await withMesh(async (mesh) => {
      const { node, say } = await facing(mesh)
      for (let attempt = 0; attempt < 256; attempt++) await say(good().fill(attempt, -1))
      await say(good())
      assert.equal(node.heard.length, 1)
      assert.ok(node.run.metricsSnapshot().replays >= 256)
    })
  })

  it('cannot block a message by a forgery that comes first', async () => {
    await withMesh(async (mesh) => {
      const { node, say } = await facing(mesh)
      await say(changed(good(), -10))
      await say(good())
      assert.equal(node.heard.length, 1)
    })
  })

  it('cannot end the custody of, or vouch for, a message to somebody else', async () => {
    await withMesh(async (mesh) => {
      const { node, peer: raw, say } = await facing(mesh)
      const bob = await mesh.node('bob')
      mesh.connect(bob, node)
      await mesh.pass(2000)
      mesh.disconnect(bob, node)
      const delivery = await node.node.send(bob.node.address, new Uint8Array(3))
      assert.equal(delivery.state, 'stored')
      const [created, sequence] = [delivery.id.slice(0, 8), delivery.id.slice(8)].map((hex) =>
        Number.parseInt(hex, 16),
      )
      for (const type of [ReportType.delivered, ReportType.failed]) {
        const body = encodeReport({
          type,
          detail: 0,
          created: created as number,
          sequence: sequence as number,
        })
        await say(
          messageBy(raw.identity, me, { kind: FrameKind.report, body, sequence: 70 + type, receipt: false }),
        )
      }
      assert.equal(delivery.state, 'stored')
      assert.equal(node.run.metricsSnapshot().store?.messages, 1)
    })
  })

  it('loses its link when it sends more garbage than the budget, and nobody else does', async () => {
    await withMesh(async (mesh) => {
      const { node, peer: raw } = await facing(mesh)
      const bob = await mesh.node('bob')
      mesh.connect(bob, node)
      await mesh.pass(1000)
      for (let n = 0; n < 60; n++) raw.links[0]?.send(changed(good(), -10), 2)
      await mesh.pass(100)
      assert.deepEqual(raw.downs.length, 1)
      assert.equal(node.run.metricsSnapshot().rateLimited['garbage'], 1)
      await bob.node.send(me.address, new Uint8Array(1))
      await mesh.pass(100)
      assert.equal(node.heard.length, 1)
    })
  })

  it('is held to its rate, and what is over it is counted', async () => {
    await withMesh(async (mesh) => {
      const node = await mesh.node('node', { rate_limit: { frames_per_s: 10, burst_s: 2 } })
      const raw = await mesh.raw('peer')
      mesh.connect(raw, node)
      await mesh.pass(10)
      raw.links[0]?.send(announceBy(peer), 0)
      for (let n = 0; n < 100; n++) raw.links[0]?.send(messageBy(peer, me, { sequence: n }), 2)
      await mesh.pass(50)
      assert.equal(node.heard.length, 19, '20 frames at once, the announce among them')
      assert.equal(node.run.metricsSnapshot().rateLimited['frames'], 81)
      assert.deepEqual(raw.downs, [])
    })
  })

  it('gets nowhere with 10,000 random and mutated frames', async () => {
    const seed = 'noise 1'
    const random = seededRandom(seed)
    await withMesh(async (mesh) => {
      const node = await mesh.node('node', { rate_limit: { garbage_per_s: 1_000_000 } })
      const raw = await mesh.raw('peer')
      mesh.connect(raw, node)
      await mesh.pass(10)
      raw.links[0]?.send(announceBy(peer), 0)
      await mesh.pass(10)
      const originals = [
        good(),
        announceBy(peer),
        messageBy(peer, stranger),
        messageBy(peer, me, { key: peer.publicKey }),
      ]
      for (let n = 0; n < 10_000; n++) {
        const original = originals[random.below(originals.length)] as Uint8Array
        const frame = random.below(2) === 0 ? random.bytes(random.below(300)) : Uint8Array.from(original)
        // Anywhere but the trailer, whose bytes anyone may change.
        for (let flips = 1 + random.below(4); flips > 0 && frame.length > 3; flips--) {
          frame[random.below(frame.length - 3)] = random.uint32()
        }
        raw.links[0]?.send(
          random.below(3) === 0 ? frame.subarray(0, random.below(frame.length + 1)) : frame,
          2,
        )
        if (n % 100 === 0) await mesh.pass(10)
      }
      await mesh.pass(5000)
      const snapshot = node.run.metricsSnapshot()
      const refused = snapshot.envelopes
        .filter(({ action }) => action === 'dropped')
        .reduce((sum, { count }) => sum + count, 0)
      assert.ok(node.heard.length <= 1, `seed '${seed}': only an untouched copy can arrive`)
      assert.ok(refused > 9900, `seed '${seed}': ${refused} refusals`)
      assert.equal(snapshot.routing.paths, 1, `seed '${seed}': no path was made up`)
      assert.deepEqual(raw.downs, [])
      raw.links[0]?.send(messageBy(peer, me, { sequence: 99 }), 2)
      await mesh.pass(10)
      assert.ok(node.heard.length >= 1, `seed '${seed}': the node is alive`)
    })
  })
})
