import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { sampleConfig } from '../../src/config/config.ts'
import { Workplace } from './program.ts'

describe('hopwire init', () => {
  test('writes both files and prints the address that id then shows', async () => {
    await using place = await Workplace.make()
    const { code, stdout, stderr } = await place.hopwire(['init', '--dir', 'new/node'])
    assert.equal(code, 0)
    assert.match(stdout, /^[0-9a-f]{32}\n$/)
    assert.equal(stderr, 'wrote new/node/hopwire.toml and new/node/identity.key\n')
    assert.equal(await readFile(place.path('new/node/hopwire.toml'), 'utf8'), sampleConfig())
    assert.equal((await stat(place.path('new/node/identity.key'))).mode & 0o777, 0o600)
    assert.deepEqual((await readdir(place.path('new/node'))).toSorted(), ['hopwire.toml', 'identity.key'])

    const id = await place.hopwire(['id', '--json'], { cwd: place.path('new/node') })
    const { address, publicKey, peerId } = JSON.parse(id.stdout)
    assert.equal(`${address}\n`, stdout)
    assert.match(publicKey, /^[0-9a-f]{64}$/)
    assert.match(peerId, /^12D3Koo\w+$/)
    const text = await place.hopwire(['id', '-c', 'new/node/hopwire.toml'])
    assert.equal(text.stdout, `address     ${address}\npublic key  ${publicKey}\npeer id     ${peerId}\n`)
  })

  for (const taken of ['hopwire.toml', 'identity.key']) {
    test(`writes nothing where there is a ${taken}, be it a link to nowhere`, async () => {
      await using place = await Workplace.make()
      await mkdir(place.path('file'))
      await writeFile(place.path('file', taken), 'mine')
      await mkdir(place.path('link'))
      await symlink('nowhere', place.path('link', taken))
      for (const dir of ['file', 'link']) {
        const { code, stdout, stderr } = await place.hopwire(['init', '--dir', dir])
        assert.deepEqual({ code, stdout }, { code: 2, stdout: '' })
        assert.match(stderr, new RegExp(`^hopwire: ${dir}/${taken} exists and is not overwritten[^\\n]*\\n$`))
        assert.deepEqual(await readdir(place.path(dir)), [taken])
      }
      assert.equal(await readFile(place.path('file', taken), 'utf8'), 'mine')
    })
  }
})

describe('hopwire config check', () => {
  test('accepts what init wrote, and shows what holds with the variables', async () => {
    await using place = await Workplace.make()
    await place.hopwire(['init'])
    const plain = await place.hopwire(['config', 'check'])
    assert.deepEqual(plain, { code: 0, stdout: 'hopwire.toml: ok\n', stderr: '' })
    const env = { HOPWIRE_ANNOUNCE_INTERVAL_S: '61' }
    const effective = await place.hopwire(['config', 'check', '--effective'], { env })
    assert.match(effective.stdout, /^interval_s = 61$/m)
    await writeFile(place.path('effective.toml'), effective.stdout)
    const again = await place.hopwire(['config', 'check', 'effective.toml', '--effective'])
    assert.equal(again.stdout, effective.stdout)
  })
})
