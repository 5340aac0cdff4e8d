/** `node:sqlite`, loaded when it is first needed and without the warning that early releases of Node 24 print. */
import type * as Sqlite from 'node:sqlite'

export function loadSqlite(): typeof Sqlite {
  const emitWarning = process.emitWarning
  const emitOthers = (...args: unknown[]): void => {
    const [warning, type] = args
    if (type === 'ExperimentalWarning' && String(warning).startsWith('SQLite ')) return
    Reflect.apply(emitWarning, process, args)
  }
  process.emitWarning = emitOthers as typeof process.emitWarning
  try {
    return process.getBuiltinModule('node:sqlite')
  } finally {
    process.emitWarning = emitWarning
  }
}
