/** Prometheus' own checker, where it is installed (Debian: apt-get install prometheus). */
import { spawnSync } from 'node:child_process'

const { error } = spawnSync('promtool', ['--version'])

/** For the `skip` option of a test: false where promtool runs, otherwise the line to print. */
export const NO_PROMTOOL: string | false = error === undefined ? false : 'promtool is not installed'

export interface PromtoolResult {
  readonly status: number | null
  /** Both streams. Warnings of `check metrics` leave the status at 0 in some releases and 3 in others. */
  readonly output: string
}

export function promtool(args: readonly string[], input = ''): PromtoolResult {
  const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' })
  return { status, output: `${stdout}${stderr}` }
}
