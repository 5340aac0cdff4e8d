/** What `hopwire run` does: one node, from its configuration to its drain. */
import { type Config, type LoadedConfig, loadConfig } from '../../config/config.ts'
import { admissionOf } from '../../node/admission-rules.ts'
import { readBlocklist } from '../../node/blocklist-file.ts'
import { systemClock } from '../../runtime/clock.ts'
import { messageOf } from '../../runtime/errors.ts'
import { createLogger, type Logger } from '../../runtime/logger.ts'
import { Exit, type ExitCode } from '../exit.ts'
import { printJson } from '../table.ts'
import { gatedLogger, LogGate } from './gated-logger.ts'
import { reloader } from './reload.ts'
import { settle } from './settle.ts'
import { handleSignals } from './signals.ts'

/** After the start, when the first links are up and the first messages through. */
const SETTLE_MS = 1500

/** Those that a running node takes over. */
const ADMISSION_KEYS = ['allow', 'deny', 'connections_per_network', 'connects_per_s'].map(
  (name) => `transport.admission.${name}`,
)

/** @throws MeshError whatever keeps the node from starting, naming the file and the key */
export async function runNode(file: string, set: readonly string[]): Promise<ExitCode> {
  const signals = handleSignals()
  const load = (): Promise<LoadedConfig> => loadConfig(file, { set, env: process.env })
  const loaded = await load()
  const { config } = loaded
  const gate = new LogGate(config.logging.level)
  const logger = loggerFor(config, gate)
  endOnDefects(logger)

  const { startNode } = await import('./start-node.ts')
  const { run, control } = await startNode(loaded, logger)
  const takeAdmission = (changed: Config): void => run.node.setAdmission(admissionOf(changed))
  signals.onReload(
    reloader({
      running: config,
      load,
      apply: {
        'logging.level': ({ logging }) => {
          gate.level = logging.level
        },
        ...Object.fromEntries(ADMISSION_KEYS.map((key) => [key, takeAdmission])),
      },
      files: {
        'blocklist.file': async ({ blocklistFile }) => {
          const { address } = run.node
          const list = blocklistFile === undefined ? [] : await readBlocklist(blocklistFile, address)
          return () => void run.node.setBlocklist(list)
        },
      },
      logger,
    }),
  )
  printJson({
    event: 'ready',
    address: run.node.address.toString(),
    listen: run.listenAddresses,
    http: run.healthAddress ?? null,
    control: control.path,
  })
  logger.info({ address: run.node.address.toString(), control: control.path }, 'ready')
  const settling = systemClock.setTimer(SETTLE_MS, settle)
  const signal = await signals.terminated
  settling.cancel()
  logger.info({ signal }, 'shutting down')
  await run.shutdown()
  await control.stop()
  logger.info({}, 'stopped')
  return Exit.ok
}

function loggerFor({ logging, node }: Config, gate: LogGate): Logger {
  const all = createLogger({ level: 'trace', format: logging.format })
  return gatedLogger(node.name === '' ? all : all.child({ node: node.name }), gate)
}

/** A defect leaves the node in a state that nobody has thought of: log it and let a supervisor start anew. */
function endOnDefects(logger: Logger): void {
  process.on('uncaughtException', (error) => {
    // Not the error itself: its other members may hold anything.
    const stack = error instanceof Error ? (error.stack ?? '') : ''
    logger.error({ error: messageOf(error), stack }, 'a defect in hopwire ends this node')
    process.exit(Exit.failed)
  })
}
