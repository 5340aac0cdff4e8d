import assert from 'node:assert/strict'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import type { DeliveryEvent, MessageEvent } from '../../src/control/protocol.ts'
import { type Outcome, type Ready, type Running, Workplace } from './program.ts'

interface Node {
  readonly program: Running
  readonly ready: Ready
}

/** alice and bob, who know of each other through the relay only: three processes. */
describe('three processes', () => {
  let place: Workplace
  let relay: Node
  let alice: Node
  let bob: Node

  const at = (node: Node, command: string, ...args: string[]): Promise<Outcome> =>
    place.hopwire([command, ...args, '--control', node.ready.control])

  const listen = async (node: Node, ...args: string[]): Promise<Running> => {
    const listener = place.start(['listen', '--control', node.ready.control, ...args])
    await listener.says(/^listening at [0-9a-f]{32}, Ctrl-C ends$/m)
    return listener
  }

  const end = async (listener: Running): Promise<void> => {
    listener.signal('SIGINT')
    assert.equal((await listener.ended()).code, 0)
  }

  before(async () => {
    place = await Workplace.make()
    relay = await place.node('relay')
    const peers = `transport.tcp.peers=["${relay.ready.listen[0]}"]`
    alice = await place.node('alice', peers, 'node.name=alice')
    bob = await place.node('bob', peers)
    // Each knows the other once a message comes through.
    for (const [from, to] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      for (let attempt = 1; (await at(from, 'trace', to.ready.address)).code !== 0; attempt++) {
        assert.ok(attempt < 100, 'no path has appeared')
      }
    }
  })

  after(() => place[Symbol.asyncDispose]())

  test('see each other in peers, routes and trace', async () => {
    const peers = JSON.parse((await at(relay, 'peers', '--json')).stdout) as { address: string }[]
    const ends = [alice.ready.address, bob.ready.address].toSorted()
    assert.deepEqual(peers.map(({ address }) => address).toSorted(), ends)

    const routes = JSON.parse((await at(alice, 'routes', '--json')).stdout)
    const toBob = routes.find(({ destination }: { destination: string }) => destination === bob.ready.address)
    assert.equal(toBob.nextHop, relay.ready.address)
    assert.equal(toBob.hops, 2)
    const table = (await at(alice, 'routes')).stdout
    assert.match(table, /^DESTINATION +HOPS +COST +NEXT HOP +OVER +AGE +EXPIRES +ALT +WHY +CAPABILITIES\n/)
    assert.match(table, new RegExp(`^${bob.ready.address} +2 +\\S+ m?s +${relay.ready.address} +tcp `, 'm'))

    const { hops } = JSON.parse((await at(alice, 'trace', '--json', bob.ready.address)).stdout)
    assert.deepEqual(
      hops.map(({ hop, address }: { hop: number; address: string }) => [hop, address]),
      [
        [1, relay.ready.address],
        [2, bob.ready.address],
      ],
    )
    const { stdout } = await at(alice, 'trace', bob.ready.address.slice(0, 8).toUpperCase())
    assert.match(
      stdout,
      new RegExp(
        `^HOP  ADDRESS +TIME\n  1  ${relay.ready.address} .*\n  2  ${bob.ready.address} .*\n\npath in use   ${relay.ready.address}  2 hops, .*: only path\n$`,
      ),
    )
  })

  test('carry a text, a file and stdin to a listener, and the receipt back', async () => {
    const listener = await listen(bob, '--json', '--out', 'got')
    const address = bob.ready.address
    const sent = await at(
      alice,
      'send',
      address,
      'Grüße',
      '--wait',
      'delivered',
      '--json',
      '--priority',
      'bulk',
    )
    assert.deepEqual({ code: sent.code, stderr: sent.stderr }, { code: 0, stderr: '' })
    const states = sent.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as DeliveryEvent)
    assert.equal(states.at(-1)?.state, 'delivered')
    for (const { id, time } of states) {
      assert.equal(id, states[0]?.id)
      assert.equal(new Date(time).toISOString(), time)
    }
    const { createdAt, receivedAt, ...message } = JSON.parse(await listener.line()) as MessageEvent
    assert.deepEqual(message, {
      id: states[0]?.id,
      from: alice.ready.address,
      service: 0,
      hops: 2,
      text: 'Grüße',
      payload: Buffer.from('Grüße').toString('base64'),
    })

    const content = Buffer.alloc(40_000, 'content ')
    await writeFile(place.path('photo.jpg'), content)
    const file = await at(alice, 'send', address, '--file', place.path('photo.jpg'), '--wait', 'delivered')
    assert.match(file.stdout, /^([0-9a-f]{16}) {2}(sent\n\1 {2})?delivered\n$/)
    const event = JSON.parse(await listener.line())
    assert.deepEqual(event.file, { name: 'photo.jpg', bytes: 40_000, savedAs: 'got/photo.jpg' })
    assert.equal(event.text, undefined)
    assert.equal(event.payload, content.toString('base64'))
    assert.ok(content.equals(await readFile(place.path('got/photo.jpg'))))
    assert.equal((await stat(place.path('got/photo.jpg'))).mode & 0o777, 0o600)

    const bytes = Buffer.from(Array.from({ length: 65_536 }, (_, i) => i & 255))
    const piped = await place.hopwire(
      [
        'send',
        address,
        '--control',
        alice.ready.control,
        '--wait',
        'delivered',
        '--ttl',
        '60',
        '--timeout',
        '20',
      ],
      { input: bytes },
    )
    assert.equal(piped.code, 0, piped.stderr)
    const raw = JSON.parse(await listener.line()) as MessageEvent
    assert.equal(raw.text, undefined)
    assert.ok(bytes.equals(Buffer.from(raw.payload, 'base64')))
    await end(listener)
  })

  test('keep messages while nobody listens, and shield a terminal from what is in them', async () => {
    const hostile = 'a\u001b[2Jb\n2026-01-01 00:00:00  00000000  forged'
    const stored = await at(alice, 'send', bob.ready.address, hostile, '--wait', 'stored')
    assert.equal(stored.code, 0)
    assert.match(stored.stdout, /stored\n$/)
    await writeFile(place.path('.profile'), 'evil')
    await at(alice, 'send', bob.ready.address, '--file', '.profile', '--wait', 'stored')
    const kept = JSON.parse((await at(bob, 'store', '--json')).stdout)
    assert.equal(kept.messages, 2)
    assert.match((await at(bob, 'store')).stdout, /^messages +2 of at most 100,000\nsize /)

    const listener = await listen(bob, '--out', 'texts')
    const from = alice.ready.address.slice(0, 8)
    const time = String.raw`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  ${from}  `
    const first = await listener.line()
    assert.match(first, new RegExp(time))
    assert.ok(first.endsWith(String.raw`  a\u{1b}[2Jb\n2026-01-01 00:00:00  00000000  forged`), first)
    assert.match(
      await listener.line(),
      new RegExp(`${time}file .profile, 4 B \\(saved as texts/_.profile\\)$`),
    )
    assert.deepEqual(await readdir(place.path('texts')), ['_.profile'])
    await end(listener)
  })

  test('answer for what cannot be', async () => {
    const unknown = await at(alice, 'send', '0'.repeat(32), 'hello')
    assert.deepEqual({ code: unknown.code, stdout: unknown.stdout }, { code: 3, stdout: '' })
    assert.match(
      unknown.stderr,
      /^(waiting[^\n]*\n)?hopwire: no path to 0{32}: nobody in reach knows it[^\n]*\n$/,
    )
    const forProgram = await at(alice, 'send', '0'.repeat(32), 'hello', '--json')
    const { time, ...failed } = JSON.parse(forProgram.stdout)
    assert.match(time, /^\d{4}-\d\d-\d\dT/)
    assert.deepEqual(
      { code: forProgram.code, failed },
      { code: 3, failed: { id: null, state: 'failed', reason: 'no_path' } },
    )
    const toItself = await at(alice, 'trace', alice.ready.address)
    assert.equal(toItself.stderr, `hopwire: ${alice.ready.address} is this node itself\n`)
    const untraced = await at(alice, 'trace', '0'.repeat(32))
    assert.deepEqual(untraced, { code: 3, stdout: '', stderr: `hopwire: no path to ${'0'.repeat(32)}\n` })
    const neither = await at(alice, 'send', 'fffffffffff', 'hello')
    assert.equal(neither.code, 2)
    assert.match(neither.stderr, /^hopwire: 'f{11}' is neither an address of 32 hexadecimal digits nor /)

    bob.program.signal('SIGTERM')
    await bob.program.ended()
    const late = await at(
      alice,
      'send',
      bob.ready.address,
      'x',
      '--wait',
      'delivered',
      '--timeout',
      '0.5',
      '--json',
    )
    assert.equal(late.code, 3)
    assert.match(
      late.stderr,
      /^hopwire: not delivered within 0.5 s: it is \w+( \(\w+\))?, and stays under way\n$/,
    )
    const brief = await at(
      alice,
      'send',
      bob.ready.address,
      'x',
      '--wait',
      'delivered',
      '--ttl',
      '1',
      '--json',
    )
    assert.equal(brief.code, 3)
    assert.match(brief.stdout, /"state":"expired"[^\n]*\n$/)
    assert.match(brief.stderr, /hopwire: message [0-9a-f]{16} expired[^\n]*\n$/)

    bob = {
      ...bob,
      program: (await place.run('bob', `transport.tcp.peers=["${relay.ready.listen[0]}"]`)).program,
    }
    const listener = await listen(bob)
    assert.match(await listener.line(), / {2}x$/, 'what was late arrives')
    await end(listener)
  })

  test('show how they are', async () => {
    const { stdout } = await at(alice, 'status')
    assert.match(
      stdout,
      /^name +alice\naddress +[0-9a-f]{32}\nversion +\S+\nrunning for +.+\nhealth +healthy\n/,
    )
    const status = JSON.parse((await at(alice, 'status', '--json')).stdout)
    assert.equal(status.address, alice.ready.address)
    assert.equal(status.checks.transport.status, 'healthy')
    assert.equal(status.links, 1)
  })

  test('tell a listener when its node goes away', async () => {
    const orderly = await listen(bob)
    bob.program.signal('SIGTERM')
    assert.deepEqual((await orderly.ended()).code, 1)
    assert.match(orderly.stderr, /^hopwire: the node has been shut down$/m)

    const sudden = await listen(alice)
    alice.program.signal('SIGKILL')
    const { code, stderr } = await sudden.ended()
    assert.equal(code, 1)
    assert.ok(stderr.endsWith(`hopwire: the node at ${alice.ready.control} went away\n`), stderr)
  })
})
