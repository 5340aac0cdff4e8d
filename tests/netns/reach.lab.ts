/** What a node finds out about itself: whether others can reach it, and what its router does for it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { NodeStatus } from '../../src/control/protocol.ts'
import type { AddressReach } from '../../src/transport/transport.ts'
import type { Host } from './host.ts'
import { Igd } from './igd.ts'
import { Lab } from './lab.ts'
import { MeshNode, PORT } from './mesh-node.ts'
import { labMissing } from './system.ts'

const skip = labMissing() ?? false

const QUIC = '[transport.quic]\nenabled = true'
const DETECTION = '[transport.discovery]\nnat_detection = true'

/** Neighbours are asked every 5 s for one address, and a call that nobody answers takes 10 s. */
const PATIENCE_MS = 60_000

function everywhere(relay: MeshNode): string {
  const at = relay.host.address
  const [tcp, quic] = [`tcp/${PORT}`, `udp/${PORT}/quic-v1`].map(
    (port) => `/ip4/${at}/${port}/p2p/${relay.peerId}`,
  )
  return `[transport.tcp]\npeers = ["${tcp}"]\n[transport.quic]\nenabled = true\npeers = ["${quic}"]\n[transport.discovery]`
}

async function statusOf(node: MeshNode): Promise<NodeStatus> {
  const { stdout } = await node.command('status', '--json')
  return JSON.parse(stdout) as NodeStatus
}

async function concluded(node: MeshNode): Promise<readonly AddressReach[]> {
  let found: readonly AddressReach[] = []
  await node.untilSo(async () => {
    found = (await statusOf(node)).reach
    return found.length > 0 && found.every(({ reach }) => reach !== 'unknown')
  }, PATIENCE_MS)
  return found
}

describe('a node that asks its neighbours whether they can reach it', { skip, concurrency: 3 }, () => {
  const cases: readonly (readonly [
    name: string,
    place: (lab: Lab) => Promise<Host>,
    reach: AddressReach['reach'],
    seenAs: (host: Host) => string,
  ])[] = [
    ['can be, on a server', (lab) => lab.server('node'), 'reachable', ({ address }) => address],
    [
      'cannot be, behind a firewall',
      (lab) => lab.home('node', 'firewall'),
      'unreachable',
      ({ address }) => address,
    ],
    ['cannot be, behind a NAT', (lab) => lab.home('node', 'full-cone'), 'unreachable', () => '45.10.2.2'],
  ]
  for (const [name, place, reach, seenAs] of cases) {
    test(`learns that it ${name}, and keeps its links`, async () => {
      await using lab = await Lab.open()
      const relay = await MeshNode.start(await lab.server('relay'), `${QUIC}\n${DETECTION}`)
      const node = await MeshNode.start(await place(lab), `${everywhere(relay)}\nnat_detection = true`)
      const address = seenAs(node.host)
      const expected = [`/ip4/${address}/tcp/${PORT}`, `/ip4/${address}/udp/${PORT}/quic-v1`]
      const found = await concluded(node)
      assert.deepEqual(
        found,
        expected.map((at) => ({ address: at, reach })),
        node.log,
      )
      const { stdout } = await node.command('netcheck')
      for (const at of expected) {
        const line =
          reach === 'reachable'
            ? `ok    reach      ${at}: a neighbour has`
            : `note  reach      ${at}: neighbours cannot`
        assert.ok(stdout.includes(line), stdout)
      }
      assert.equal((await node.neighbours()).length, 2)
      assert.doesNotMatch(`${node.log}${relay.log}`, /link down/)
    })
  }
})

describe('a node behind a router that forwards ports on request', { skip, concurrency: 2 }, () => {
  for (const [detection, how] of [
    ['nat_detection = true', 'once a neighbour has tried them'],
    ['', 'on the word of the router'],
  ] as const) {
    test(`has its ports forwarded and tells of them ${how}, and takes that back when it stops`, async () => {
      await using lab = await Lab.open()
      const relay = await MeshNode.start(await lab.server('relay'), `${QUIC}\n${DETECTION}`)
      const home = await lab.site('home', 'port-restricted')
      const host = await lab.host('node')
      await host.attach(home)
      const igd = await Igd.start(home)
      const node = await MeshNode.start(host, `${everywhere(relay)}\n${detection}\nupnp = true`)
      let forwarded: readonly string[] = []
      while (forwarded.length < 2) forwarded = await igd.changed()
      assert.deepEqual(forwarded, [`TCP ${PORT}`, `UDP ${PORT}`])

      const peer = `/p2p/${node.peerId}`
      const announced = [
        `/ip4/${home.publicAddress}/tcp/${PORT}`,
        `/ip4/${home.publicAddress}/udp/${PORT}/quic-v1`,
      ]
      await node.untilSo(async () => {
        const { listen } = await statusOf(node)
        return announced.every((address) => listen.includes(`${address}${peer}`))
      }, PATIENCE_MS)
      const found = detection === '' ? (await statusOf(node)).reach : await concluded(node)
      const expected = detection === '' ? [] : announced.map((address) => ({ address, reach: 'reachable' }))
      assert.deepEqual(found, expected)

      const [tcp, quic] = announced.map((address) => `peers = ["${address}${peer}"]`)
      const config = `[transport.tcp]\n${tcp}\n${QUIC}\n${quic}`
      const caller = await MeshNode.start(await lab.server('caller'), config)
      await caller.until((neighbours) => neighbours.length === 2, PATIENCE_MS)
      await node.stop()
      while (forwarded.length > 0) forwarded = await igd.changed()
    })
  }
})
