import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createConnection } from 'node:net'
import { describe, test } from 'node:test'
import { MAX_REQUESTS } from '../../src/control/connection.ts'
import type { DeliveryEvent } from '../../src/control/protocol.ts'
import { MAX_CLIENTS } from '../../src/control/server.ts'
import { identityOf } from '../support/frames.ts'
import { during } from '../support/test-mesh.ts'
import { Fixture, until } from './fixture.ts'

describe('a node under control', () => {
  test('shows what it is', async () => {
    await using fixture = await Fixture.make()
    const { node, run } = await fixture.attach('alice')
    const bob = await fixture.mesh.node('bob')
    fixture.mesh.connect({ identity: identityOf('alice') }, bob)
    await fixture.mesh.pass(2000)
    const client = await fixture.client()

    const status = await client.call('status', {})
    assert.equal(status.address, node.address.toString())
    assert.deepEqual(
      {
        health: status.health,
        http: status.http,
        neighbours: status.neighbours,
        links: status.links,
        paths: status.paths,
      },
      { health: 'healthy', http: null, neighbours: 1, links: 1, paths: 1 },
    )
    assert.deepEqual(status.listen, run.listenAddresses)
    const { peers } = await client.call('peers', {})
    assert.deepEqual(
      peers.map(({ address }) => address),
      [bob.node.address.toString()],
    )
    const { routes, total } = await client.call('routes', {})
    assert.deepEqual(
      routes.map(({ destination, hops }) => [destination, hops]),
      [[bob.node.address.toString(), 1]],
    )
    assert.equal(total, 1)
    assert.equal((await client.call('store', {})).maxMessages, 100_000)
    assert.equal((await client.call('health', {})).checks['transport']?.status, 'healthy')
    assert.equal((await client.call('metrics', {})).transports[0]?.name, 'memory')
    const { hops } = await during(fixture.mesh, client.call('trace', { to: bob.node.address.toString() }))
    assert.deepEqual(
      hops.map(({ hop, address }) => [hop, address]),
      [[1, bob.node.address.toString()]],
    )
  })

  test('sends, and tells each state until the awaited one', async () => {
    await using fixture = await Fixture.make()
    await fixture.attach('alice')
    const bob = await fixture.mesh.node('bob')
    fixture.mesh.connect({ identity: identityOf('alice') }, bob)
    await fixture.mesh.pass(2000)
    const client = await fixture.client()
    const events: DeliveryEvent[] = []
    const result = await during(
      fixture.mesh,
      client.call(
        'send',
        {
          to: bob.node.address.toString().slice(0, 6).toUpperCase(),
          payload: Buffer.from('hello').toString('base64'),
          wait: 'delivered',
          priority: 'bulk',
          ttlS: 60,
        },
        { onEvent: (event) => events.push(event) },
      ),
    )
    assert.deepEqual(
      events.map(({ state }) => state),
      ['sent', 'delivered'],
    )
    assert.equal(result.state, 'delivered')
    assert.deepEqual(
      bob.heard.map(({ id, payload }) => [id, Buffer.from(payload).toString()]),
      [[result.id, 'hello']],
    )
  })

  test('resolves short addresses, its own included, and refuses ambiguous ones', async () => {
    await using fixture = await Fixture.make()
    const { node } = await fixture.attach('alice')
    const client = await fixture.client()
    const own = node.address.toString()
    const { state } = await client.call('send', { to: own.slice(0, 6), payload: '', wait: 'stored' })
    assert.equal(state, 'stored', 'it waits for a listener of its own')
    const other = own.startsWith('ffffff') ? '000000' : 'ffffff'
    await assert.rejects(client.call('trace', { to: other }), {
      code: 'ERR_ADDRESS_INVALID',
      message: `'${other}' is neither an address of 32 hexadecimal digits nor the beginning of a known one`,
    })
    await assert.rejects(client.call('trace', { to: `${other}${'0'.repeat(26)}` }), { code: 'ERR_NO_PATH' })
  })

  test('answers what it cannot do with a code and a line', async () => {
    await using fixture = await Fixture.make()
    const client = await fixture.raw()
    client.request(1, 'status')
    assert.deepEqual(await client.next(), {
      v: 1,
      id: 1,
      error: { code: 'ERR_LIFECYCLE', message: 'the node is starting: try again' },
    })
    const { node } = await fixture.attach('alice')
    const to = node.address.toString()
    const cases: [method: string, params: object, code: string, message: RegExp][] = [
      ['reboot', {}, 'ERR_CONTROL', /^unknown method "reboot" \(known: status, peers, .*\)$/],
      ['constructor', {}, 'ERR_CONTROL', /^unknown method/],
      ['status', { now: true }, 'ERR_USAGE', /^params\.now: /],
      ['send', { to, payload: '!' }, 'ERR_USAGE', /^params\.payload: expected base64$/],
      [
        'send',
        { to, payload: Buffer.alloc(65_537).toString('base64') },
        'ERR_PAYLOAD_TOO_LARGE',
        /^65537 bytes are too many: a message carries at most 65536$/,
      ],
      ['send', { to, payload: '', file: 'a\u001bb' }, 'ERR_USAGE', /is no name for a file/],
      ['send', { to: '0'.repeat(32), payload: '' }, 'ERR_NO_PATH', /^no path to 0{32}/],
    ]
    for (const [index, [method, params, code, message]] of cases.entries()) {
      client.request(index, method, params)
      const { id, error } = (await client.next()) as { id: number; error: { code: string; message: string } }
      assert.deepEqual([id, error.code], [index, code])
      assert.match(error.message, message)
    }
    client.request(99, 'status')
    assert.equal((await client.next())?.['id'], 99, 'and goes on')
  })

  test('answers a thousand requests that come at once, in their order', async () => {
    await using fixture = await Fixture.make()
    await fixture.attach('alice')
    const client = await fixture.raw()
    const methods = ['status', 'peers', 'routes', 'store', 'health', 'metrics']
    const lines = Array.from({ length: 1000 }, (_, id) => {
      return `${JSON.stringify({ v: 1, id, method: methods[id % methods.length] })}\n`
    })
    client.write(lines.join(''))
    for (let id = 0; id < 1000; id++) {
      const answer = await client.next()
      assert.equal(answer?.['id'], id)
      assert.ok(answer['result'])
    }
  })

  test('bounds the open requests of a client', async () => {
    await using fixture = await Fixture.make()
    await fixture.attach('alice')
    const client = await fixture.raw()
    for (let id = 0; id <= MAX_REQUESTS; id++) client.request(id, 'listen')
    assert.deepEqual(await client.next(), {
      v: 1,
      id: MAX_REQUESTS,
      error: {
        code: 'ERR_QUEUE_FULL',
        message: '64 requests of this client are open already: wait for an answer',
      },
    })
  })

  test('bounds its clients, and takes another one when one has gone', async () => {
    await using fixture = await Fixture.make()
    await fixture.attach('alice')
    const clients = await Promise.all(Array.from({ length: MAX_CLIENTS }, () => fixture.client()))
    await Promise.all(clients.map((client) => client.call('status', {})))
    const late = await fixture.client()
    const full = { code: 'ERR_CONTROL', message: '32 clients are connected to this node already' }
    await assert.rejects(late.call('status', {}), full)
    clients[0]?.close()
    await until(fixture.mesh, () => fixture.control.clients < MAX_CLIENTS)
    await (await fixture.client()).call('status', {})
  })

  test('gives up what a client has open when it goes', async () => {
    await using fixture = await Fixture.make()
    const { node } = await fixture.attach('alice')
    const client = await fixture.client()
    client.call('listen', {}).catch(() => undefined)
    await client.call('status', {})
    assert.equal(node.listenerCount('message'), 1)
    client.close()
    await until(fixture.mesh, () => node.listenerCount('message') === 0)
  })

  test('answers what is open when it ends, and removes its socket', async () => {
    await using fixture = await Fixture.make()
    await fixture.attach('alice')
    const client = await fixture.client()
    const listening = assert.rejects(client.call('listen', {}), {
      code: 'ERR_LIFECYCLE',
      message: 'the node has been shut down',
    })
    await client.call('status', {})
    assert.equal(existsSync(fixture.control.path), true)
    await fixture.control.stop()
    await listening
    assert.equal(existsSync(fixture.control.path), false)
    assert.equal(fixture.control.clients, 0)
    await fixture.control.stop()
  })

  test('ends although a client does not', async () => {
    await using fixture = await Fixture.make()
    const socket = createConnection({ path: fixture.control.path, allowHalfOpen: true })
    await once(socket, 'connect')
    await until(fixture.mesh, () => fixture.control.clients === 1)
    await fixture.control.stop()
    assert.equal(fixture.control.clients, 0)
    socket.destroy()
  })
})
