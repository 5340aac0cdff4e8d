/**
 * What must not be tried on a real network: multicast, and addresses that look public. The file runs itself
 * again in a network namespace of its own, with three addresses and no way out.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { quic } from '../../../src/transport/internet/quic.ts'
import { relay } from '../../../src/transport/internet/relay.ts'
import { tcp } from '../../../src/transport/internet/tcp.ts'
import { eventually, InternetNode } from './internet-bench.ts'
import { newIdentity } from './tcp-bench.ts'

const INSIDE = 'HOPWIRE_TEST_NAMESPACE'
const LIMIT = { timeout: 60_000 }
const PRIVATE = (host: number): string => `10.77.0.${host}`
const PUBLIC = (host: number): string => `11.77.0.${host}`

const ADDRESSES = [1, 2, 3].flatMap((host) => [PRIVATE(host), PUBLIC(host)])
const SETUP = [
  'ip link set lo up',
  'ip link add v0 type veth peer name v1',
  ...ADDRESSES.map((address) => `ip addr add ${address}/24 dev v0`),
  'ip link set v0 up',
  'ip link set v1 up',
  'ip route add 224.0.0.0/4 dev v0',
].join(' && ')

/** Runs a shell script in a namespace. @returns its exit status and all it has written. */
function inNamespace(script: string): { status: number; output: string } {
  const env = { ...process.env, [INSIDE]: '1', NODE_TEST_CONTEXT: undefined }
  const run = spawnSync('unshare', ['--map-root-user', '--net', 'sh', '-c', script], {
    encoding: 'utf8',
    env,
  })
  return { status: run.status ?? 1, output: `${run.stdout ?? ''}${run.stderr ?? ''}` }
}

if (process.env[INSIDE] !== '1') {
  const isPossible = process.platform === 'linux' && inNamespace(SETUP).status === 0
  it('mDNS and hole punching, in a network namespace', {
    ...LIMIT,
    skip: !isPossible && "needs Linux, 'unshare' and 'ip' with the right to a network namespace",
  }, () => {
    const file = fileURLToPath(import.meta.url)
    const { status, output } = inNamespace(`${SETUP} && exec '${process.execPath}' --test '${file}'`)
    assert.equal(status, 0, output)
    assert.match(output, /^ℹ pass [1-9]/m)
  })
} else {
  describe('nodes on one local network', () => {
    const reach = { mdns: true }

    it('find each other by multicast DNS, and have one link', LIMIT, async (test) => {
      const listen = (host: number) => [`/ip4/${PRIVATE(host)}/tcp/0`]
      const a = await InternetNode.start(test, newIdentity('a'), [tcp({ listen: listen(1), reach })])
      const b = await InternetNode.start(test, newIdentity('b'), [tcp({ listen: listen(2), reach })])
      await Promise.all([a.linkTo(b, 'tcp'), b.linkTo(a, 'tcp')])
      await eventually(test, () => a.linksTo(b).length === 1 && b.linksTo(a).length === 1)
      // What is found is no peer to be missed when it goes.
      assert.deepEqual(a.transport('tcp').targets, [])
    })

    it('are not found, nor find others, unless they want to', LIMIT, async (test) => {
      const listen = [`/ip4/${PRIVATE(3)}/tcp/0`]
      const silent = await InternetNode.start(test, newIdentity('silent'), [tcp({ listen })])
      const a = await InternetNode.start(test, newIdentity('a'), [
        tcp({ listen: [`/ip4/${PRIVATE(1)}/tcp/0`], reach }),
      ])
      const b = await InternetNode.start(test, newIdentity('b'), [
        tcp({ listen: [`/ip4/${PRIVATE(2)}/tcp/0`], reach }),
      ])
      await a.linkTo(b, 'tcp')
      assert.deepEqual(silent.host.ups, [])
    })
  })

  it('a node with all of it switched on starts, links and stops', LIMIT, async (test) => {
    const reach = { mdns: true, relayServer: true, holePunching: true, autonat: true, upnp: true }
    const all = (host: number) => [
      tcp({ listen: [`/ip4/${PUBLIC(host)}/tcp/0`, `/ip4/${PRIVATE(host)}/tcp/0`], reach }),
      quic({ listen: [`/ip4/${PUBLIC(host)}/udp/0/quic-v1`] }),
      relay(),
    ]
    const a = await InternetNode.start(test, newIdentity('a'), all(1))
    const b = await InternetNode.start(test, newIdentity('b'), all(2))
    await a.linkTo(b, 'tcp')
    await a.stop()
    await b.host.until('the link is down', () => b.host.links.length === 0)
  })

  for (const [name, make, end] of [
    ['tcp', tcp, 'tcp/0'],
    ['quic', quic, 'udp/0/quic-v1'],
  ] as const) {
    describe(`a relayed link to a node with a public address, over ${name}`, () => {
      it('becomes a direct one by itself', LIMIT, async (test) => {
        const at = (host: number) => [`/ip4/${PUBLIC(host)}/${end}`]
        const server = await InternetNode.start(test, newIdentity('relay'), [
          make({ listen: at(1), reach: { relayServer: true } }),
        ])
        const peers = [server.address(name)]
        const reach = { holePunching: true }
        const b = await InternetNode.start(test, newIdentity('b'), [make({ peers, reach }), relay()])
        const way = `${server.address(name)}/p2p-circuit/p2p/${b.identity.peerId}`
        const a = await InternetNode.start(test, newIdentity('a'), [
          make({ listen: at(2), peers, reach }),
          relay({ peers: [way] }),
        ])
        await Promise.all([a.linkTo(b, name), b.linkTo(a, name)])
        await a.host.until('only that is left', () => a.linksTo(b).length === 1)
        await b.host.until('only that is left', () => b.linksTo(a).length === 1)
        assert.equal(b.linksTo(a)[0]?.direction, 'outbound')
        await eventually(test, () => a.transport('relay').targets[0]?.state === 'connected')
      })
    })
  }
}
