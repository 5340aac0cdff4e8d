import { command } from '../command.ts'
import { Exit } from '../exit.ts'

export const init = command({
  name: 'init',
  usage: '',
  about: `\
Writes hopwire.toml, in which every key stands with its meaning and default, and identity.key, the
secret key that makes the node who it is. Prints the address of the new node. Neither file is ever
overwritten. Keep a copy of identity.key in a safe place: nobody can make it again.`,
  options: {
    dir: { type: 'string', value: 'DIR', help: 'Where to write them. Default: this folder.' },
  },
  arguments: { min: 0, max: 0 },
  async run({ dir = '.' }) {
    const { makeNodeFiles } = await import('../node-files.ts')
    const { address, files } = await makeNodeFiles(dir)
    process.stderr.write(`wrote ${files.join(' and ')}\n`)
    process.stdout.write(`${address}\n`)
    return Exit.ok
  },
})
