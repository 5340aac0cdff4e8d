import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { replayCommand, reportOf, shownFigure } from '../../src/sim/report.ts'
import type { SeedRun } from '../../src/sim/runner.ts'
import type { FigureTarget, Scenario } from '../../src/sim/scenario.ts'
import type { Figures } from '../../src/sim/scenario-figures.ts'
import { loadScenario } from '../../src/sim/scenario-folder.ts'

const any = await loadScenario('relay-death')

function scenario(...targets: FigureTarget[]): Scenario {
  return { ...any, targets }
}

function run(seed: string, figures: Figures, violations: SeedRun['violations'] = []): SeedRun {
  return { seed, nodes: 7, links: 7, figures, lost: {}, violations, traceHash: seed }
}

const DELIVERY: FigureTarget = { figure: 'delivery', bound: 'at least', value: 0.9, published: undefined }
const CONVERGED: FigureTarget = { figure: 'converged_s', bound: 'at most', value: 2, published: undefined }

describe('a report', () => {
  it('holds medians against targets', () => {
    const runs = [run('1', { delivery: 1 }), run('2', { delivery: 0.5 }), run('3', { delivery: 0.95 })]
    const { ok, figures, failures } = reportOf(scenario(DELIVERY), runs)
    assert.deepEqual(figures, [
      {
        figure: 'delivery',
        unit: 'share',
        median: 0.95,
        min: 0.5,
        max: 1,
        values: [1, 0.5, 0.95],
        target: DELIVERY,
        met: true,
      },
    ])
    assert.ok(ok)
    assert.deepEqual(failures, [])
  })

  it('names each seed that misses what the median misses, with the command to replay it', () => {
    const runs = [
      run('1', { converged_s: 1 }),
      run('2', { converged_s: Infinity }),
      run('3', { converged_s: 5 }),
    ]
    const { ok, failures } = reportOf(scenario(CONVERGED), runs, './own.toml', 'net.json')
    assert.equal(ok, false)
    assert.deepEqual(failures, [
      {
        seed: '2',
        why: 'converged_s is never, not at most 2',
        replay: 'hopwire sim ./own.toml --seed 2 --topology net.json',
      },
      {
        seed: '3',
        why: 'converged_s is 5, not at most 2',
        replay: 'hopwire sim ./own.toml --seed 3 --topology net.json',
      },
    ])
  })

  it('fails where a figure with a target is missing', () => {
    const { ok, figures, failures } = reportOf(scenario(DELIVERY), [run('1', {})])
    assert.equal(ok, false)
    assert.equal(figures[0]?.met, false)
    assert.equal(failures[0]?.why, 'delivery is unknown, not at least 0.9')
  })

  it('fails where an oracle was contradicted, whatever the figures', () => {
    const violation = { oracle: 'duplicate', at: 1500, node: 3, detail: 'message 7 came twice' } as const
    const { ok, failures } = reportOf(scenario(DELIVERY), [run('9', { delivery: 1 }, [violation])])
    assert.equal(ok, false)
    assert.deepEqual(failures, [
      {
        seed: '9',
        why: 'oracle duplicate: message 7 came twice (node 3, at 1.5 s)',
        replay: 'hopwire sim relay-death --seed 9',
      },
    ])
  })

  it('shows what is never reached in words', () => {
    assert.equal(shownFigure(Infinity), 'never')
    assert.equal(shownFigure(Number.NaN), 'unknown')
    assert.equal(shownFigure(12_345.6), '12,350')
  })
})

describe('a replay command', () => {
  it('survives a shell', () => {
    assert.equal(
      replayCommand('a', "it's; rm -rf", 'my graph.json'),
      `hopwire sim a --seed 'it'\\''s; rm -rf' --topology 'my graph.json'`,
    )
  })
})
