/** How the commands that talk to a running node find it. */

import type { ControlClient } from '../control/client.ts'
import { MeshError } from '../runtime/errors.ts'
import type { Values } from './command.ts'

export const DEFAULT_CONFIG = 'hopwire.toml'

/** How long a node may take for an answer that it has at hand. */
export const ANSWER_MS = 10_000

export const NODE_OPTIONS = {
  control: {
    type: 'string',
    value: 'PATH',
    help: "The node's control socket. Default: $HOPWIRE_CONTROL, else that of the configuration.",
  },
  config: {
    type: 'string',
    short: 'c',
    value: 'FILE',
    help: `The configuration of the node. Default: ./${DEFAULT_CONFIG}`,
  },
} as const

export const JSON_OPTION = { type: 'boolean', help: 'Print JSON for programs.' } as const

/**
 * Connects to the node that the options, the environment or the configuration name.
 *
 * @throws MeshError ERR_CONTROL where no node answers; ERR_CONFIG where nothing says which one to ask
 */
export async function connectToNode(values: Values<typeof NODE_OPTIONS>): Promise<ControlClient> {
  const [path, { ControlClient }, { systemClock }] = await Promise.all([
    socketPath(values),
    import('../control/client.ts'),
    import('../runtime/clock.ts'),
  ])
  return await ControlClient.connect(path, systemClock)
}

async function socketPath({ control, config }: Values<typeof NODE_OPTIONS>): Promise<string> {
  const given = control ?? (config === undefined ? process.env['HOPWIRE_CONTROL'] : undefined)
  if (given !== undefined && given !== '') return given
  if (control === '') throw new MeshError('ERR_USAGE', '--control: expected a path')
  const { existsSync } = await import('node:fs')
  if (config === undefined && !existsSync(DEFAULT_CONFIG)) {
    const fix = 'go to the folder of a node, or say which one with --control PATH or -c FILE'
    throw new MeshError('ERR_CONFIG', `no ${DEFAULT_CONFIG} in this folder: ${fix}`)
  }
  const { loadConfig } = await import('../config/config.ts')
  const { controlSocket } = await loadConfig(config ?? DEFAULT_CONFIG, { env: process.env })
  return controlSocket
}
