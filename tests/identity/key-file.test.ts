import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { Identity } from '../../src/identity/identity.ts'
import { readKeyFile, writeKeyFile } from '../../src/identity/key-file.ts'
import { seededRandom } from '../../src/runtime/random.ts'

const SEED = Uint8Array.from({ length: 32 }, (_, i) => i)
const LINE = `hopwire-ed25519-seed-v1 ${Buffer.from(SEED).toString('hex')}`

let folder: string
let file: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hopwire-key-'))
  file = join(folder, 'identity.key')
})

afterEach(() => rm(folder, { recursive: true }))

function refusal(message: string | RegExp): object {
  return { name: 'MeshError', code: 'ERR_IDENTITY_FILE', message, context: { file } }
}

test('an identity that was saved loads as the same', async () => {
  const identity = Identity.generate(seededRandom('saved'))
  await identity.save(file)
  const loaded = await Identity.load(file)
  assert.ok(loaded.address.equals(identity.address))
  assert.deepEqual(loaded.sign(SEED), identity.sign(SEED))
})

describe('writing', () => {
  test('makes one line that only its owner can read, and leaves nothing else behind', async () => {
    await writeKeyFile(file, SEED)
    assert.equal(await readFile(file, 'utf8'), `${LINE}\n`)
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    assert.deepEqual(await readdir(folder), ['identity.key'])
  })

  test('makes the folder', async () => {
    file = join(folder, 'a', 'b', 'identity.key')
    await writeKeyFile(file, SEED)
    assert.deepEqual(await readKeyFile(file), SEED)
  })

  test('refuses to overwrite, whatever is there, and leaves it as it was', async () => {
    await writeFile(file, 'precious')
    await assert.rejects(writeKeyFile(file, SEED), refusal(`key file ${file} exists and is not overwritten`))
    assert.equal(await readFile(file, 'utf8'), 'precious')
    assert.deepEqual(await readdir(folder), ['identity.key'])
  })

  test('does not write through a link that points nowhere', async () => {
    await symlink(join(folder, 'elsewhere'), file)
    await assert.rejects(writeKeyFile(file, SEED), refusal(/exists and is not overwritten$/))
    assert.deepEqual(await readdir(folder), ['identity.key'])
  })

  test('of several writers at once, one wins, and its key is the one on disk', async () => {
    const seeds = Array.from({ length: 8 }, (_, i) => new Uint8Array(32).fill(i))
    const results = await Promise.allSettled(seeds.map((seed) => writeKeyFile(file, seed)))
    const winners = results.flatMap(({ status }, i) => (status === 'fulfilled' ? [i] : []))
    assert.equal(winners.length, 1)
    assert.deepEqual(await readKeyFile(file), seeds[winners[0] ?? -1])
    assert.deepEqual(await readdir(folder), ['identity.key'])
  })

  test('names the file when its folder cannot be made', async () => {
    await writeFile(join(folder, 'taken'), '')
    file = join(folder, 'taken', 'identity.key')
    await assert.rejects(writeKeyFile(file, SEED), refusal(/^key file .*identity\.key cannot be written: E/))
  })
})

describe('reading', () => {
  for (const mode of [0o640, 0o604, 0o620, 0o610, 0o666, 0o777]) {
    test(`refuses mode ${mode.toString(8)} and says what to do`, async () => {
      await writeKeyFile(file, SEED)
      await chmod(file, mode)
      await assert.rejects(
        readKeyFile(file),
        refusal(
          `key file ${file} has mode 0${mode.toString(8)}, so others can read the key: chmod 600 ${file}`,
        ),
      )
    })
  }

  test('takes a file that even its owner cannot write', async () => {
    await writeKeyFile(file, SEED)
    await chmod(file, 0o400)
    assert.deepEqual(await readKeyFile(file), SEED)
  })

  test('says how to make a file that is missing', async () => {
    await assert.rejects(
      readKeyFile(file),
      refusal(`key file ${file} does not exist: 'hopwire init' makes one`),
    )
  })

  test('takes the line ends of editors', async () => {
    for (const end of ['', '\n', '\r\n']) {
      await writeFile(file, LINE + end, { mode: 0o600 })
      assert.deepEqual(await readKeyFile(file), SEED)
    }
  })

  const NOT_KEYS: [string, string][] = [
    ['empty', ''],
    ['other text', 'hello\n'],
    ['a PEM key', '-----BEGIN PRIVATE KEY-----\n'],
    ['another version', LINE.replace('v1', 'v2')],
    ['a digit too few', LINE.slice(0, -1)],
    ['a digit too many', `${LINE}0`],
    ['a second line', `${LINE}\n${LINE}\n`],
    ['upper case, which hopwire never writes', LINE.toUpperCase()],
    ['far too long', LINE.padEnd(1e6)],
  ]
  for (const [name, content] of NOT_KEYS) {
    test(`refuses what is no key file, without showing it: ${name}`, async () => {
      await writeFile(file, content, { mode: 0o600 })
      await assert.rejects(readKeyFile(file), refusal(`key file ${file} is no hopwire key file`))
    })
  }

  test('refuses a folder and a device', async () => {
    await mkdir(file, { mode: 0o700 })
    await assert.rejects(readKeyFile(file), refusal(`key file ${file} is no regular file`))
    file = '/dev/zero'
    await assert.rejects(readKeyFile(file), refusal('key file /dev/zero is no regular file'))
  })

  test('says why a file cannot be read', async () => {
    await writeFile(join(folder, 'plain'), '')
    file = join(folder, 'plain', 'identity.key')
    await assert.rejects(readKeyFile(file), refusal(/^key file .* cannot be read: ENOTDIR/))
  })
})
