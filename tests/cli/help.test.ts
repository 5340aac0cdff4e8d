import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { COMMANDS } from '../../src/cli/commands.ts'
import { overview } from '../../src/cli/overview.ts'
import { cliReference } from '../../src/cli/reference.ts'
import { hopwire } from './program.ts'

const LONGEST_LINE = 104

/** What the surface promises, by command. */
const FLAGS: Readonly<Record<string, readonly string[]>> = {
  init: ['dir'],
  run: ['config', 'set'],
  config: ['effective'],
  id: ['config', 'json'],
  key: ['config', 'json'],
  status: ['config', 'control', 'json'],
  netcheck: ['config', 'control', 'json', 'timeout'],
  peers: ['addresses', 'config', 'control', 'json'],
  routes: ['config', 'control', 'json'],
  store: ['config', 'control', 'json'],
  trace: ['config', 'control', 'json'],
  send: ['config', 'control', 'file', 'json', 'priority', 'timeout', 'ttl', 'wait'],
  listen: ['config', 'control', 'json', 'out'],
  airtime: [
    'bw',
    'bytes',
    'config',
    'control',
    'cr',
    'frequency',
    'json',
    'power',
    'preamble',
    'region',
    'sf',
  ],
  sim: ['json', 'list', 'seed', 'seeds', 'topology'],
  lora: ['json'],
  'rnode-emulator': [
    'airtime-scale',
    'burst',
    'json',
    'loss',
    'modems',
    'platform',
    'port-base',
    'pty',
    'reach',
    'seed',
    'tcp',
  ],
}

describe('help', () => {
  test('the overview names every command', () => {
    for (const name of Object.keys(COMMANDS)) assert.match(overview(), new RegExp(`^  ${name} +[A-Z]`, 'm'))
    assert.deepEqual(Object.keys(FLAGS), Object.keys(COMMANDS))
  })

  for (const [name, { load }] of Object.entries(COMMANDS)) {
    test(`of ${name} mentions exactly its flags`, async () => {
      const { help, options } = await load()
      assert.deepEqual(Object.keys(options).toSorted(), [...(FLAGS[name] ?? []), 'help'].toSorted())
      const mentioned = [...help.matchAll(/^ {2}(?:-\w, | {4})--([a-z-]+)/gm)].map(([, flag]) => flag)
      assert.deepEqual(mentioned.toSorted(), Object.keys(options).toSorted())
      assert.match(help, new RegExp(`^Usage: hopwire ${name} `))
      for (const line of help.split('\n')) assert.ok(line.length <= LONGEST_LINE, line)
    })
  }

  test('comes the same three ways, on stdout, with exit code 0', async () => {
    const ways = [
      ['help', 'send'],
      ['send', '--help'],
      ['send', 'junk', '-h', 'more', 'and more'],
    ]
    for (const way of ways) {
      const { code, stdout, stderr } = await hopwire(way)
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
      assert.equal(stdout, (await COMMANDS['send']?.load())?.help)
    }
  })

  test('of the whole comes with --help, -h and help', async () => {
    for (const way of ['--help', '-h', 'help']) {
      assert.deepEqual(await hopwire([way]), { code: 0, stdout: overview(), stderr: '' })
    }
  })

  test('goes to stderr, with exit code 2, where no command is given', async () => {
    assert.deepEqual(await hopwire([]), { code: 2, stdout: '', stderr: overview() })
  })

  test('has the version of package.json', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
    assert.deepEqual(await hopwire(['--version']), { code: 0, stdout: `hopwire ${version}\n`, stderr: '' })
  })
})

test('docs/cli.md is what the help says', async () => {
  const file = new URL('../../docs/cli.md', import.meta.url)
  const wanted = await cliReference()
  if (process.env['UPDATE'] === '1') await writeFile(file, wanted)
  const there = await readFile(file, 'utf8')
  assert.ok(there === wanted, `docs/cli.md differs: UPDATE=1 node --test ${import.meta.filename}`)
})
