import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { appendFile, stat, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { describe, test } from 'node:test'
import { Workplace } from './program.ts'

describe('hopwire run', () => {
  test('says in one line of JSON when it is ready, logs to stderr, and drains at SIGTERM', async () => {
    await using place = await Workplace.make()
    const { stdout: address } = await place.hopwire(['init', '--dir', 'a'])
    const { program, ready } = await place.run('a', 'http.enabled=true', 'http.listen=127.0.0.1:0')
    assert.deepEqual(Object.keys(ready), ['event', 'address', 'listen', 'http', 'control'])
    assert.equal(ready.event, 'ready')
    assert.equal(`${ready.address}\n`, address)
    assert.match(ready.listen.join(), /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3Koo\w+$/)
    assert.match(ready.http ?? '', /^127\.0\.0\.1:[1-9]\d*$/)
    assert.equal(ready.control, place.path('a/data/control.sock'))
    assert.equal((await stat(ready.control)).mode & 0o777, 0o600)
    const health = await fetch(`http://${ready.http}/healthz`)
    assert.equal(((await health.json()) as { address: string }).address, ready.address)

    program.signal('SIGTERM')
    const { code, stdout, stderr } = await program.ended()
    assert.equal(code, 0)
    assert.equal(stdout, `${JSON.stringify(ready)}\n`)
    assert.match(stderr, /^\S+Z INFO {2}.*ready.*\n(.*\n)*\S+Z INFO {2}stopped\n$/)
    assert.equal(existsSync(ready.control), false)
  })

  test('has no HTTP where that is off, and drains at SIGINT', async () => {
    await using place = await Workplace.make()
    const { program, ready } = await place.node('a')
    assert.equal(ready.http, null)
    program.signal('SIGINT')
    assert.equal((await program.ended()).code, 0)
  })

  test('ends at once at the second signal', async () => {
    await using place = await Workplace.make()
    const { program, ready } = await place.node('a')
    // A client that does not close its end is waited for.
    const client = createConnection({ path: ready.control, allowHalfOpen: true })
    await once(client, 'connect')
    try {
      program.signal('SIGTERM')
      await once(client.resume(), 'end')
      program.signal('SIGINT')
      const { code, stderr } = await program.ended()
      assert.equal(code, 130)
      assert.doesNotMatch(stderr, /stopped/)
    } finally {
      client.destroy()
    }
  })

  test('does not start a second time on the same folder, and leaves the first alone', async () => {
    await using place = await Workplace.make()
    const { program, ready } = await place.node('a')
    const second = await place.hopwire(['run', '-c', 'a/hopwire.toml'])
    assert.deepEqual(second, {
      code: 1,
      stdout: '',
      stderr: `hopwire: control socket ${ready.control} answers, so another node runs here: stop it, or give this one its own node.data_dir\n`,
    })
    const status = await place.hopwire(['status', '--control', ready.control, '--json'])
    assert.equal(JSON.parse(status.stdout).address, ready.address)
    program.signal('SIGTERM')
    await program.ended()
  })

  test('starts again after kill -9, in place of the socket that was left', async () => {
    await using place = await Workplace.make()
    const first = await place.node('a')
    first.program.signal('SIGKILL')
    await first.program.ended()
    assert.equal(existsSync(first.ready.control), true)
    const second = await place.run('a')
    assert.equal(second.ready.address, first.ready.address)
    const { code, stdout } = await place.hopwire(['status', '-c', 'a/hopwire.toml', '--json'])
    assert.equal(code, 0)
    assert.equal(JSON.parse(stdout).health, 'healthy')
  })

  test('takes over at SIGHUP what can change, and refuses the rest by name', async () => {
    await using place = await Workplace.make()
    await place.hopwire(['init', '--dir', 'a'])
    await writeFile(place.path('a/hopwire.toml'), '[logging]\nlevel = "info"\nformat = "json"\n')
    const { program } = await place.run('a')
    const file = place.path('a/hopwire.toml')

    await writeFile(
      file,
      '[logging]\nlevel = "debug"\nformat = "json"\n[node]\nname = "x"\n[routing]\nmax_paths = 99\n',
    )
    program.signal('SIGHUP')
    await program.says(/"changed":\["logging.level"\]/)
    await program.says(/"level":40.*"keys":\["node.name","routing.max_paths"\]/)

    await appendFile(file, 'nonsense = 1\n')
    program.signal('SIGHUP')
    await program.says(/"level":50.*hopwire.toml:8: routing.nonsense: unknown key.*not reloaded/)

    await writeFile(file, '[logging]\nlevel = "error"\nformat = "json"\n')
    program.signal('SIGHUP')
    await program.says(/"changed":\["logging.level"\](.|\n)*"changed":\["logging.level"\]/)
    program.signal('SIGTERM')
    const { code, stderr } = await program.ended()
    assert.equal(code, 0)
    assert.doesNotMatch(stderr, /stopped/, 'nothing below error is logged any more')
  })

  test('logs a defect and ends with 1, without showing what an error carries', async () => {
    await using place = await Workplace.make()
    await place.hopwire(['init', '--dir', 'a'])
    const secret = 'what only the key file may hold'
    const defects = {
      SIGUSR2: 'throw Object.assign(new Error("boom"), { key: globalThis.secret })',
      SIGWINCH: 'Promise.reject(Object.assign(new Error("boom"), { key: globalThis.secret }))',
    }
    for (const [signal, defect] of Object.entries(defects)) {
      const preload = `globalThis.secret = '${secret}'; process.on('${signal}', () => { ${defect} })`
      const program = place.start(['run', '-c', 'a/hopwire.toml', '--set', 'http.enabled=false'], {
        env: { ...(await place.preload(preload)), HOPWIRE_TRANSPORT_TCP_LISTEN: '[]' },
      })
      await program.line()
      program.signal(signal as NodeJS.Signals)
      const { code, stderr } = await program.ended()
      assert.equal(code, 1)
      assert.match(stderr, /ERROR a defect in hopwire ends this node error=boom stack="Error: boom/)
      assert.doesNotMatch(stderr, new RegExp(secret))
    }
  })
})
