/** A gateway between a radio and a backbone of many nodes: what their announces cost the radio. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defaultProvider } from '../src/crypto/provider/select.ts'
import { Identity } from '../src/identity/identity.ts'
import { MeshNode } from '../src/node/mesh-node.ts'
import { type Random, seededRandom } from '../src/runtime/random.ts'
import { VirtualClock } from '../src/sim/clock.ts'
import { EmulatedAir } from '../src/sim/rnode/network.ts'
import { lora } from '../src/transport/lora/lora.ts'
import type { Link } from '../src/transport/transport.ts'
import { encodeAnnounce, relayedAnnounce } from '../src/wire/announce.ts'

const crypto = defaultProvider()
const ROUND_S = 600
/** Announces that come in together. */
const BATCH = 200

/** The share of an hour that a gateway and the radio behind it are on the air, %, with that many nodes announcing. */
export async function backboneShare(nodes: number): Promise<number> {
  const clock = new VirtualClock()
  const random = seededRandom('backbone')
  const folder = mkdtempSync(join(tmpdir(), 'hopwire-backbone-'))
  let airMs = 0
  const onTransmission = ({ airtimeMs }: { airtimeMs: number }): void => {
    airMs += airtimeMs
  }
  const air = new EmulatedAir({ clock, random: random.fork('air'), onTransmission })
  const gateway = await radioNode('gateway', air, folder, clock, random)
  const leaf = await radioNode('leaf', air, folder, clock, random)
  const runs = [await gateway.run(), await leaf.run()]
  await clock.advanceAsync(60_000)
  airMs = 0
  const origins = Array.from({ length: nodes }, (_, n) => Identity.generate(random.fork(`origin ${n}`)))
  for (let round = 0; round < 6; round++) {
    for (const [n, origin] of origins.entries()) {
      gateway.processIncoming(BACKBONE, announceOf(origin, clock))
      if (n % BATCH === BATCH - 1) await clock.advanceAsync((ROUND_S * 1000 * BATCH) / nodes)
    }
  }
  const share = (100 * airMs) / (6 * ROUND_S * 1000)
  const down = Promise.all(runs.map((run) => run.shutdown()))
  await clock.advanceAsync(20_000)
  await down
  rmSync(folder, { recursive: true })
  return share
}

function radioNode(name: string, air: EmulatedAir, folder: string, clock: VirtualClock, random: Random) {
  const line = { open: air.modem({ name }).openLine, bootMs: 0, answerMs: 500, gapMs: 100 }
  return MeshNode.create({
    identity: Identity.generate(random.fork(name)),
    clock,
    random: random.fork(`node ${name}`),
    transports: [lora({ port: name, spreadingFactor: 8, ledgerDir: join(folder, name), line })],
    config: { node: { capabilities: ['relay', 'gateway'] } },
  })
}

function announceOf(origin: Identity, clock: VirtualClock): Uint8Array {
  const created = Math.floor(clock.now() / 1000)
  const { publicKey } = origin
  const fields = { capabilities: 1, sequence: created, created, lifetime: 1800, publicKey }
  const own = encodeAnnounce(fields, (signed) => crypto.ed25519Sign(signed, origin.exportSeed(), publicKey))
  return relayedAnnounce(own, 1, 50)
}

/** A wide link, as if to the next node of the backbone. */
const BACKBONE: Link = {
  transport: 'backbone',
  neighbour: undefined,
  remote: 'backbone',
  direction: 'inbound',
  profile: { mtu: 65_680, bitsPerSecond: 1e8, broadcast: false },
  latencyMs: 1,
  queuedBytes: 0,
  congested: false,
  send: () => true,
  pause: () => undefined,
  resume: () => undefined,
  close: () => undefined,
}
