import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { reloader } from '../../src/cli/run/reload.ts'
import { type LoadedConfig, parseConfig } from '../../src/config/config.ts'
import { type Logger, silentLogger } from '../../src/runtime/logger.ts'

function loaded(text: string): LoadedConfig {
  return parseConfig(text, { file: '/etc/hopwire.toml' })
}

/** A reload whose configuration and file can be changed, and what it did, in order. */
interface Stage {
  readonly does: string[]
  text: string
  fails: boolean
  readonly reload: () => Promise<void>
}

function staged(): Stage {
  const does: string[] = []
  const note =
    (level: string) =>
    (fields: object): void =>
      void does.push(`${level} ${JSON.stringify(fields)}`)
  const logger: Logger = { ...silentLogger, info: note('info'), warn: note('warn'), error: note('error') }
  const stage: Stage = {
    does,
    text: '',
    fails: false,
    reload: reloader({
      running: loaded('').config,
      load: async () => loaded(stage.text),
      apply: { 'logging.level': ({ logging }) => void does.push(`level ${logging.level}`) },
      files: {
        'blocklist.file': async ({ blocklistFile }) => {
          does.push(`read ${blocklistFile}`)
          if (stage.fails) throw new Error('it is broken')
          return () => void does.push('take over')
        },
      },
      logger,
    }),
  }
  return stage
}

describe('a reload of files that the configuration names', () => {
  test('reads them each time, since their content may have changed', async () => {
    const stage = staged()
    await stage.reload()
    await stage.reload()
    const once = ['read undefined', 'info {"changed":[]}', 'take over']
    assert.deepEqual(stage.does, [...once, ...once])
  })

  test('takes over another name without a restart', async () => {
    const stage = staged()
    stage.text = 'blocklist.file = "blocked"'
    await stage.reload()
    assert.deepEqual(stage.does, ['read /etc/blocked', 'info {"changed":["blocklist.file"]}', 'take over'])
  })

  test('changes nothing when one cannot be read', async () => {
    const stage = staged()
    stage.text = 'logging.level = "debug"'
    stage.fails = true
    await stage.reload()
    assert.deepEqual(stage.does, ['read undefined', 'error {"error":"it is broken"}'])
    stage.fails = false
    await stage.reload()
    assert.deepEqual(stage.does.slice(2), [
      'read undefined',
      'info {"changed":["logging.level"]}',
      'level debug',
      'take over',
    ])
  })
})
