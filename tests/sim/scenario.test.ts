import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MeshError } from '../../src/runtime/errors.ts'
import { completeModel } from '../../src/sim/link-model.ts'
import { parseScenario, type Scenario } from '../../src/sim/scenario.ts'
import { loadGrades, loadScenario, SIM_FOLDER, scenarioNames } from '../../src/sim/scenario-folder.ts'
import { parseGrades } from '../../src/sim/scenario-grades.ts'

const GRADES = parseGrades(
  '[lan]\nabout = "a cable"\nlatency_ms = 1\nbits_per_s = 1000\nqueue_bytes = 1024\nmtu = 1024\n',
  'grades.toml',
)

const GOOD = `\
shows = "something"
grade = "lan"
duration_s = 10

[topology]
kind = "line"
nodes = 3

[pings]
within_s = 1
`

function parse(text: string): Scenario {
  return parseScenario(text, 'dir/test.toml', GRADES)
}

/** The lines of the error. */
function problems(text: string): string[] {
  try {
    parse(text)
  } catch (error) {
    assert.ok(error instanceof MeshError && error.code === 'ERR_CONFIG', String(error))
    return error.message.split('\n')
  }
  return assert.fail('accepted')
}

describe('a scenario', () => {
  it('has its defaults', () => {
    const { name, seeds, signatures, pings, events, targets, topology } = parse(GOOD)
    assert.equal(name, 'test')
    assert.deepEqual(
      { seeds, signatures, events, targets },
      { seeds: 5, signatures: 'ed25519', events: [], targets: [] },
    )
    assert.deepEqual(topology, { kind: 'line', nodes: 3, copies: 1 })
    assert.deepEqual(pings, {
      firstS: 0,
      rounds: 1,
      everyS: 1,
      count: 1,
      overS: 0,
      withinS: 1,
      answered: false,
      bytes: 32,
      minHops: 1,
      pairs: 'any',
      sinceS: undefined,
    })
  })

  it('takes events, targets and configuration', () => {
    const { events, targets, config } = parse(`${GOOD}
[events.gone]
kind = "crash"
at_s = 2
count = 1
for_s = 3
[targets.delivery]
at_least = 0.5
published = "0.4: somebody"
[config.announce]
interval_s = 60
`)
    assert.deepEqual(events, [
      {
        name: 'gone',
        atS: 2,
        everyS: 1,
        times: 1,
        kind: 'crash',
        who: { count: 1 },
        forS: 3,
        noticedAfterMs: 0,
      },
    ])
    assert.deepEqual(targets, [
      { figure: 'delivery', bound: 'at least', value: 0.5, published: '0.4: somebody' },
    ])
    assert.deepEqual(JSON.parse(JSON.stringify(config)), { announce: { interval_s: 60 } })
  })

  for (const [what, text, expected] of [
    [
      'unreadable TOML',
      'shows = "x',
      ['dir/test.toml:1:11: not valid TOML: unterminated string constant: shows = "x'],
    ],
    [
      'an unknown key at the top',
      `seed = 3\n${GOOD}`,
      ['dir/test.toml:1: seed: unknown key (did you mean seeds?)'],
    ],
    [
      'a misspelt one in a table',
      GOOD.replace('within_s = 1', 'within_s = 1\nround = 4'),
      ['dir/test.toml:11: pings.round: unknown key (did you mean rounds?)'],
    ],
    [
      'one that another kind of topology has',
      GOOD.replace('nodes = 3', 'nodes = 3\nwidth = 2'),
      ['dir/test.toml:8: topology.width: unknown key (known here: kind, nodes, copies)'],
    ],
    [
      'a missing one',
      GOOD.replace('duration_s = 10\n', ''),
      ['dir/test.toml:1: duration_s: is missing: a number, 0.1 to 604800'],
    ],
    [
      'a wrong type',
      GOOD.replace('nodes = 3', 'nodes = "3"'),
      ['dir/test.toml:7: topology.nodes: expected a whole number, 2 to 100000, got "3"'],
    ],
    [
      'a number that is none',
      GOOD.replace('duration_s = 10', 'duration_s = nan'),
      ['dir/test.toml:3: duration_s: expected a number, 0.1 to 604800, got NaN'],
    ],
    [
      'an unknown grade',
      GOOD.replace('"lan"', '"lam"'),
      ['dir/test.toml:2: grade: expected one of lan, got "lam"'],
    ],
    [
      'a configuration that hopwire would refuse',
      `${GOOD}[config.announce]\ninterval_s = 0\n`,
      ['dir/test.toml:12: config.announce.interval_s: expected a whole number of seconds, 1 to 86400, got 0'],
    ],
    [
      'an event to nobody',
      `${GOOD}[events.x]\nkind = "crash"\nat_s = 1\n`,
      ['dir/test.toml:11: events.x: needs one of nodes, count and share'],
    ],
    [
      'an event to somebody who is not there',
      `${GOOD}[events.x]\nkind = "restart"\nat_s = 1\nnodes = [3]\n`,
      ['dir/test.toml:11: events.x: there is no node 3: the last is 2'],
    ],
    [
      'an event after the end',
      `${GOOD}[events.x]\nkind = "restart"\nat_s = 11\nnodes = [1]\n`,
      ['dir/test.toml:11: events.x: comes after the end, which is duration_s'],
    ],
    [
      'a walk without a map',
      `${GOOD}[events.x]\nkind = "move"\nat_s = 1\nlinks = 2\ndistance_m = 3\n`,
      ['dir/test.toml:11: events.x: needs a topology of the kind nearest: others have no map'],
    ],
    [
      'a ping that cannot arrive before the end',
      GOOD.replace('within_s = 1', 'within_s = 11'),
      ['dir/test.toml:9: pings: the last ping has until 11 s to arrive, which is after the end, duration_s'],
    ],
    [
      'a ping to nobody',
      GOOD.replace('within_s = 1', 'within_s = 1\nbetween = [0, 9]'),
      ['dir/test.toml:11: pings.between: there is no such node: the last is 2'],
    ],
    [
      'a target without a bound, and one that is no figure',
      `${GOOD}[targets.delivery]\n[targets.speed]\nat_least = 1\n`,
      [
        'dir/test.toml:11: targets.delivery: needs one of at_least and at_most',
        'dir/test.toml:12: targets.speed: unknown key (known here: delivery, converged_s, next_delivery_s, paths, latency_ms, control_bytes_per_s, bytes_per_s, frames_per_s, pings, wall_s, memory_mb)',
      ],
    ],
  ] as const) {
    it(`is refused with its place: ${what}`, () => {
      assert.deepEqual(problems(text), expected)
    })
  }

  it('is either good or says what is wrong with a file and a line, whatever it holds', () => {
    const lines = GOOD.trimEnd().split('\n')
    const edit = fc.record({
      at: fc.nat({ max: lines.length }),
      line: fc.oneof(
        fc.string(),
        fc.constantFrom(
          '[events.a]',
          '[targets.delivery]',
          '[[topology]]',
          'kind = "move"',
          '[config]',
          '[pings.x]',
        ),
        fc
          .tuple(fc.constantFrom('at_s', 'nodes', 'kind', 'links', 'copies', '__proto__'), fc.json())
          .map((p) => p.join(' = ')),
      ),
    })
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 4 }), (edits) => {
        const text = [...lines]
        for (const { at, line } of edits) text.splice(at, 0, line)
        try {
          parse(text.join('\n'))
        } catch (error) {
          assert.ok(error instanceof MeshError, String(error))
          for (const line of error.message.split('\n')) assert.match(line, /^dir\/test\.toml:|^… and/)
        }
      }),
    )
  })
})

describe('a link grade', () => {
  it('says what is wrong with it', () => {
    assert.throws(
      () =>
        parseGrades(
          '[x]\nabout = "x"\nlatency_ms = -1\nbits_per_s = 1\nqueue_bytes = 300\nmtu = 500\n',
          'g.toml',
        ),
      {
        code: 'ERR_CONFIG',
        message:
          'g.toml:3: x.latency_ms: expected a number, 0 to 60000, got -1\n' +
          'g.toml:5: x.queue_bytes: has to hold the longest frame, 500 bytes',
      },
    )
  })

  it('of the package makes a link', async () => {
    const grades = await loadGrades()
    assert.ok(grades.size >= 5)
    for (const { link } of grades.values()) completeModel(link)
  })
})

describe('the scenarios of the package', () => {
  it('all read', async () => {
    const names = await scenarioNames()
    assert.ok(names.length >= 12)
    for (const name of names) assert.equal((await loadScenario(name)).name, name)
  })

  it('are all told of in docs/simulation.md, and so are their keys and figures', async () => {
    const text = await readFile(join(SIM_FOLDER, '../docs/simulation.md'), 'utf8')
    for (const name of await scenarioNames()) assert.ok(text.includes(`\`${name}\``), name)
    for (const name of (await loadGrades()).keys()) assert.ok(text.includes(`\`${name}\``), name)
  })

  it('are told apart from names that are none', async () => {
    await assert.rejects(loadScenario('converge-gird-49'), {
      code: 'ERR_USAGE',
      message: 'unknown scenario "converge-gird-49" (did you mean converge-grid-49?)',
    })
    await assert.rejects(loadScenario('nowhere/own.toml'), {
      code: 'ERR_CONFIG',
      message: 'nowhere/own.toml: does not exist',
    })
  })
})
