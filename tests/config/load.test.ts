import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { DEFAULTS, loadConfig, parseConfig } from '../../src/config/config.ts'
import { problemsOf } from './problems-of.ts'

describe('loadConfig', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hopwire-config-'))
  })
  after(() => rm(folder, { recursive: true }))

  async function written(name: string, content: string | Uint8Array): Promise<string> {
    const file = join(folder, name)
    await writeFile(file, content)
    return file
  }

  const refusal = (file: string, message: string): Promise<void> =>
    assert.rejects(loadConfig(file), { code: 'ERR_CONFIG', message: `${file}: ${message}` })

  test('reads a file, applies the overrides and makes the paths absolute', async () => {
    const file = await written('good.toml', '[announce]\ninterval_s = 5\n[logging]\nlevel = "warn"')
    const env = { HOPWIRE_LOGGING_LEVEL: 'error' }
    const { placeOf, ...loaded } = await loadConfig(relative(process.cwd(), file), {
      set: ['store.path=a.db'],
      env,
    })
    const places = ['announce.interval_s', 'logging.level', 'store.path', 'http.listen'].map(placeOf)
    assert.deepEqual(places, [
      `${relative(process.cwd(), file)}:2: announce.interval_s`,
      'HOPWIRE_LOGGING_LEVEL',
      '--set store.path=a.db',
      `${relative(process.cwd(), file)}: http.listen`,
    ])
    assert.deepEqual(loaded, {
      config: {
        ...DEFAULTS,
        announce: { ...DEFAULTS.announce, interval_s: 5 },
        logging: { ...DEFAULTS.logging, level: 'error' },
        store: { ...DEFAULTS.store, path: 'a.db' },
      },
      file,
      keyFile: join(folder, 'identity.key'),
      dataDir: join(folder, 'data'),
      storeFile: join(folder, 'data', 'a.db'),
      controlSocket: join(folder, 'data', 'control.sock'),
      blocklistFile: undefined,
    })
  })

  test('takes no variable that it was not given', async () => {
    const file = await written('plain.toml', '')
    Object.assign(process.env, { HOPWIRE_NODE_NAME: 'ambient' })
    try {
      assert.equal((await loadConfig(file)).config.node.name, '')
    } finally {
      Reflect.deleteProperty(process.env, 'HOPWIRE_NODE_NAME')
    }
  })

  test('a missing file names the command that writes one', async () => {
    await refusal(join(folder, 'none.toml'), "does not exist: 'hopwire init' writes one")
  })

  test('a folder is refused', async () => {
    await mkdir(join(folder, 'folder.toml'))
    await refusal(join(folder, 'folder.toml'), 'is a folder, not a file')
  })

  test('bytes that are not UTF-8 are refused', async () => {
    await refusal(await written('latin1.toml', Uint8Array.of(0x23, 0xe9, 0x0a)), 'is not UTF-8 text')
  })

  test('a file over 1 MiB is refused', async () => {
    await refusal(await written('large.toml', '#'.repeat(1_048_577)), 'is larger than 1048576 bytes')
  })

  test('a file without an end is refused', { skip: process.platform === 'win32' }, async () => {
    await refusal('/dev/zero', 'is larger than 1048576 bytes')
  })

  const unbound = process.platform === 'win32' || process.getuid?.() === 0
  test('a file that may not be read is refused', { skip: unbound }, async () => {
    const file = await written('secret.toml', '')
    await chmod(file, 0)
    await refusal(file, 'cannot be read: permission denied')
  })
})

describe('paths', () => {
  test('absolute ones are taken as they are', () => {
    const text = `
      node.data_dir = "/var/lib/hopwire"
      identity.key_file = "/etc/hopwire/key"
      store.path = "/srv/store.db"
      control.socket = "/run/hopwire.sock"`
    const { keyFile, dataDir, storeFile, controlSocket } = parseConfig(text, { file: '/etc/hopwire.toml' })
    assert.deepEqual(
      [keyFile, dataDir, storeFile, controlSocket],
      ['/etc/hopwire/key', '/var/lib/hopwire', '/srv/store.db', '/run/hopwire.sock'],
    )
  })

  test('those of the store and the socket start from data_dir', () => {
    const loaded = parseConfig('node.data_dir = "../mesh"', { file: '/etc/hopwire/hopwire.toml' })
    assert.equal(loaded.keyFile, '/etc/hopwire/identity.key')
    assert.equal(loaded.storeFile, '/etc/mesh/store.db')
    assert.equal(loaded.controlSocket, '/etc/mesh/control.sock')
  })

  test("the blocklist's starts from the folder of the file", () => {
    const { blocklistFile } = parseConfig('blocklist.file = "blocked"', { file: '/etc/hopwire.toml' })
    assert.equal(blocklistFile, '/etc/blocked')
  })

  test('a socket path of 107 bytes is accepted and one of 108 refused', () => {
    // Two bytes for each é: the limit is of bytes, not of characters.
    const socket = `/${'é'.repeat(50)}${'s'.repeat(6)}`
    assert.equal(
      parseConfig('', { file: '/h.toml', set: [`control.socket=${socket}`] }).controlSocket,
      socket,
    )
    const lines = problemsOf(() => parseConfig(`\ncontrol.socket = "${socket}s"`, { file: '/h.toml' }))
    assert.deepEqual(lines, [
      "/h.toml:2: control.socket: the path, with its folders, has 108 bytes, and a Unix socket's takes at most 107: set a shorter absolute path",
    ])
  })

  test('a default socket path that the folders make too long is refused by its key', () => {
    const [line] = problemsOf(() => parseConfig('', { file: `/${'d'.repeat(100)}/h.toml` }))
    assert.match(line ?? '', /^\/d{100}\/h\.toml: control\.socket: the path, with its folders, has 119 bytes/)
  })
})
