/** The machine in general words, and how busy it was. */
import { availableParallelism, loadavg } from 'node:os'

export function describeMachine(): string {
  const cores = availableParallelism()
  const [load = 0] = loadavg()
  return (
    `${cores} ${cores === 1 ? 'core' : 'cores'} ${process.arch} (${process.platform}), ` +
    `Node.js ${process.versions.node}, load average ${load.toFixed(1)} before the run`
  )
}
