import { MeshError } from '../../runtime/errors.ts'
import { command } from '../command.ts'
import { Exit } from '../exit.ts'
import { connectToNode, DEFAULT_CONFIG, JSON_OPTION, NODE_OPTIONS } from '../node-client.ts'
import { seconds } from '../option-values.ts'
import { printJson, printLines } from '../table.ts'
import { printable } from '../terminal.ts'

const DEFAULT_TIMEOUT_S = 5
const LONGEST_TIMEOUT_S = 60

export const netcheck = command({
  name: 'netcheck',
  usage: '',
  about: `\
Looks what works from here and what does not, a line each: the clock, the networks of this machine and
whether others can reach it there, QUIC, the ports to listen on, and each configured peer: its name, its
port and who answers. It contacts the configured peers and nobody else, under a key of its own, so that
the links of a running node stay as they are. The node need not run; where it does, it is asked as well.

Each line begins with ok, note (worth knowing) or fail. Exits with 1 when there is a fail.`,
  options: {
    timeout: {
      type: 'string',
      value: 'S',
      help: `Seconds to wait for each answer. Default: ${DEFAULT_TIMEOUT_S}.`,
    },
    json: { ...JSON_OPTION, help: 'Print JSON for programs: ok, and the findings.' },
    ...NODE_OPTIONS,
  },
  arguments: { min: 0, max: 0 },
  async run({ timeout, json = false, ...where }) {
    const timeoutS =
      timeout === undefined ? DEFAULT_TIMEOUT_S : seconds('--timeout', LONGEST_TIMEOUT_S, timeout)
    const { loadConfig } = await import('../../config/config.ts')
    const loaded = await loadConfig(where.config ?? DEFAULT_CONFIG, { env: process.env })
    const running = await connectToNode(where).catch(absent)
    using node = 'absent' in running ? undefined : running
    const [{ netcheck: findings }, { findingLine }] = await Promise.all([
      import('../netcheck/netcheck.ts'),
      import('../netcheck/finding.ts'),
    ])
    const found = []
    for await (const finding of findings(loaded, node ?? running, timeoutS * 1000)) {
      found.push(finding)
      if (!json) printLines([printable(findingLine(finding))])
    }
    const isFine = found.every(({ result }) => result !== 'fail')
    if (json) printJson({ ok: isFine, findings: found })
    return isFine ? Exit.ok : Exit.failed
  },
})

function absent(error: unknown): { readonly absent: string } {
  if (error instanceof MeshError && error.code === 'ERR_CONTROL') return { absent: error.message }
  throw error
}
