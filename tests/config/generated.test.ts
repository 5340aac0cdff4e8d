import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { DEFAULTS, parseConfig, sampleConfig } from '../../src/config/config.ts'
import { ENTRIES } from '../../src/config/entries.ts'
import { configReference } from '../../src/config/reference.ts'
import { isTableList } from '../../src/config/table-list.ts'

describe('the sample file', () => {
  test('changes no default as it is', () => {
    assert.deepEqual(parseConfig(sampleConfig(), { file: 'hopwire.toml' }).config, DEFAULTS)
  })

  test('sets every key to its default when all are uncommented', () => {
    const uncommented = sampleConfig().replaceAll(/^#(?=\w+ = )/gm, '')
    assert.deepEqual(parseConfig(uncommented, { file: 'hopwire.toml' }).config, DEFAULTS)
    const keys = ENTRIES.filter(({ key }) => !isTableList(key))
    assert.equal(uncommented.match(/^\w+ = /gm)?.length, keys.length)
  })

  test('has lines of at most 100 characters, all of them comments, tables or empty', () => {
    for (const line of sampleConfig().split('\n')) {
      assert.ok(line.length <= 100, line)
      assert.match(line, /^(#|#.*\S|\[[a-z_.]+\]|)$/)
    }
  })

  test('names the unit, the range and the default of a number', () => {
    const block = `\
# The time between two announces of this node.
# Takes a whole number of seconds, 1 to 86400.
#interval_s = 600 # 10 minutes
`
    assert.ok(sampleConfig().includes(block))
  })
})

// UPDATE=1 node --test tests/config/generated.test.ts writes them anew.
describe('the generated files are up to date', () => {
  const { UPDATE } = process.env
  const root = new URL('../../', import.meta.url)
  for (const [path, text] of [
    ['examples/hopwire.toml', sampleConfig()],
    ['docs/configuration.md', configReference()],
  ] as const) {
    test(path, async () => {
      const file = new URL(path, root)
      if (UPDATE === '1') await writeFile(file, text)
      const there = await readFile(file, 'utf8')
      assert.ok(
        there === text,
        `${path} differs from the schema: UPDATE=1 node --test ${import.meta.filename}`,
      )
    })
  }
})
