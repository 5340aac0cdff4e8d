import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { HTTP_LIMITS } from '../../src/observability/http.ts'
import type { Timer } from '../../src/runtime/clock.ts'
import { VirtualClock } from '../../src/sim/clock.ts'
import { parseExposition } from './exposition.ts'
import { errorOf, exchange, GET, open, type Running, received, settled, start } from './http-harness.ts'
import { SAMPLE_HEALTH } from './sample.ts'

test('what is not HTTP gets a 400 and is hung up on', async (t) => {
  const server = await start(t)
  for (const bytes of [
    'garbage\r\n\r\n',
    '\x16\x03\x01\x02\x00',
    'GET /\r\n\r\n',
    'FETCH / HTTP/1.1\r\n\r\n',
    'GET / HTTP/1.1\r\n',
  ]) {
    assert.deepEqual(errorOf(await exchange(server, bytes)), { status: 400, code: 'bad_request' }, bytes)
  }
})

test('headers over the limit get a 431', async (t) => {
  const server = await start(t)
  const ofLength = (length: number) =>
    exchange(server, `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(length)}\r\n\r\n`)
  assert.deepEqual(errorOf(await ofLength(HTTP_LIMITS.headerBytes)), {
    status: 431,
    code: 'headers_too_large',
  })
  assert.match(await ofLength(HTTP_LIMITS.headerBytes - 200), /^HTTP\/1\.1 200 /)
})

test('one request per connection: what follows is not answered', async (t) => {
  const server = await start(t)
  const alone = await exchange(server, GET)
  for (const more of [GET, 'garbage\r\n\r\n']) {
    const raw = await exchange(server, GET + more)
    assert.match(raw, /^HTTP\/1\.1 200 /)
    assert.equal(raw.match(/HTTP\/1\.1/g)?.length, 1)
    assert.equal(raw.length, alone.length)
  }
})

test('a slow request is refused at the deadline, whatever it dribbles', async (t) => {
  const server = await start(t)
  const silent = open(server)
  const dribbling = open(server)
  dribbling.write('GET /healthz HTTP/1.1\r\nX-Slow: ')
  await settled(server)
  const replies = Promise.all([received(silent), received(dribbling)])
  server.clock.advance(HTTP_LIMITS.connectionMs - 1)
  dribbling.write('x')
  await settled(server)
  assert.ok(!silent.closed && !dribbling.closed)
  server.clock.advance(1)
  for (const raw of await replies) assert.deepEqual(errorOf(raw), { status: 408, code: 'request_timeout' })
})

/** A server whose answer is far larger than the buffers between it and a client that does not read. */
async function startLarge(t: TestContext): Promise<{ server: Running; stalled: Socket; size: number }> {
  const size = 32_000_000
  const checks = { store: { status: 'healthy', detail: 'x'.repeat(size) } } as const
  const server = await start(t, { health: () => ({ ...SAMPLE_HEALTH, checks }) })
  const stalled = open(server)
  stalled.write(GET)
  await once(stalled, 'readable')
  return { server, stalled, size }
}

test('a client that does not read its answer is cut off at the deadline', async (t) => {
  const { server, stalled, size } = await startLarge(t)
  server.clock.advance(HTTP_LIMITS.connectionMs)
  const raw = await received(stalled)
  assert.ok(raw.length < size)
})

test('connections are bounded: one too many is closed at once', async (t) => {
  const server = await start(t)
  const idle = Array.from({ length: HTTP_LIMITS.connections }, () => open(server))
  await Promise.all(idle.map((socket) => once(socket, 'connect')))
  assert.equal(await received(open(server)), '')
  assert.ok(idle.every((socket) => !socket.closed))
  for (const socket of idle) socket.destroy()
})

test('stop closes idle connections at once and takes no more', async (t) => {
  const server = await start(t)
  const silent = open(server)
  const half = open(server)
  half.write('GET /healthz HTTP/1.1\r\n')
  await settled(server)
  const ends = Promise.all([received(silent), received(half)])
  await server.stop(new AbortController().signal)
  assert.deepEqual(await ends, ['', ''])
  await assert.rejects(fetch(server.url))
})

test('stop lets an answer on its way finish', async (t) => {
  const { server, stalled, size } = await startLarge(t)
  const stopped = server.stop(new AbortController().signal)
  const raw = await received(stalled)
  assert.ok(raw.length > size)
  await stopped
})

test('stop does not wait beyond its signal', async (t) => {
  const { server, stalled, size } = await startLarge(t)
  const deadline = new AbortController()
  const stopped = server.stop(deadline.signal)
  deadline.abort()
  await stopped
  assert.ok((await received(stalled)).length < size)
})

test('stop is idempotent', async (t) => {
  const server = await start(t)
  const { signal } = new AbortController()
  await Promise.all([server.stop(signal), server.stop(signal)])
  await server.stop(AbortSignal.abort())
})

/** Knows how many timers have been set. */
class CountingClock extends VirtualClock {
  timers = 0

  override setTimer(delayMs: number, task: () => void): Timer {
    this.timers += 1
    return super.setTimer(delayMs, task)
  }
}

test('the event loop is watched from start to stop, and no timer is left behind', async (t) => {
  const clock = new CountingClock()
  const server = await start(t, { clock })
  clock.advance(1000)
  const text = await (await fetch(`${server.url}/metricsz`)).text()
  assert.equal(parseExposition(text).get('nodejs_eventloop_lag_seconds')?.samples[0]?.value, 0)
  await server.stop(new AbortController().signal)
  const before = clock.timers
  clock.advance(60_000)
  assert.equal(clock.timers, before)
})

test('random bytes and mutated requests never break it', async (t) => {
  const server = await start(t)
  const requests = [
    GET,
    'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc',
    'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n',
  ]
  const edits = fc.array(fc.tuple(fc.nat(100), fc.nat(255)), { minLength: 1, maxLength: 4 })
  const mutated = fc.tuple(fc.constantFrom(...requests), edits).map(([request, changes]) => {
    const bytes = new TextEncoder().encode(request)
    for (const [at, value] of changes) bytes[at % bytes.length] = value
    return bytes
  })
  await fc.assert(
    fc.asyncProperty(fc.oneof(mutated, fc.uint8Array({ maxLength: 300 })), async (bytes) => {
      const raw = await exchange(server, bytes)
      assert.match(raw, /^(?:$|HTTP\/1\.1 (?:[24]\d\d|100|501) )/)
    }),
    { numRuns: 300 },
  )
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
  assert.deepEqual(server.complaints, [])
})
