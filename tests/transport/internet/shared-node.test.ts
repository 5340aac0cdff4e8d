import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MeshError } from '../../../src/runtime/errors.ts'
import { RecordingHost } from '../../../src/testing/recording-host.ts'
import { quic } from '../../../src/transport/internet/quic.ts'
import { quicFrom } from '../../../src/transport/internet/quic-from.ts'
import { tcp } from '../../../src/transport/internet/tcp.ts'
import { ANY_UDP_PORT, eventually, InternetNode } from './internet-bench.ts'
import { ANY_PORT, componentsOf, newIdentity } from './tcp-bench.ts'

const LIMIT = { timeout: 30_000 }
const BOTH = [tcp({ listen: [ANY_PORT] }), quic({ listen: [ANY_UDP_PORT] })]

async function missing(): Promise<never> {
  throw new Error('Cannot find native binding.\nTry again after removing node_modules.')
}

describe('TCP and QUIC on one node', () => {
  it('have one identity, and addresses of their own', LIMIT, async (test) => {
    const node = await InternetNode.start(test, newIdentity('a'), BOTH)
    assert.match(node.address('tcp'), new RegExp(`^/ip4/127.0.0.1/tcp/\\d+/p2p/${node.identity.peerId}$`))
    assert.match(
      node.address('quic'),
      new RegExp(`^/ip4/127.0.0.1/udp/\\d+/quic-v1/p2p/${node.identity.peerId}$`),
    )
    assert.deepEqual(
      node.transports.map(({ listenAddresses }) => listenAddresses.length),
      [1, 1],
    )
  })

  it('link the same neighbour twice, once each, and count apart', LIMIT, async (test) => {
    const b = await InternetNode.start(test, newIdentity('b'), BOTH)
    const a = await InternetNode.start(test, newIdentity('a'), [
      tcp({ peers: [b.address('tcp')] }),
      quic({ peers: [b.address('quic')] }),
    ])
    const overTcp = await a.linkTo(b, 'tcp')
    const overQuic = await a.linkTo(b, 'quic')
    await b.host.until('both links are up', () => b.linksTo(a).length === 2)
    overTcp.send(Uint8Array.of(1), 2)
    overQuic.send(Uint8Array.of(2, 2), 2)
    await b.host.framesArrived(2)
    assert.equal(b.transport('tcp').counters.bytesReceived, 1)
    assert.equal(b.transport('quic').counters.bytesReceived, 2)
    assert.deepEqual(
      [a, b].map((node) => node.host.ups.length),
      [2, 2],
    )
  })

  it('go on when the other stops, until the last one stops the node', LIMIT, async (test) => {
    const b = await InternetNode.start(test, newIdentity('b'), BOTH)
    const a = await InternetNode.start(test, newIdentity('a'), [
      tcp({ peers: [b.address('tcp')] }),
      quic({ peers: [b.address('quic')] }),
    ])
    const overTcp = await a.linkTo(b, 'tcp')
    await a.linkTo(b, 'quic')
    await a.transport('quic').stop(AbortSignal.abort())
    await b.host.until('one link is down', () => b.host.downs.length === 1)
    overTcp.send(Uint8Array.of(1), 2)
    await b.host.framesArrived(1)
    await a.transport('tcp').stop(AbortSignal.abort())
    await b.host.until('both links are down', () => b.host.links.length === 0)
  })

  it('start again after both have stopped', LIMIT, async (test) => {
    const node = await InternetNode.start(test, newIdentity('a'), BOTH)
    await node.stop()
    assert.deepEqual(
      node.transports.flatMap(({ listenAddresses }) => listenAddresses),
      [],
    )
    for (const transport of node.transports) await transport.start(node.host)
    assert.notEqual(node.address('tcp'), '')
    assert.notEqual(node.address('quic'), '')
  })

  it('fail together where the place of one is taken, and say which', LIMIT, async (test) => {
    const taken = await InternetNode.start(test, newIdentity('b'), BOTH)
    const address = taken.address('quic').replace(/\/p2p\/.*/, '')
    const node = new InternetNode(test, newIdentity('a'), [
      tcp({ listen: [ANY_PORT] }),
      quic({ listen: [address] }),
    ])
    await assert.rejects(node.transport('tcp').start(node.host), (error) => {
      assert.ok(error instanceof MeshError)
      assert.equal(error.code, 'ERR_LISTEN')
      assert.ok(error.message.startsWith(`cannot listen on ${address} (EADDRINUSE): `), error.message)
      return true
    })
    await taken.stop()
    for (const transport of node.transports) await transport.start(node.host)
  })
})

describe('where the native part of QUIC is missing', () => {
  it('TCP goes on, in either order, and QUIC says why it does not', LIMIT, async (test) => {
    const b = await InternetNode.start(test, newIdentity('b'), BOTH)
    const withoutQuic = quicFrom(missing, { listen: [ANY_UDP_PORT], peers: [b.address('quic')] })
    const overTcp = tcp({ listen: [ANY_PORT], peers: [b.address('tcp')] })
    for (const factories of [
      [overTcp, withoutQuic],
      [withoutQuic, overTcp],
    ]) {
      const a = await InternetNode.start(test, newIdentity('a'), factories)
      await a.linkTo(b, 'tcp')
      assert.equal(
        a.transport('quic').problem,
        'quic does not run on this machine: Cannot find native binding.',
      )
      assert.equal(a.transport('tcp').problem, undefined)
      assert.deepEqual(a.transport('quic').listenAddresses, [])
      assert.deepEqual(a.linksTo(b).length, 1)
      await a.stop()
      await eventually(test, () => b.host.links.length === 0)
    }
  })

  it('QUIC alone does not start', LIMIT, async () => {
    const transport = quicFrom(missing, {})(componentsOf(newIdentity('a')))
    const host = new RecordingHost(AbortSignal.abort())
    await assert.rejects(transport.start(host), {
      code: 'ERR_TRANSPORT',
      message: 'quic does not run on this machine: Cannot find native binding.',
    })
    await transport.stop(AbortSignal.abort())
  })
})
