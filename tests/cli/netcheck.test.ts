import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { NetworkInterfaceInfo } from 'node:os'
import { describe, test } from 'node:test'
import type { Finding } from '../../src/cli/netcheck/finding.ts'
import { checkInterfaces, type Interfaces } from '../../src/cli/netcheck/interfaces.ts'
import { parseTarget } from '../../src/cli/netcheck/target.ts'
import type { NeighbourView } from '../../src/observability/snapshot.ts'
import { addressKind } from '../../src/transport/address-kind.ts'
import { type Ready, type Running, Workplace } from './program.ts'

const OTHER_PEER = '12D3KooWHjnq4FEVLqU5YrAnLTe9UPPAfNCnt53U8g4b7mNBXimr'

describe('the kind of an address', () => {
  const kinds = {
    loopback: ['127.0.0.1', '127.255.255.255', '::1'],
    'link-local': ['169.254.1.1', 'fe80::1'],
    private: [
      '10.0.0.1',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.1.2',
      'fd00::2',
      '192.0.2.7',
      '2001:db8::1',
    ],
    'carrier NAT': ['100.64.0.1', '100.127.255.255'],
    public: ['9.9.9.9', '100.63.255.255', '100.128.0.0', '172.15.0.1', '172.32.0.1', '11.0.0.1', '2a00::1'],
  }
  for (const [kind, addresses] of Object.entries(kinds)) {
    test(kind, () => {
      for (const address of addresses) assert.equal(addressKind(address), kind, address)
    })
  }
})

describe('the networks of a machine', () => {
  const on = (...addresses: readonly string[]): NetworkInterfaceInfo[] =>
    addresses.map((address) => {
      const common = { address, netmask: '', mac: '', internal: address.startsWith('127.'), cidr: null }
      return address.includes(':') ? { ...common, family: 'IPv6', scopeid: 0 } : { ...common, family: 'IPv4' }
    })
  const results = async (interfaces: Interfaces, mtu?: number): Promise<string[]> => {
    const findings = await checkInterfaces(interfaces, async () => mtu)
    return findings.map(({ result, check, subject, detail }) => `${result} ${check} ${subject}: ${detail}`)
  }

  test('say who can dial: everybody, nobody, or whoever the router lets through', async () => {
    const server = await results({ lo: on('127.0.0.1'), eth0: on('9.9.9.9', 'fe80::1') })
    assert.equal(server[0], 'ok interface eth0 9.9.9.9: public')
    assert.match(server[1] ?? '', /^ok reach IPv4: a public address/)
    assert.match(server[2] ?? '', /^note reach IPv6: no address/)
    assert.match(
      (await results({ eth0: on('192.168.1.2') }))[1] ?? '',
      /^note reach IPv4: .* forwards its port$/,
    )
    assert.match(
      (await results({ wwan0: on('100.64.0.9') }))[1] ?? '',
      /^note reach IPv4: behind the carrier's NAT/,
    )
    assert.match((await results({ eth0: on('fd00::2') }))[2] ?? '', /^note reach IPv6: private/)
  })

  test('warn where packets are too small for QUIC, and mention tunnels', async () => {
    assert.match(
      (await results({ wg0: on('10.0.0.2') }, 1200))[0] ?? '',
      /^note .* MTU 1200: below 1280, QUIC may fail/,
    )
    assert.match((await results({ wg0: on('10.0.0.2') }, 1420))[0] ?? '', /^ok .* MTU 1420, as in a tunnel$/)
    assert.match((await results({ eth0: on('10.0.0.2') }, 1500))[0] ?? '', /^ok .* MTU 1500$/)
  })

  test('are a failure where there is none', async () => {
    assert.match((await results({ lo: on('127.0.0.1') })).join(), /^fail interface : no network/)
  })
})

describe('a multiaddr taken apart', () => {
  test('names host, port, carrier and peers', () => {
    assert.deepEqual(parseTarget(`/ip4/9.9.9.9/tcp/4330/p2p/${OTHER_PEER}`), {
      host: '9.9.9.9',
      family: 4,
      port: 4330,
      carrier: 'tcp',
      peerId: OTHER_PEER,
      behind: undefined,
    })
    const circuit = parseTarget(
      `/dns/relay.example/udp/1/quic-v1/p2p/${OTHER_PEER}/p2p-circuit/p2p/${OTHER_PEER}`,
    )
    assert.deepEqual(circuit, {
      host: 'relay.example',
      family: 0,
      port: 1,
      carrier: 'quic',
      peerId: OTHER_PEER,
      behind: OTHER_PEER,
    })
    for (const text of ['', '/nonsense', '/ip4/9.9.9.9', '/ip4/9.9.9.9/udp/1', '/ip4/9.9.9.9/tcp/1/ws']) {
      assert.equal(parseTarget(text), undefined, text)
    }
  })
})

describe('hopwire netcheck', () => {
  interface Report {
    readonly ok: boolean
    readonly findings: readonly Finding[]
  }
  const check = async (place: Workplace, name: string): Promise<{ code: number | null; report: Report }> => {
    const { code, stdout, stderr } = await place.hopwire(['netcheck', '-c', `${name}/hopwire.toml`, '--json'])
    assert.equal(stderr, '')
    return { code, report: JSON.parse(stdout) as Report }
  }
  const peersOf = async (place: Workplace, { ready }: { ready: Ready }): Promise<NeighbourView[]> =>
    JSON.parse((await place.hopwire(['peers', '--json', '--control', ready.control])).stdout)
  const of = ({ findings }: Report, wanted: Finding['check']): readonly Finding[] =>
    findings.filter((finding) => finding.check === wanted)

  /** A node with this configuration that does not run yet. */
  async function configured(place: Workplace, name: string, toml: string): Promise<void> {
    await place.hopwire(['init', '--dir', name])
    await writeFile(place.path(name, 'hopwire.toml'), `[http]\nenabled = false\n${toml}`)
  }

  test('finds a peer that answers, and leaves the links of a running node alone', async () => {
    await using place = await Workplace.make()
    const relay = await place.node('relay')
    const [at = ''] = relay.ready.listen
    await configured(place, 'a', `[transport.tcp]\nlisten = []\npeers = ["${at}"]\n`)
    const program: Running = place.start(['run', '-c', 'a/hopwire.toml'])
    const a = { program, ready: JSON.parse(await program.line()) as Ready }
    await program.says(/link up/)
    const before = await peersOf(place, a)
    assert.equal(before.length, 1)

    const { report } = await check(place, 'a')
    assert.deepEqual(
      of(report, 'node').map(({ result }) => result),
      ['ok'],
    )
    const [peer, ...others] = of(report, 'peer')
    assert.deepEqual(others, [])
    assert.equal(peer?.result, 'ok')
    assert.equal(peer.subject, at)
    assert.match(peer.detail, /^TCP in .* ms, hopwire answers after .* ms, link protocol 1$/)
    assert.equal(of(report, 'listen').length, 0)
    assert.equal(of(report, 'clock')[0]?.result, 'ok')

    assert.deepEqual(
      (await peersOf(place, a)).map(({ remote }) => remote),
      [before[0]?.remote],
    )
    assert.doesNotMatch(program.stderr, /link down/)
    assert.equal((await peersOf(place, relay)).length, 1)
  })

  test('names what does not work, a line each, and exits with 1', async () => {
    await using place = await Workplace.make()
    const relay = await place.node('relay')
    const [at = ''] = relay.ready.listen
    const [address = ''] = at.split('/p2p/')
    const port = address.split('/').at(-1)
    const stranger = createServer((socket) => {
      socket.on('error', () => undefined).end('no libp2p here\n')
    }).listen(0, '127.0.0.1')
    await once(stranger, 'listening')
    const { port: strangePort } = stranger.address() as { port: number }
    await configured(
      place,
      'a',
      `[transport.tcp]
listen = ["/ip4/127.0.0.1/tcp/${port}", "/ip4/127.0.0.1/tcp/0", "/ip4/192.0.2.77/tcp/4330"]
peers = ["${address}/p2p/${OTHER_PEER}", "/ip4/127.0.0.1/tcp/1",
  "/ip4/127.0.0.1/tcp/${strangePort}"]
`,
    )
    const { code, stdout } = await place.hopwire(['netcheck', '-c', 'a/hopwire.toml', '--timeout', '3'])
    stranger.close()
    assert.equal(code, 1)
    const lines = stdout.split('\n')
    const line = (pattern: RegExp): void =>
      assert.ok(
        lines.some((one) => pattern.test(one)),
        `${pattern}\n${stdout}`,
      )
    line(/^note {2}node {7}no node answers at \S+: start one with 'hopwire run'; /)
    line(/^fail {2}listen .*: another program has TCP port \d+: stop it or choose another port$/)
    line(/^note {2}listen .*\/tcp\/0: any free port/)
    line(/^fail {2}listen .*: this machine has no address 192\.0\.2\.77$/)
    line(/^fail {2}peer .*: TCP in .* ms, another node answers, 12D3KooW\w+: correct the address/)
    line(/^fail {2}peer .*\/tcp\/1: the machine is up, and nothing listens on TCP port 1$/)
    line(/^fail {2}peer .*: TCP in .* ms, no handshake: /)
  })

  test('knows itself among the peers', async () => {
    await using place = await Workplace.make()
    await configured(place, 'a', '')
    const { peerId } = JSON.parse((await place.hopwire(['id', '-c', 'a/hopwire.toml', '--json'])).stdout)
    await writeFile(
      place.path('a/hopwire.toml'),
      `[transport.tcp]\nlisten = []\npeers = ["/ip4/127.0.0.1/tcp/1/p2p/${peerId}"]\n`,
    )
    const { code, report } = await check(place, 'a')
    assert.equal(code, 1)
    assert.equal(report.ok, false)
    assert.equal(of(report, 'peer')[0]?.detail, 'this is the node itself: take it out')
  })
})
