import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { Workplace } from './program.ts'

const OWN = `\
shows = "Two nodes"
grade = "lan"
duration_s = 10

[topology]
kind = "line"
nodes = 2

[pings]
first_s = 5
count = 4
over_s = 1
within_s = 2

[targets.delivery]
at_least = 1
published = "0.9: somebody"
`

let place: Workplace

before(async () => {
  place = await Workplace.make()
  await writeFile(place.path('own.toml'), OWN)
  await writeFile(
    place.path('never.toml'),
    OWN.replace('[targets', '[targets.latency_ms]\nat_most = 0\n\n[targets'),
  )
  await writeFile(place.path('bad.toml'), OWN.replace('nodes = 2', 'node = 2'))
  await writeFile(place.path('graph.json'), '{"nodes":3,"links":[[0,1],[1,2]]}')
  await writeFile(place.path('bad.json'), '{"nodes":3,"links":[[0,3]]}')
})

after(() => place[Symbol.asyncDispose]())

describe('sim', () => {
  test('prints figures beside their targets, and that they are simulated', async () => {
    const { code, stdout, stderr } = await place.hopwire([
      'sim',
      'own.toml',
      '--seed',
      'night',
      '--seeds',
      '2',
    ])
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
    const [first, second, heads] = stdout.split('\n')
    assert.equal(first, 'own: Two nodes')
    assert.equal(second, 'simulated: 2 nodes, 1 link (lan), 10 s, 2 seeds from night on, real signatures')
    assert.match(heads ?? '', /^FIGURE +UNIT +MEDIAN +LEAST +MOST +TARGET +PUBLISHED$/)
    assert.match(stdout, /^delivery +share +1 +1 +1 +at least 1 +met +0\.9: somebody$/m)
    assert.match(stdout, /\nok\n$/)
  })

  test('fails where a target is missed, and prints the command to see it again', async () => {
    const { code, stdout } = await place.hopwire(['sim', 'never.toml', '--seed', '3'])
    assert.equal(code, 1)
    assert.match(
      stdout,
      /^seed 3: latency_ms is [\d.]+, not at most 0\n {2}hopwire sim never\.toml --seed 3$/m,
    )
    assert.match(stdout, /\nfailed\n$/)
  })

  test('tells programs the same on one line, again and again', async () => {
    const args = ['sim', 'own.toml', 'never.toml', '--topology', 'graph.json', '--seed', '5', '--json']
    const outcomes = [await place.hopwire(args), await place.hopwire(args)]
    const [one, two] = outcomes.map(({ code, stdout }) => {
      assert.equal(code, 1)
      assert.equal(stdout.trimEnd().split('\n').length, 1)
      const { ok, reports } = JSON.parse(stdout)
      assert.equal(ok, false)
      assert.deepEqual(
        reports.map((report: { ok: boolean; nodes: number; simulated: boolean; signatures: string }) => {
          return [report.ok, report.nodes, report.simulated, report.signatures]
        }),
        [
          [true, 3, true, 'ed25519'],
          [false, 3, true, 'ed25519'],
        ],
      )
      assert.equal(reports[1].failures[0].replay, 'hopwire sim never.toml --seed 5 --topology graph.json')
      return reports[0].runs[0].traceHash
    })
    assert.equal(typeof one, 'string')
    assert.equal(one, two)
  })

  test('lists the scenarios of the package', async () => {
    const { code, stdout } = await place.hopwire(['sim', '--list'])
    assert.equal(code, 0)
    assert.match(stdout, /^SCENARIO +SEEDS +SHOWS\n/)
    assert.match(stdout, /^relay-death +\d+ +The relay/m)
  })

  for (const [what, args, message] of [
    ['no scenario', [], "sim: name a scenario; --list has all (see 'hopwire sim --help')"],
    ['an unknown one', ['relay-deth'], 'unknown scenario "relay-deth" (did you mean relay-death?)'],
    [
      'a file with a mistake',
      ['bad.toml'],
      'bad.toml:5: topology.nodes: is missing: a whole number, 2 to 100000',
    ],
    [
      'a graph with a mistake',
      ['own.toml', '--topology', 'bad.json'],
      'bad.json: links[0]: expected a node, 0 to 2, got 3',
    ],
    ['a graph that is not there', ['own.toml', '--topology', 'no.json'], 'no.json: does not exist'],
    [
      'a scenario without its graph',
      ['freifunk'],
      'this scenario takes its graph from a file: give one with --topology',
    ],
    [
      'a number that is none',
      ['own.toml', '--seeds', '0'],
      `sim: --seeds: expected a whole number, 1 to 100000, got "0" (see 'hopwire sim --help')`,
    ],
  ] as const) {
    test(`says in a line what is wrong: ${what}`, async () => {
      const { code, stdout, stderr } = await place.hopwire(['sim', ...args])
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' })
      assert.equal(stderr.split('\n')[0], `hopwire: ${message}`)
    })
  }
})
