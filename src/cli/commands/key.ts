import { command, usageError } from '../command.ts'
import { Exit } from '../exit.ts'
import { DEFAULT_CONFIG, JSON_OPTION, NODE_OPTIONS } from '../node-client.ts'
import { pairs, printJson, printLines } from '../table.ts'

export const key = command({
  name: 'key',
  usage: 'rotate',
  about: `\
Gives a node its next key, and so its next address. The old key and the new one sign a record of it,
which the node tells the mesh for identity.succession_days (30): whoever knows the old address then
sends to the new one, and the node goes on answering to the old one meanwhile. The old key stays beside
the key file, in a file of the same name with .former behind it. A running node takes the new key when
it is started again.

Keep copies of both files: without the old key nobody can be told of the new one.`,
  options: {
    config: NODE_OPTIONS.config,
    json: JSON_OPTION,
  },
  arguments: { min: 1, max: 1 },
  async run({ config = DEFAULT_CONFIG, json = false }, [action = '']) {
    if (action !== 'rotate') throw usageError('key', `unknown action ${JSON.stringify(action)}`)
    const [{ loadConfig }, { rotateKey }, { systemClock }] = await Promise.all([
      import('../../config/config.ts'),
      import('../../node/key-rotation.ts'),
      import('../../runtime/clock.ts'),
    ])
    const { keyFile } = await loadConfig(config, { env: process.env })
    const { from, to } = await rotateKey({ keyFile, nowS: Math.floor(systemClock.now() / 1000) })
    if (json) printJson({ from, to })
    else
      printLines(
        pairs([
          ['old address', from.toString()],
          ['new address', to.toString()],
        ]),
      )
    process.stderr.write('a node that runs keeps the old key until it is started again\n')
    return Exit.ok
  },
})
