import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ControlClient } from '../../src/control/client.ts'
import { STALL_MS } from '../../src/control/connection.ts'
import type { MessageEvent } from '../../src/control/protocol.ts'
import { encodeFile } from '../../src/services/file-message.ts'
import { VirtualClock } from '../../src/sim/clock.ts'
import type { TestNode } from '../support/test-mesh.ts'
import { Fixture, until } from './fixture.ts'

/** Makes a client listen. @returns what it hears from then on. */
async function listen(client: ControlClient): Promise<MessageEvent[]> {
  const heard: MessageEvent[] = []
  client.call('listen', {}, { onEvent: (event) => heard.push(event) }).catch(() => undefined)
  await client.call('status', {})
  return heard
}

function sendToSelf({ node }: TestNode, payload: string | Uint8Array, service = 0): Promise<{ id: string }> {
  return node.send(node.address, typeof payload === 'string' ? Buffer.from(payload) : payload, { service })
}

describe('listening over the control socket', () => {
  test('tells all there is to a message', async () => {
    await using fixture = await Fixture.make()
    const alice = await fixture.attach('alice')
    const heard = await listen(await fixture.client())
    const { id } = await sendToSelf(alice, 'Grüße\n')
    await until(fixture.mesh, () => heard.length === 1)
    const [{ createdAt, receivedAt, ...message } = assert.fail()] = heard
    assert.deepEqual(message, {
      id,
      from: alice.node.address.toString(),
      service: 0,
      hops: 0,
      text: 'Grüße\n',
      payload: Buffer.from('Grüße\n').toString('base64'),
    })
    for (const time of [createdAt, receivedAt]) assert.equal(new Date(time).toISOString(), time)
  })

  test('gives text only where a payload is text', async () => {
    await using fixture = await Fixture.make()
    const alice = await fixture.attach('alice')
    const heard = await listen(await fixture.client())
    const payloads = ['', 'a\tb\r\nc', '\ufeffmark', '\u001b[2J', 'nul\0', 'c1\u0085', Buffer.of(0xff)]
    for (const payload of payloads) await sendToSelf(alice, payload)
    await until(fixture.mesh, () => heard.length === payloads.length)
    assert.deepEqual(
      heard.map(({ text }) => text),
      ['', 'a\tb\r\nc', '\ufeffmark', undefined, undefined, undefined, undefined],
    )
    assert.ok(
      heard.every(({ payload }, i) => Buffer.from(payload, 'base64').equals(Buffer.from(payloads[i] ?? ''))),
    )
  })

  test('gives a file its name and content, and what is no file as it is', async () => {
    await using fixture = await Fixture.make()
    const alice = await fixture.attach('alice')
    const heard = await listen(await fixture.client())
    await sendToSelf(alice, encodeFile({ name: 'a/b.txt', content: Buffer.from('text') }), 1)
    await sendToSelf(alice, 'no file', 1)
    await until(fixture.mesh, () => heard.length === 2)
    const shown = heard.map(({ text, payload, file }) => [
      text,
      Buffer.from(payload, 'base64').toString(),
      file,
    ])
    assert.deepEqual(shown, [
      [undefined, 'text', { name: 'b.txt', bytes: 4 }],
      [undefined, 'no file', undefined],
    ])
  })

  test('every listener gets every message', async () => {
    await using fixture = await Fixture.make()
    const alice = await fixture.attach('alice')
    const all = await Promise.all([1, 2, 3].map(async () => await listen(await fixture.client())))
    await sendToSelf(alice, 'for all')
    await until(fixture.mesh, () => all.every((heard) => heard.length === 1))
  })

  test('messages wait in the store while nobody listens, also between two listeners', async () => {
    await using fixture = await Fixture.make()
    const alice = await fixture.attach('alice')
    await sendToSelf(alice, 'before')
    const first = await fixture.client()
    const heard = await listen(first)
    await until(fixture.mesh, () => heard.length === 1)
    first.close()
    await until(fixture.mesh, () => alice.node.listenerCount('message') === 0)
    await sendToSelf(alice, 'between')
    const later = await listen(await fixture.client())
    await until(fixture.mesh, () => later.length === 1)
    assert.deepEqual([heard[0]?.text, later[0]?.text], ['before', 'between'])
    assert.equal(alice.run.metricsSnapshot().store?.messages, 0)
  })

  test('a listener that does not read makes messages wait, and gets all of them when it does', async () => {
    await using fixture = await Fixture.make()
    const alice = await fixture.attach('alice')
    const client = await fixture.raw()
    client.request(1, 'listen')
    await until(fixture.mesh, () => alice.node.listenerCount('message') === 1)
    client.socket.pause()
    const count = 40
    for (let i = 0; i < count; i++) await sendToSelf(alice, Buffer.alloc(60_000, i))
    await until(fixture.mesh, () => alice.node.listenerCount('message') === 0)
    const kept = alice.run.metricsSnapshot().store?.messages ?? 0
    assert.ok(kept > count / 2 && kept < count, `${kept} kept`)

    const heard = new Set<number>()
    let done = false
    client.socket.resume()
    const reading = (async () => {
      while (heard.size < count) {
        const { event } = (await client.next()) as { event: MessageEvent }
        heard.add(Buffer.from(event.payload, 'base64')[0] ?? -1)
      }
      done = true
    })()
    await until(fixture.mesh, () => done)
    await reading
    assert.equal(alice.run.metricsSnapshot().store?.messages, 0)
  })

  test('one that never reads is dropped, and what follows is kept for the next', async () => {
    const clock = new VirtualClock()
    await using fixture = await Fixture.make({ clock })
    const alice = await fixture.attach('alice')
    const client = await fixture.raw()
    client.request(1, 'listen')
    await until(fixture.mesh, () => alice.node.listenerCount('message') === 1)
    client.socket.pause()
    for (let i = 0; i < 20; i++) await sendToSelf(alice, Buffer.alloc(60_000, i))
    await until(fixture.mesh, () => alice.node.listenerCount('message') === 0)
    clock.advance(STALL_MS - 1)
    await fixture.mesh.pass(10)
    assert.equal(fixture.control.clients, 1)
    clock.advance(1)
    await until(fixture.mesh, () => fixture.control.clients === 0)
    await sendToSelf(alice, 'and now')
    const heard = await listen(await fixture.client())
    await until(fixture.mesh, () => heard.at(-1)?.text === 'and now')
  })
})
