import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  formatListenAddress,
  isLoopback,
  isLoopbackHostHeader,
  parseListenAddress,
} from '../../src/observability/listen-address.ts'

test('host and port are read, with IPv6 in brackets', () => {
  assert.deepEqual(parseListenAddress('127.0.0.1:9464'), { host: '127.0.0.1', port: 9464 })
  assert.deepEqual(parseListenAddress('[::1]:0'), { host: '::1', port: 0 })
  assert.deepEqual(parseListenAddress('[2001:DB8::7]:65535'), { host: '2001:DB8::7', port: 65_535 })
  assert.deepEqual(parseListenAddress('node-1.example.org:80'), { host: 'node-1.example.org', port: 80 })
})

test('formatting gives back what was read', () => {
  for (const text of ['127.0.0.1:9464', '[::1]:0', 'localhost:1']) {
    assert.equal(formatListenAddress(parseListenAddress(text)), text)
  }
})

test('anything else is refused with the key and an example', () => {
  const bad = [
    '',
    '9464',
    ':9464',
    '127.0.0.1',
    '127.0.0.1:',
    '127.0.0.1:65536',
    '::1:80',
    '[::1]',
    '[zz]:1',
    '[1:2]:3',
  ]
  for (const text of [
    ...bad,
    'a b:1',
    'localhost:-1',
    'localhost:1 ',
    'http://localhost:1',
    '[127.0.0.1]:1',
  ]) {
    assert.throws(
      () => parseListenAddress(text),
      { code: 'ERR_LISTEN', message: /^http\.listen: .*127\.0\.0\.1:9464/ },
      text,
    )
  }
})

test('loopback is 127.0.0.0/8 and ::1', () => {
  for (const host of ['127.0.0.1', '127.255.0.9', '::1']) assert.ok(isLoopback(host), host)
  for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.evil.example', '::2'])
    assert.ok(!isLoopback(host), host)
})

test('a Host header passes when it is a loopback address or localhost, on any port', () => {
  for (const header of ['localhost', 'LOCALHOST:80', '127.0.0.1:9464', '127.9.9.9', '[::1]', '[::1]:9464']) {
    assert.ok(isLoopbackHostHeader(header), header)
  }
  const foreign = [
    '',
    'evil.example',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '[::2]',
    '[localhost]',
    ':80',
  ]
  for (const header of [...foreign, 'localhost:80:80', '10.0.0.1', '127.0.0.1@evil.example', 'localhost:x']) {
    assert.ok(!isLoopbackHostHeader(header), header)
  }
})
