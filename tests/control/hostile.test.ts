import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { MAX_REQUEST_BYTES } from '../../src/control/protocol.ts'
import type { Logger } from '../../src/runtime/logger.ts'
import { Fixture, until } from './fixture.ts'

/** Fails a test in which the node calls something a defect. */
function noDefects(): Logger {
  const logger: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (fields, message) => assert.fail(`${message}: ${JSON.stringify(fields)}`),
    child: () => logger,
  }
  return logger
}

/** Lines that are nearly requests, so that they come far. */
const nearlyRequest = fc
  .record(
    {
      v: fc.oneof(fc.constant(1), fc.jsonValue()),
      id: fc.oneof(fc.nat(), fc.jsonValue()),
      method: fc.oneof(
        fc.constantFrom(
          'status',
          'peers',
          'routes',
          'store',
          'health',
          'metrics',
          'trace',
          'send',
          '__proto__',
        ),
        fc.jsonValue(),
      ),
      params: fc.oneof(
        fc.jsonValue(),
        fc.record(
          {
            to: fc.oneof(fc.constantFrom('abcdef', '0'.repeat(32)), fc.jsonValue()),
            payload: fc.oneof(fc.base64String(), fc.jsonValue()),
            file: fc.jsonValue(),
            ttlS: fc.oneof(fc.double(), fc.nat()),
            timeoutMs: fc.jsonValue(),
            wait: fc.constantFrom('sent', 'stored', 'delivered', 'lost'),
          },
          { requiredKeys: [] },
        ),
      ),
    },
    { requiredKeys: [] },
  )
  .map((request) => Buffer.from(JSON.stringify(request)))

describe('whatever comes into the control socket', () => {
  test('each line costs one answer, and the node goes on', async () => {
    await using fixture = await Fixture.make({ logger: noDefects() })
    await fixture.attach('alice')
    const noise = fc
      .uint8Array({ maxLength: 300 })
      .map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 10)))
    const line = fc.oneof(noise, nearlyRequest)
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 30 }), async (lines) => {
        const client = await fixture.raw()
        client.write(Buffer.concat(lines.flatMap((bytes) => [bytes, Buffer.from('\n')])))
        for (const bytes of lines) {
          const answer = await client.next()
          assert.ok(
            answer !== undefined && ('error' in answer || 'result' in answer),
            bytes.toString('latin1'),
          )
        }
        client.request(12_345, 'status')
        const status = await client.next()
        assert.equal(status?.['id'], 12_345)
        assert.ok(status['result'])
        client.socket.destroy()
      }),
      { numRuns: 200 },
    )
    await until(fixture.mesh, () => fixture.control.clients === 0)
  })

  test('a giant line is answered once, then the connection is closed', async () => {
    await using fixture = await Fixture.make({ logger: noDefects() })
    await fixture.attach('alice')
    const client = await fixture.raw()
    client.write('x'.repeat(MAX_REQUEST_BYTES + 1))
    client.write('y'.repeat(5_000_000))
    assert.deepEqual(await client.next(), {
      v: 1,
      id: null,
      error: { code: 'ERR_CONTROL', message: 'this line is too long: a request has at most 131072 bytes' },
    })
    assert.equal(await client.next(), undefined)
    await (await fixture.client()).call('status', {})
  })

  test('the longest line that is allowed is read', async () => {
    await using fixture = await Fixture.make({ logger: noDefects() })
    await fixture.attach('alice')
    const client = await fixture.raw()
    const request = JSON.stringify({ v: 1, id: 5, method: 'status' })
    client.write(`${request.padEnd(MAX_REQUEST_BYTES)}\n`)
    assert.equal((await client.next())?.['id'], 5)
  })

  test('a client that asks and never reads is not answered without end', async () => {
    await using fixture = await Fixture.make({ logger: noDefects() })
    const { node } = await fixture.attach('alice')
    let asked = 0
    const status = node.status.bind(node)
    node.status = () => {
      asked += 1
      return status()
    }
    const client = await fixture.raw()
    client.socket.pause()
    const requests = 100_000
    client.write('{"v":1,"id":1,"method":"metrics"}\n{"v":1,"id":2,"method":"status"}\n'.repeat(requests))
    await until(fixture.mesh, () => asked > 100)
    await fixture.mesh.pass(1000)
    const before = asked
    await fixture.mesh.pass(1000)
    assert.equal(asked, before, 'it stands still')
    assert.ok(before < requests / 10, `${before} answers for a client that reads none`)
    client.socket.destroy()
    await until(fixture.mesh, () => fixture.control.clients === 0)
  })

  test('a client that goes in mid-line leaves nothing behind', async () => {
    await using fixture = await Fixture.make({ logger: noDefects() })
    await fixture.attach('alice')
    const client = await fixture.raw()
    client.write('{"v":1,"id":1,"method":"lis')
    client.socket.end()
    await once(client.socket, 'close')
    await until(fixture.mesh, () => fixture.control.clients === 0)
  })
})
