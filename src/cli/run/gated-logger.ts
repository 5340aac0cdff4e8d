/** A logger whose level can change while it is in use, for all that were made from it as well. */
import type { Logger, LogLevel } from '../../runtime/logger.ts'

const SEVERITY: Record<LogLevel, number> = { trace: 0, debug: 1, info: 2, warn: 3, error: 4, silent: 5 }

export class LogGate {
  #least: number

  constructor(level: LogLevel) {
    this.#least = SEVERITY[level]
  }

  set level(level: LogLevel) {
    this.#least = SEVERITY[level]
  }

  passes(level: LogLevel): boolean {
    return SEVERITY[level] >= this.#least
  }
}

/** @param sink lets everything through. */
export function gatedLogger(sink: Logger, gate: LogGate): Logger {
  return {
    debug: (fields, message) => gate.passes('debug') && sink.debug(fields, message),
    info: (fields, message) => gate.passes('info') && sink.info(fields, message),
    warn: (fields, message) => gate.passes('warn') && sink.warn(fields, message),
    error: (fields, message) => gate.passes('error') && sink.error(fields, message),
    child: (fields) => gatedLogger(sink.child(fields), gate),
  }
}
