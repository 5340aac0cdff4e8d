import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Workplace } from './program.ts'

describe('output', () => {
  test('that nobody reads to its end is no failure', async () => {
    await using place = await Workplace.make()
    const program = place.start(['help', 'send'])
    program.child.stdout?.destroy()
    const { code, stderr } = await program.ended()
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  })

  const skip = existsSync('/dev/full') ? false : 'needs /dev/full'
  test('that finds no room is a failure, told in one line', { skip }, () => {
    const full = openSync('/dev/full', 'w')
    const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
    const { status, stderr } = spawnSync(process.execPath, [main, 'help', 'send'], {
      stdio: ['ignore', full, 'pipe'],
    })
    closeSync(full)
    assert.equal(String(stderr), 'hopwire: cannot write: no space is left on the device\n')
    assert.equal(status, 1)
  })

  test('ends a listener whose reader goes', async () => {
    await using place = await Workplace.make()
    const { ready } = await place.node('a')
    const control = ['--control', ready.control]
    const listener = place.start(['listen', ...control])
    await listener.says(/^listening at/m)
    listener.child.stdout?.destroy()
    await place.hopwire(['send', ready.address, 'to myself', ...control, '--wait', 'delivered'])
    assert.equal((await listener.ended()).code, 0)
  })

  test('has no colour where it is no terminal', async () => {
    await using place = await Workplace.make()
    const { ready } = await place.node('a')
    for (const command of ['peers', 'routes', 'status', 'store']) {
      const { code, stdout } = await place.hopwire([command, '--control', ready.control])
      assert.equal(code, 0)
      assert.ok(!stdout.includes('\u001b'))
    }
  })

  test('finds its node by flag, variable, file and folder, in this order', async () => {
    await using place = await Workplace.make()
    const { ready } = await place.node('a')
    const nowhere = { HOPWIRE_CONTROL: '/nowhere/control.sock' }
    for (const [args, surroundings] of [
      [['--control', ready.control], { env: nowhere }],
      [['-c', 'a/hopwire.toml'], { env: nowhere }],
      [[], { env: { HOPWIRE_CONTROL: ready.control } }],
      [[], { cwd: place.path('a') }],
    ] as const) {
      const { stdout, stderr } = await place.hopwire(['status', '--json', ...args], surroundings)
      assert.equal(stderr, '')
      assert.equal(JSON.parse(stdout).address, ready.address)
    }
  })
})
