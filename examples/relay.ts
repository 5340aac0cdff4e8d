/** A relay in twenty lines: `node examples/relay.ts hopwire.toml`, after `npx hopwire init`. */
import { createLogger, Identity, loadConfig, MeshNode } from 'hopwire'

const { config: read, keyFile, dataDir } = await loadConfig(process.argv[2] ?? 'hopwire.toml')
const config = { ...read, node: { ...read.node, data_dir: dataDir } }
const logger = createLogger(config.logging)

const node = await MeshNode.create({ identity: await Identity.load(keyFile), config, logger })
const run = await node.run()
logger.info({ address: node.address.toString(), listen: run.listenAddresses.join(' ') }, 'relaying')

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    const { open } = await run.shutdown({ deadlineMs: 5000 })
    process.exit(open.length === 0 ? 0 : 1)
  })
}
