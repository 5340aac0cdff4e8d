import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Outcome, Workplace } from './program.ts'

const BIN = fileURLToPath(new URL('../../bin/hopwire.js', import.meta.url))

function run(node: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(node, args, { env: { ...process.env, ...env } }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

/** The machine's own node where it is another one than ours, as npx on an old machine would take. */
async function otherNode(): Promise<string | undefined> {
  for (const dir of (process.env['PATH'] ?? '').split(':').filter((dir) => !dir.includes('node_modules'))) {
    const found = await stat(`${dir}/node`).catch(() => undefined)
    if (found?.isFile() === true) return `${dir}/node`
  }
  return undefined
}

describe('bin/hopwire.js', () => {
  test('may be run, and starts the program of the checkout', async () => {
    assert.notEqual((await stat(BIN)).mode & 0o100, 0)
    assert.match(await readFile(BIN, 'utf8'), /^#!\/usr\/bin\/env node\n/)
    await using place = await Workplace.make()
    const env = { XDG_CACHE_HOME: place.path('cache') }
    const { code, stdout } = await run(process.execPath, [BIN, '--version'], env)
    assert.equal(code, 0)
    assert.match(stdout, /^hopwire \d+\.\d+\.\d+\n$/)
  })

  test('starts what was built where there is no source', async () => {
    await using place = await Workplace.make()
    await mkdir(place.path('bin'))
    await mkdir(place.path('dist/cli'), { recursive: true })
    await writeFile(place.path('package.json'), '{"type":"module"}')
    await cp(BIN, place.path('bin/hopwire.js'))
    await writeFile(place.path('dist/cli/main.js'), 'console.log("built", process.argv[2])')
    const env = { XDG_CACHE_HOME: place.path('cache') }
    const outcome = await run(process.execPath, [place.path('bin/hopwire.js'), 'id'], env)
    assert.deepEqual(outcome, { code: 0, stdout: 'built id\n', stderr: '' })
  })

  test('says what it needs on an old release of Node', async () => {
    await using place = await Workplace.make()
    const versions = `{ ...process.versions, node: '20.20.2' }`
    const env = await place.preload(`Object.defineProperty(process, 'versions', { value: ${versions} })`)
    assert.deepEqual(await run(process.execPath, [BIN, 'run'], env), {
      code: 1,
      stdout: '',
      stderr: 'hopwire needs Node.js 24 or newer; this is v20.20.2 (https://nodejs.org)\n',
    })
  })

  test('and old releases can read that', async (t) => {
    const node = await otherNode()
    if (node === undefined) return t.skip('there is no other node here')
    const { stdout: version } = await run(node, ['--version'])
    if (Number.parseInt(version.slice(1), 10) >= 24) return t.skip(`the other node is ${version.trim()}`)
    const { code, stderr } = await run(node, [BIN, '--help'])
    assert.equal(code, 1)
    assert.equal(
      stderr,
      `hopwire needs Node.js 24 or newer; this is ${version.trim()} (https://nodejs.org)\n`,
    )
  })
})
