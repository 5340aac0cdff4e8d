/** What SQLite's failures mean here. Result codes: https://sqlite.org/rescode.html */
import { MeshError, messageOf } from '../../runtime/errors.ts'

const SQLITE_ERROR = 1
const SQLITE_BUSY = 5
const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_NOTADB = 26

/** A file that SQLite can read and that is still no message store of ours. */
export class ForeignDatabase extends Error {}

/** Whether the file is at fault, and not the disk, its permissions or another process. */
export function isCorruption(thrown: unknown): boolean {
  const code = resultCode(thrown)
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB || thrown instanceof ForeignDatabase
}

/** Whether SQLite could make no sense of a statement: the tables are not those it was written for. */
export function isSchemaMismatch(thrown: unknown): boolean {
  return resultCode(thrown) === SQLITE_ERROR
}

/** ERR_STORE in one line: the file, what could not be done, why, and what helps. */
export function storeError(file: string, failure: string, cause?: unknown): MeshError {
  const reason = cause === undefined ? '' : `: ${reasonOf(cause)}`
  return new MeshError('ERR_STORE', `message store ${file} ${failure}${reason}`, { cause, context: { file } })
}

function reasonOf(cause: unknown): string {
  const code = resultCode(cause)
  if (code === SQLITE_BUSY) return 'another process has it open: give each node a file of its own'
  if (code === SQLITE_FULL) return `${messageOf(cause)}: free some space`
  return messageOf(cause)
}

/** The primary result code: the low byte of an extended one. */
function resultCode(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error && 'errcode' in thrown && typeof thrown.errcode === 'number'))
    return undefined
  return thrown.errcode & 0xff
}
