import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { Workplace } from './program.ts'

describe('hopwire key rotate', () => {
  test('gives the node its next key, and shows both addresses', async () => {
    await using place = await Workplace.make()
    const old = (await place.hopwire(['init'])).stdout.trim()
    const { code, stdout, stderr } = await place.hopwire(['key', 'rotate', '--json'])
    assert.equal(code, 0)
    assert.equal(stderr, 'a node that runs keeps the old key until it is started again\n')
    const { from, to } = JSON.parse(stdout)
    assert.equal(from, old)
    const id = JSON.parse((await place.hopwire(['id', '--json'])).stdout)
    assert.equal(id.address, to)
    const again = await place.hopwire(['key', 'rotate', '-c', place.path('hopwire.toml')])
    assert.match(again.stdout, new RegExp(`^old address {2}${to}\nnew address {2}[0-9a-f]{32}\n$`))
  })

  test('finds the key where the configuration says it is', async () => {
    await using place = await Workplace.make()
    await place.hopwire(['init', '--dir', 'keys'])
    await writeFile(place.path('hopwire.toml'), 'identity.key_file = "keys/identity.key"\n')
    const before = await readFile(place.path('keys/identity.key'), 'utf8')
    assert.equal((await place.hopwire(['key', 'rotate'])).code, 0)
    assert.notEqual(await readFile(place.path('keys/identity.key'), 'utf8'), before)
    assert.match(await readFile(place.path('keys/identity.key.former'), 'utf8'), /^hopwire-former-key-v1 /)
  })

  test('does nothing where it is asked for something else, or there is no key', async () => {
    await using place = await Workplace.make()
    const wrong = await place.hopwire(['key', 'forget'])
    assert.equal(wrong.code, 2)
    assert.match(wrong.stderr, /^hopwire: key: unknown action "forget" \(see 'hopwire key --help'\)\n$/)
    await writeFile(place.path('hopwire.toml'), '')
    const keyless = await place.hopwire(['key', 'rotate'])
    assert.equal(keyless.code, 2)
    assert.match(keyless.stderr, /identity\.key does not exist: 'hopwire init' makes one\n$/)
  })
})
