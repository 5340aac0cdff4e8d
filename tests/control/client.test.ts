import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { ControlClient } from '../../src/control/client.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { VirtualClock } from '../../src/sim/clock.ts'

describe('a client of the control socket', () => {
  let dir: string
  let path: string
  let server: Server
  /** What the other end does with each connection. */
  let answer: (socket: Socket) => void

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'hopwire-client-'))
    path = join(dir, 'control.sock')
    server = createServer((socket) => {
      socket.on('error', () => undefined)
      answer(socket)
    })
    await new Promise<void>((resolve) => {
      server.listen(path, resolve)
    })
  })

  afterEach(async () => {
    server.close()
    await rm(dir, { recursive: true, force: true })
  })

  const says =
    (...lines: string[]) =>
    (socket: Socket): void => {
      socket.once('data', () => socket.write(lines.map((line) => `${line}\n`).join('')))
    }

  test('says so when no node answers', async () => {
    const message = "no node answers at /nowhere/control.sock: start one with 'hopwire run'"
    await assert.rejects(ControlClient.connect('/nowhere/control.sock', systemClock), {
      code: 'ERR_CONTROL',
      message,
    })
  })

  test('tells answers, events and errors apart by their ids', async () => {
    answer = says(
      '{"v":1,"id":2,"error":{"code":"ERR_NO_PATH","message":"no path"}}',
      '{"v":1,"id":3,"error":{"code":"ERR_OF_LATER","message":"new"}}',
      '{"v":1,"id":1,"event":{"n":1}}',
      '{"v":1,"id":77,"result":{}}',
      '{"v":1,"id":1,"event":{"n":2}}',
      '{"v":1,"id":1,"result":{"ok":true}}',
    )
    using client = await ControlClient.connect(path, systemClock)
    const events: unknown[] = []
    const outcomes = await Promise.allSettled([
      client.call('send', { to: '', payload: '' }, { onEvent: (event) => events.push(event) }),
      client.call('status', {}),
      client.call('status', {}),
    ])
    assert.deepEqual(events, [{ n: 1 }, { n: 2 }])
    const shown = outcomes.map((outcome) =>
      outcome.status === 'fulfilled' ? outcome.value : [outcome.reason.code, outcome.reason.message],
    )
    assert.deepEqual(shown, [{ ok: true }, ['ERR_NO_PATH', 'no path'], ['ERR_CONTROL', 'new']])
  })

  test('fails all that is open, and all that follows, when the node goes away', async () => {
    answer = (socket) => socket.once('data', () => socket.destroy())
    using client = await ControlClient.connect(path, systemClock)
    const gone = { code: 'ERR_CONTROL', message: `the node at ${path} went away` }
    await Promise.all([
      assert.rejects(client.call('status', {}), gone),
      assert.rejects(client.call('listen', {}), gone),
    ])
    await assert.rejects(client.call('status', {}), gone)
  })

  for (const [what, line] of Object.entries({
    'no JSON': 'HTTP/1.1 400 Bad Request',
    'another version': '{"v":2,"id":1,"result":{}}',
    'no object': 'null',
  })) {
    test(`does not take ${what} for a node`, async () => {
      answer = says(line)
      using client = await ControlClient.connect(path, systemClock)
      await assert.rejects(client.call('status', {}), {
        code: 'ERR_CONTROL',
        message: `what answers at ${path} is no node of this version of hopwire`,
      })
    })
  }

  test('does not take a line without end', async () => {
    answer = (socket) => {
      const more = (): void => {
        while (socket.writable && socket.write('x'.repeat(1_000_000)));
      }
      socket.on('drain', more)
      more()
    }
    using client = await ControlClient.connect(path, systemClock)
    await assert.rejects(client.call('status', {}), { code: 'ERR_CONTROL' })
  })

  test('waits as long as it is told', async () => {
    answer = () => undefined
    const clock = new VirtualClock()
    using client = await ControlClient.connect(path, clock)
    const late = assert.rejects(client.call('status', {}, { timeoutMs: 2500 }), {
      code: 'ERR_DEADLINE',
      message: `the node at ${path} did not answer within 2.5 s`,
    })
    clock.advance(2500)
    await late
  })
})
