import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lab } from './lab.ts'
import { MeshNode, PORT } from './mesh-node.ts'
import { labMissing } from './system.ts'

test('netcheck tells a NAT, a firewall and a missing name server apart', {
  skip: labMissing() ?? false,
}, async () => {
  await using lab = await Lab.open()
  const relay = await MeshNode.start(await lab.server('relay'), '')
  const hidden = await MeshNode.start(await lab.home('hidden', 'firewall'), '')
  const home = await lab.home('home', 'port-restricted')
  await home.askNobodyForNames()
  const peers = [relay.multiaddr(), hidden.multiaddr(), `/dns4/relay.lab/tcp/${PORT}`]
  const node = await MeshNode.make(home, `[transport.tcp]\npeers = ${JSON.stringify(peers)}`)
  const { code, stdout, stderr } = await node.command('netcheck', '--timeout', '2')
  assert.equal(stderr, '')
  const line = (pattern: RegExp): void => assert.match(stdout, pattern)
  line(/^ok {4}interface {2}eth0 192\.168\.1\.\d+: private, MTU 1500$/m)
  line(
    /^note {2}reach {6}IPv4: private addresses only: others can dial this node if the router forwards its port$/m,
  )
  line(/^ok {4}listen {5}\/ip4\/0\.0\.0\.0\/tcp\/4330: TCP port 4330 is free$/m)
  line(new RegExp(`^ok {4}peer {7}${relay.multiaddr()}: TCP in .*, hopwire answers`, 'm'))
  line(new RegExp(`^fail {2}peer {7}${hidden.multiaddr()}: no answer in time: .* TCP port 4330$`, 'm'))
  line(/^fail {2}peer {7}\/dns4\/relay\.lab\/tcp\/4330: no name server answers for relay\.lab$/m)
  assert.equal(code, 1)
})
