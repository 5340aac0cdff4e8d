import { command } from '../command.ts'
import { Exit } from '../exit.ts'
import { DEFAULT_CONFIG, JSON_OPTION, NODE_OPTIONS } from '../node-client.ts'
import { pairs, printJson, printLines } from '../table.ts'

export const id = command({
  name: 'id',
  usage: '',
  about: `\
Prints who a node is, from its key file: the address that messages go to, the Ed25519 public key
behind it, and the same key as a libp2p peer id. The node need not run.`,
  options: {
    config: NODE_OPTIONS.config,
    json: JSON_OPTION,
  },
  arguments: { min: 0, max: 0 },
  async run({ config = DEFAULT_CONFIG, json = false }) {
    const { loadConfig } = await import('../../config/config.ts')
    const { keyFile } = await loadConfig(config, { env: process.env })
    const { Identity } = await import('../../identity/identity.ts')
    const { address, publicKey, peerId } = await Identity.load(keyFile)
    const shown = { address: address.toString(), publicKey: Buffer.from(publicKey).toString('hex'), peerId }
    if (json) printJson(shown)
    else
      printLines(
        pairs([
          ['address', shown.address],
          ['public key', shown.publicKey],
          ['peer id', shown.peerId],
        ]),
      )
    return Exit.ok
  },
})
