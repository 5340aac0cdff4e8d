import assert from 'node:assert/strict'
import { test } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { type Carrier, canDial, canListen } from '../../src/config/multiaddrs.ts'

const ID = '12D3KooWRBYgny2rBn6pHymjR9NexgHNWMUzJGvTMnXi4muEzLR7'
const CARRIERS: readonly Carrier[] = ['tcp', 'quic', 'relay']

test('each transport takes its own addresses and no other', () => {
  const addresses: [Carrier, string][] = [
    ['tcp', '/ip4/192.0.2.1/tcp/4330'],
    ['tcp', '/ip6/2001:db8::1/tcp/65535'],
    ['tcp', `/dns/relay.example.org/tcp/1/p2p/${ID}`],
    ['tcp', `/dns4/localhost/tcp/4330/p2p/QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKU3vP`],
    ['quic', '/ip4/192.0.2.1/udp/4330/quic-v1'],
    ['quic', `/dns6/relay.example.org/udp/4330/quic-v1/p2p/${ID}`],
    ['relay', `/ip4/192.0.2.1/tcp/4330/p2p/${ID}/p2p-circuit/p2p/${ID}`],
    ['relay', `/ip4/192.0.2.1/udp/4330/quic-v1/p2p/${ID}/p2p-circuit/p2p/${ID}`],
  ]
  for (const [carrier, text] of addresses) {
    const takers = CARRIERS.filter((one) => canDial(one, text))
    assert.deepEqual(takers, [carrier], text)
    assert.equal(multiaddr(text).toString(), text)
  }
})

test('port 0 can be listened on and not be called', () => {
  for (const [carrier, text] of [
    ['tcp', '/ip4/127.0.0.1/tcp/0'],
    ['quic', '/ip6/::1/udp/0/quic-v1'],
  ] as const) {
    assert.equal(canListen(carrier, text), true)
    assert.equal(canDial(carrier, text), false)
  }
})

test('what is no address is none of any transport', () => {
  const nonsense = [
    '',
    '/',
    'localhost:4330',
    'ip4/192.0.2.1/tcp/4330',
    '/ip4/999.0.0.1/tcp/4330',
    '/ip4/::1/tcp/4330',
    '/ip6/fe80::1%eth0/tcp/4330',
    '/ip4/192.0.2.1/tcp',
    '/ip4/192.0.2.1/tcp/65536',
    '/ip4/192.0.2.1/tcp/-1',
    '/ip4/192.0.2.1/tcp/4330/',
    '/ip4/192.0.2.1/udp/4330',
    '/ip4/192.0.2.1/udp/4330/quic',
    '/ip4/192.0.2.1/tcp/4330/ws',
    '/ip4/192.0.2.1/tcp/4330/p2p',
    '/ip4/192.0.2.1/tcp/4330/p2p/12D3KooW',
    `/ip4/192.0.2.1/tcp/4330/p2p/${ID}0`,
    `/ip4/192.0.2.1/tcp/4330/p2p-circuit/p2p/${ID}`,
    `/ip4/192.0.2.1/tcp/4330/p2p/${ID}/p2p-circuit`,
    `/p2p/${ID}`,
    '/toString/192.0.2.1/tcp/4330',
    `/dns4/${'a'.repeat(500)}/tcp/4330`,
  ]
  for (const text of nonsense) {
    for (const carrier of CARRIERS) assert.equal(canListen(carrier, text), false, text)
  }
})
