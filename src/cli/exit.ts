/** Exit codes, and what a person reads when a command fails. */
import { type ErrorCode, MeshError, systemCodeOf } from '../runtime/errors.ts'
import { printable } from './terminal.ts'

export const Exit = {
  ok: 0,
  /** Anything but what follows: no node answers, a port is taken, a disk is full. Trying again may help. */
  failed: 1,
  /** The command line, the configuration or the key file cannot be used as it is. */
  usage: 2,
  /** What was waited for did not come: no path, expired, failed, or not in time. */
  notReached: 3,
} as const

export type ExitCode = (typeof Exit)[keyof typeof Exit]

const BY_CODE: Partial<Record<ErrorCode, ExitCode>> = {
  ERR_ADDRESS_INVALID: Exit.usage,
  ERR_CONFIG: Exit.usage,
  ERR_IDENTITY_FILE: Exit.usage,
  ERR_PAYLOAD_TOO_LARGE: Exit.usage,
  ERR_USAGE: Exit.usage,
  ERR_NO_PATH: Exit.notReached,
  ERR_NOT_DELIVERED: Exit.notReached,
}

/** Tells what went wrong, a line for each problem, on stderr. @returns the exit code. */
export function reportFailure(error: unknown): ExitCode {
  if (systemCodeOf(error) === 'ENOSPC') {
    complain('cannot write: no space is left on the device')
    return Exit.failed
  }
  if (!(error instanceof MeshError)) {
    complain(`a defect in hopwire: ${defect(error)}`)
    return Exit.failed
  }
  for (const line of error.message.split('\n')) complain(line)
  return BY_CODE[error.code] ?? Exit.failed
}

/** One line on stderr. What came from outside cannot forge another, nor a colour. */
export function complain(line: string): void {
  process.stderr.write(`hopwire: ${printable(line)}\n`)
}

/** The error with the one place that its report needs. */
function defect(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const place = error.stack?.split('\n').find((line) => line.startsWith('    at '))
  return `${error.name}: ${error.message}${place === undefined ? '' : ` ${place.trim()}`}`
}
