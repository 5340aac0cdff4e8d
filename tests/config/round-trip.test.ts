import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DEFAULTS, effectiveToml, parseConfig, resolveConfig } from '../../src/config/config.ts'
import { tomlValue } from '../../src/config/effective.ts'
import { ENTRIES, valueAt } from '../../src/config/entries.ts'
import { validConfig } from './arbitrary.ts'

// Short, so that the control socket of any generated data_dir stays within its limit.
const file = '/hopwire.toml'

test('what effectiveToml writes is read back as it was', () => {
  fc.assert(
    fc.property(validConfig, (config) => {
      assert.deepEqual(parseConfig(effectiveToml(config), { file }).config, config)
    }),
  )
})

test('an object, --set and variables for every key make the same configuration', () => {
  fc.assert(
    fc.property(validConfig, (config) => {
      const set: string[] = []
      const env: Record<string, string> = {}
      for (const entry of ENTRIES) {
        const written = tomlValue(valueAt(config, entry))
        set.push(`${entry.path}=${written}`)
        env[entry.variable] = written
      }
      assert.deepEqual(resolveConfig(config), config)
      assert.deepEqual(parseConfig('', { file, set }).config, config)
      assert.deepEqual(parseConfig('', { file, env }).config, config)
    }),
  )
})

test('the effective TOML of the defaults starts as written here', () => {
  const start = `\
preset = "none"

[node]
name = ""
data_dir = "data"
capabilities = ["relay", "store"]
shutdown_s = 10

[identity]
key_file = "identity.key"
succession_days = 30

[transport.tcp]
enabled = true
`
  assert.equal(effectiveToml(DEFAULTS).slice(0, start.length), start)
})
