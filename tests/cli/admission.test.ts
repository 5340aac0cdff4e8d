import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { Workplace } from './program.ts'

const LISTEN = 'listen = ["/ip4/127.0.0.1/tcp/0"]'

describe('rules of admission in a running node', () => {
  test('are taken over at SIGHUP, and end the links they exclude', async () => {
    await using place = await Workplace.make()
    const { stdout } = await place.hopwire(['init', '--dir', 'other'])
    const other = stdout.trim()
    await place.hopwire(['init', '--dir', 'a'])
    const rules = (admission: string) =>
      writeFile(
        place.path('a/hopwire.toml'),
        `[transport.tcp]\n${LISTEN}\n[transport.admission]\n${admission}\n`,
      )
    await rules('deny = []')
    const a = await place.run('a')
    const b = await place.run('other', `transport.tcp.peers=["${a.ready.listen[0]}"]`)
    const peers = async (): Promise<string> =>
      (await place.hopwire(['peers', '-c', 'a/hopwire.toml', '--json'])).stdout
    const linked = async (): Promise<void> => {
      for (let attempt = 1; !(await peers()).includes(other); attempt++) assert.ok(attempt < 200, 'no link')
    }
    await linked()

    await rules(`deny = ["${other}"]`)
    a.program.signal('SIGHUP')
    await a.program.says(/configuration reloaded.*transport\.admission\.deny/)
    assert.ok(!(await peers()).includes(other))

    await rules('deny = []')
    a.program.signal('SIGHUP')
    await linked()

    b.program.signal('SIGTERM')
    a.program.signal('SIGTERM')
    assert.deepEqual([(await a.program.ended()).code, (await b.program.ended()).code], [0, 0])
  })

  test('with an error keep it from starting, and the error names the entry', async () => {
    await using place = await Workplace.make()
    await place.hopwire(['init', '--dir', 'a'])
    await writeFile(place.path('a/hopwire.toml'), '[transport.admission]\nallow = ["bob"]\n')
    const { code, stderr } = await place.hopwire(['config', 'check', 'a/hopwire.toml'])
    assert.equal(code, 2)
    assert.match(
      stderr,
      /hopwire\.toml:2: transport\.admission\.allow: entry 1: expected an address of 32 hexadecimal digits or a public key of 64, got "bob"/,
    )
  })
})
