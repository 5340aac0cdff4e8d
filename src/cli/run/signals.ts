/** The signals that steer a running node. */
import { constants } from 'node:os'

export interface Signals {
  /** Resolves at the first SIGTERM or SIGINT. A second one ends the process at once. */
  readonly terminated: Promise<NodeJS.Signals>
  /** What SIGHUP does from now on. Before that it does nothing. */
  onReload(task: () => void): void
}

export function handleSignals(): Signals {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>()
  let isTerminating = false
  let reload: () => void = () => undefined
  const terminate = (signal: NodeJS.Signals): void => {
    // As a shell reports a process that a signal has ended.
    if (isTerminating) process.exit(128 + constants.signals[signal])
    isTerminating = true
    resolve(signal)
  }
  process.on('SIGTERM', terminate)
  process.on('SIGINT', terminate)
  process.on('SIGHUP', () => reload())
  return {
    terminated: promise,
    onReload: (task) => {
      reload = task
    },
  }
}
