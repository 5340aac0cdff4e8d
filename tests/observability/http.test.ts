import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HealthReport, HealthStatus } from '../../src/observability/health.ts'
import { parseExposition } from './exposition.ts'
import { errorOf, exchange, start } from './http-harness.ts'
import { SAMPLE_HEALTH, SAMPLE_METRICS } from './sample.ts'

test('/healthz is the report as JSON, with 503 when a balancer should turn away', async (t) => {
  let report: HealthReport = SAMPLE_HEALTH
  const { url } = await start(t, { health: () => report })
  const expected: Record<HealthStatus, number> = {
    healthy: 200,
    degraded: 200,
    draining: 503,
    unhealthy: 503,
  }
  for (const [status, code] of Object.entries(expected)) {
    report = { ...SAMPLE_HEALTH, status: status as HealthStatus }
    const response = await fetch(`${url}/healthz`)
    assert.equal(response.status, code)
    assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8')
    assert.deepEqual(await response.json(), report)
  }
})

test('/metricsz and /metrics are Prometheus text', async (t) => {
  const { url } = await start(t)
  for (const path of ['/metricsz', '/metrics', '/metricsz?collect=all']) {
    const response = await fetch(url + path)
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
    assert.equal(parseExposition(await response.text()).get('hopwire_routes')?.samples[0]?.value, 212)
  }
})

test('the figures are read at a scrape and not before', async (t) => {
  let reads = 0
  const metrics = () => {
    reads += 1
    return SAMPLE_METRICS
  }
  const { url } = await start(t, { metrics })
  await (await fetch(`${url}/healthz`)).text()
  assert.equal(reads, 0)
  await (await fetch(`${url}/metricsz`)).text()
  assert.equal(reads, 1)
})

test('/ is the status page and /console.css its style', async (t) => {
  const { url } = await start(t)
  const page = await fetch(url)
  assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8')
  assert.match(await page.text(), /<h1>relay<\/h1>/)
  const style = await fetch(`${url}/console.css`)
  assert.equal(style.headers.get('content-type'), 'text/css; charset=utf-8')
  assert.match(await style.text(), /prefers-color-scheme: dark/)
})

test('HEAD has the headers of GET and no body', async (t) => {
  const { url } = await start(t)
  for (const path of ['/', '/healthz', '/nowhere']) {
    const [get, head] = await Promise.all([fetch(url + path), fetch(url + path, { method: 'HEAD' })])
    const length = Buffer.byteLength(await get.text())
    assert.equal(head.status, get.status)
    assert.equal(head.headers.get('content-type'), get.headers.get('content-type'))
    assert.equal(head.headers.get('content-length'), String(length))
    assert.equal(await head.text(), '')
  }
})

test('every answer forbids sniffing, framing, scripts and caching', async (t) => {
  const server = await start(t)
  const answers = ['GET / ', 'GET /healthz ', 'GET /metrics ', 'GET /nowhere ', 'PUT / ', 'what is this']
  for (const line of answers) {
    const head = await exchange(server, `${line}HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    assert.match(head, /^x-content-type-options: nosniff\r$/m, line)
    assert.match(
      head,
      /^content-security-policy: default-src 'none'; style-src 'self';.*frame-ancestors 'none'\r$/m,
      line,
    )
    assert.match(head, /^cache-control: no-store\r$/m, line)
  }
})

test('unknown paths are 404 and name the known ones; other methods are 405 with Allow', async (t) => {
  const { url } = await start(t)
  for (const path of ['/nowhere', '/healthz/', '//healthz', '/../etc/passwd', '/constructor']) {
    const response = await fetch(url + path)
    assert.equal(response.status, 404, path)
    const { error } = (await response.json()) as { error: { code: string; message: string } }
    assert.equal(error.code, 'not_found')
    assert.ok(error.message.includes('/healthz'))
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    const response = await fetch(`${url}/healthz`, { method })
    assert.equal(response.status, 405, method)
    assert.equal(response.headers.get('allow'), 'GET, HEAD')
    assert.deepEqual(await response.json(), {
      error: { code: 'method_not_allowed', message: 'only GET and HEAD are answered' },
    })
  }
})

test('a body with a request is not read', async (t) => {
  const server = await start(t)
  const raw = await exchange(
    server,
    `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\nsome of it`,
  )
  assert.deepEqual(errorOf(raw), { status: 405, code: 'method_not_allowed' })
})

test('a node on loopback refuses the host names of others, so that no web page can rebind to it', async (t) => {
  const server = await start(t)
  const ask = (host: string) => exchange(server, `GET /healthz HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
  for (const host of ['evil.example', 'evil.example:9464', '127.0.0.1.evil.example', '10.0.0.1', '']) {
    assert.deepEqual(errorOf(await ask(host)), { status: 403, code: 'forbidden_host' }, host)
  }
  for (const host of ['localhost', 'localhost:9464', '127.0.0.1:1', '[::1]:9464']) {
    assert.match(await ask(host), /^HTTP\/1\.1 200 /, host)
  }
})

test('a node bound to all addresses answers to any host name', async (t) => {
  const server = await start(t, { listen: '0.0.0.0:0' })
  assert.match(server.address, /^0\.0\.0\.0:\d+$/)
  const raw = await exchange(server, 'GET /healthz HTTP/1.1\r\nHost: relay.example.org:9464\r\n\r\n')
  assert.match(raw, /^HTTP\/1\.1 200 /)
})

test('a request needs one Host header, but for HTTP/1.0', async (t) => {
  const server = await start(t)
  const none = await exchange(server, 'GET /healthz HTTP/1.1\r\n\r\n')
  assert.deepEqual(errorOf(none), { status: 400, code: 'bad_request' })
  const two = await exchange(server, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n')
  assert.deepEqual(errorOf(two), { status: 400, code: 'bad_request' })
  assert.match(await exchange(server, 'GET /healthz HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 /)
})

test('listens on IPv6 as well', async (t) => {
  const server = await start(t, { listen: '[::1]:0' })
  assert.match(server.address, /^\[::1\]:\d+$/)
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
})

test('a port in use is one clear line that names the key and the fix', async (t) => {
  const { address } = await start(t)
  await assert.rejects(start(t, { listen: address }), {
    code: 'ERR_LISTEN',
    message: `http.listen: ${address} is already in use: stop what listens there, or set http.listen to a free port`,
  })
})

test('an address of another machine, or none at all, cannot be bound', async (t) => {
  await assert.rejects(start(t, { listen: '192.0.2.1:0' }), {
    code: 'ERR_LISTEN',
    message: /no address of this machine/,
  })
  await assert.rejects(start(t, { listen: 'nonsense' }), {
    code: 'ERR_LISTEN',
    message: /^http\.listen: "nonsense"/,
  })
})

test('a failure inside is a 500 without its text, which goes to the log', async (t) => {
  const server = await start(t, {
    metrics: () => {
      throw new Error('secret detail')
    },
  })
  for (const path of ['/metricsz', '/']) {
    const response = await fetch(server.url + path)
    assert.equal(response.status, 500)
    const body = await response.text()
    assert.equal((JSON.parse(body) as { error: { code: string } }).error.code, 'internal')
    assert.ok(!body.includes('secret detail'))
  }
  assert.equal(server.complaints.length, 2)
  assert.match(server.complaints[0] ?? '', /secret detail/)
})
