import { command, usageError } from '../command.ts'
import { Exit } from '../exit.ts'
import { DEFAULT_CONFIG } from '../node-client.ts'
import { printable } from '../terminal.ts'

export const config = command({
  name: 'config',
  usage: 'check [FILE]',
  about: `\
Reads a configuration, ./${DEFAULT_CONFIG} unless FILE is given, together with the HOPWIRE_* variables, and
says what is wrong with it, a line for each problem, with the file, its line and the key.`,
  options: {
    effective: {
      type: 'boolean',
      help: 'Print every key with the value that holds, as a configuration of its own.',
    },
  },
  arguments: { min: 1, max: 2 },
  async run({ effective = false }, [action = '', file = DEFAULT_CONFIG]) {
    if (action !== 'check') throw usageError('config', `unknown action ${JSON.stringify(action)}`)
    const { effectiveToml, loadConfig } = await import('../../config/config.ts')
    const { checkRadios } = await import('../../node/from-config.ts')
    const { named } = await import('../run/named.ts')
    const loaded = await loadConfig(file, { env: process.env })
    try {
      checkRadios(loaded.config)
    } catch (error) {
      throw named(error, loaded)
    }
    process.stdout.write(effective ? effectiveToml(loaded.config) : `${printable(file)}: ok\n`)
    return Exit.ok
  },
})
