import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { runSeed, seedsFrom } from '../../src/sim/runner.ts'
import { parseScenario, type Scenario } from '../../src/sim/scenario.ts'
import { loadGrades, loadScenario } from '../../src/sim/scenario-folder.ts'
import { loadRegressions, parseRegressions } from '../../src/sim/scenario-regressions.ts'
import { line } from '../../src/sim/topology.ts'

const CHAOS_SEEDS = 50

const grades = await loadGrades()
const chaos = await fixture('chaos')

async function fixture(name: string): Promise<Scenario> {
  const file = join(import.meta.dirname, 'fixtures', `${name}.toml`)
  return parseScenario(await readFile(file, 'utf8'), file, grades)
}

/** All that does not depend on the machine. */
async function outcome(scenario: Scenario, seed: string) {
  const { figures, ...run } = await runSeed(scenario, seed)
  const { wall_s: _, memory_mb: __, ...repeatable } = figures
  return { ...run, figures: repeatable }
}

describe('a run', () => {
  it('is the same for the same seed, and another for another', async () => {
    const first = await outcome(chaos, '7')
    assert.deepEqual(await outcome(chaos, '7'), first)
    const other = await outcome(chaos, '8')
    assert.notEqual(other.traceHash, first.traceHash)
  })

  it('keeps the oracles whatever happens to the mesh', async (t) => {
    const failing: string[] = []
    let delivered = 0
    for (const seed of seedsFrom('1', CHAOS_SEEDS)) {
      const { violations, figures } = await runSeed(chaos, seed)
      delivered += figures.delivery ?? 0
      for (const { oracle, node, detail } of violations)
        failing.push(`seed ${seed}: ${oracle}: ${detail} (${node})`)
    }
    assert.deepEqual(failing, [])
    t.diagnostic(`delivery ${((100 * delivered) / CHAOS_SEEDS).toFixed(1)} %`)
  })

  it('takes a graph instead of its own', async () => {
    const { nodes, links, figures } = await runSeed(await fixture('file'), '1', { topology: line(4) })
    assert.deepEqual({ nodes, links, delivery: figures.delivery }, { nodes: 4, links: 3, delivery: 1 })
  })

  it('needs one where its scenario has none', async () => {
    await assert.rejects(runSeed(await fixture('file'), '1'), { code: 'ERR_USAGE', message: /--topology/ })
  })

  it('tells how far it is', async () => {
    const seen: number[] = []
    const scenario = await loadScenario('relay-death')
    const { figures } = await runSeed(scenario, '1', { onProgress: ({ atS }) => seen.push(atS) })
    assert.equal(seen.at(-1), scenario.durationS)
    assert.ok(seen.length >= scenario.durationS)
    assert.equal(figures.pings, 200)
  })
})

describe('seeds', () => {
  it('count up from a number, and are numbered after a word', () => {
    assert.deepEqual(seedsFrom('7', 3), ['7', '8', '9'])
    assert.deepEqual(seedsFrom('night', 3), ['night', 'night-2', 'night-3'])
  })
})

describe('regressions', () => {
  it('are read strictly', () => {
    const text = '[a]\nscenario = "x"\nseed = "1"\nfound = "y"\n'
    assert.deepEqual(parseRegressions(text, 'r.toml'), [{ name: 'a', scenario: 'x', seed: '1', found: 'y' }])
    assert.throws(() => parseRegressions(`${text}seeds = 3\n`, 'r.toml'), {
      code: 'ERR_CONFIG',
      message: 'r.toml:5: a.seeds: unknown key (did you mean seed?)',
    })
  })

  it('do not come back', async (t) => {
    for (const { name, scenario, seed, found } of await loadRegressions()) {
      await t.test(`${name}: ${scenario}, seed ${seed}`, async () => {
        const { violations } = await runSeed(await loadScenario(scenario), seed)
        assert.deepEqual(violations, [], found)
      })
    }
  })
})
