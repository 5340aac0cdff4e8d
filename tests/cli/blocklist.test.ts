import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { type Ready, Workplace } from './program.ts'

/** Waits until one node has the way to another. */
async function reach(place: Workplace, from: Ready, to: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const { code } = await place.hopwire(['trace', to.trim(), '--control', from.control])
    if (code === 0) return
    assert.ok(attempt < 100, 'no path has appeared')
  }
}

describe('a blocklist in a running node', () => {
  test('is read again at SIGHUP, and one with an error changes nothing', async () => {
    await using place = await Workplace.make()
    const { stdout: other } = await place.hopwire(['init', '--dir', 'other'])
    const blocked = place.path('a/blocked')
    await place.hopwire(['init', '--dir', 'a'])
    await writeFile(place.path('a/hopwire.toml'), '[blocklist]\nfile = "blocked"\n')
    await writeFile(blocked, '# nobody yet\n')
    const a = await place.run('a')
    const peers = `transport.tcp.peers=["${a.ready.listen[0]}"]`
    const b = await place.run('other', peers)
    await reach(place, a.ready, other)

    await writeFile(blocked, 'somebody\n')
    a.program.signal('SIGHUP')
    await a.program.says(
      /blocked:1: expected an address of 32 hexadecimal digits.*not reloaded|not reloaded.*blocked:1: expected/,
    )
    const before = await place.hopwire(['peers', '-c', 'a/hopwire.toml', '--json'])
    assert.match(before.stdout, new RegExp(other.trim()))

    await writeFile(blocked, other)
    a.program.signal('SIGHUP')
    await a.program.says(/configuration reloaded/)
    const refused = await place.hopwire(['send', '-c', 'a/hopwire.toml', other.trim(), 'hello'])
    assert.equal(refused.code, 3)
    assert.match(refused.stderr, /is on the blocklist/)
    b.program.signal('SIGTERM')
    a.program.signal('SIGTERM')
    assert.deepEqual([(await a.program.ended()).code, (await b.program.ended()).code], [0, 0])
  })

  test('keeps it from starting when it has an error, with exit code 2', async () => {
    await using place = await Workplace.make()
    await place.hopwire(['init', '--dir', 'a'])
    await writeFile(place.path('a/hopwire.toml'), '[blocklist]\nfile = "blocked"\n')
    await writeFile(place.path('a/blocked'), 'somebody\n')
    const { code, stderr } = await place.hopwire([
      'run',
      '-c',
      'a/hopwire.toml',
      '--set',
      'transport.tcp.listen=[]',
    ])
    assert.equal(code, 2)
    assert.match(stderr, /a\/blocked:1: expected an address/)
  })
})

describe('a rotated key', () => {
  test('moves what is sent to the old address, after a restart of its node alone', async () => {
    await using place = await Workplace.make()
    const a = await place.node('a')
    const peers = `transport.tcp.peers=["${a.ready.listen[0]}"]`
    const old = (await place.hopwire(['init', '--dir', 'b'])).stdout.trim()
    const { to } = JSON.parse(
      (await place.hopwire(['key', 'rotate', '-c', 'b/hopwire.toml', '--json'])).stdout,
    )
    const b = await place.run('b', peers)
    assert.equal(b.ready.address, to)
    await reach(place, a.ready, to)
    const listening = place.start(['listen', '-c', 'b/hopwire.toml', '--json'])
    const sent = await place.hopwire([
      'send',
      '-c',
      'a/hopwire.toml',
      old,
      'hello',
      '--wait',
      'delivered',
      '--timeout',
      '30',
    ])
    assert.equal(sent.code, 0, sent.stderr)
    assert.match(await listening.line(), /hello/)
    for (const { program } of [a, b]) program.signal('SIGTERM')
  })
})
