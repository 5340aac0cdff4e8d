/** The parts of `hopwire run` that take time to load: the node with its transports, and its control socket. */
import { dirname } from 'node:path'
import type { LoadedConfig } from '../../config/config.ts'
import { readNetworkKey } from '../../config/network-key.ts'
import { ControlServer } from '../../control/server.ts'
import { selectProvider } from '../../crypto/provider/select.ts'
import { Identity } from '../../identity/identity.ts'
import { checkRadios } from '../../node/from-config.ts'
import { loadFormerKeys } from '../../node/key-rotation.ts'
import { MeshNode } from '../../node/mesh-node.ts'
import type { RunHandle } from '../../node/run-handle.ts'
import { systemClock } from '../../runtime/clock.ts'
import type { Logger } from '../../runtime/logger.ts'
import { named } from './named.ts'

/** @throws MeshError what keeps it from starting: then nothing is left running. */
export async function startNode(
  loaded: LoadedConfig,
  logger: Logger,
): Promise<{ run: RunHandle; control: ControlServer }> {
  const { dataDir, keyFile, controlSocket } = loaded
  const blocklist = { file: loaded.blocklistFile ?? '' }
  const config = { ...loaded.config, node: { ...loaded.config.node, data_dir: dataDir }, blocklist }
  let control: ControlServer | undefined
  try {
    checkRadios(loaded.config)
    const crypto = selectProvider(config.crypto.provider)
    const radios = loaded.config.transport.lora.map(async (radio) => {
      const key = await readNetworkKey(radio, dirname(loaded.file))
      return { ...radio, network_key_file: '', network_key: Buffer.from(key ?? []).toString('hex') }
    })
    const lora = await Promise.all(radios)
    const identity = await Identity.load(keyFile, crypto)
    const formerKeys = await loadFormerKeys(keyFile, identity, crypto)
    const node = await MeshNode.create({
      identity,
      formerKeys,
      crypto,
      config: { ...config, transport: { ...config.transport, lora } },
      logger,
    })
    // Before the node: a second one on the same folder must not get as far as the store of the first.
    control = await ControlServer.open({ path: controlSocket, clock: systemClock, logger })
    const run = await node.run()
    control.attach(run)
    return { run, control }
  } catch (error) {
    await control?.stop()
    throw named(error, loaded)
  }
}
