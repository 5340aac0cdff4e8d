import { isDeepStrictEqual } from 'node:util'
import { ENTRIES, valueAt } from './entries.ts'
import type { Config } from './schema.ts'

/** The keys that differ between two configurations, by their dotted paths, in the order of the file. */
export interface ReloadDifference {
  /** These a running node can take over. */
  readonly reloadable: readonly string[]
  /** These need a restart. */
  readonly refused: readonly string[]
}

/** What SIGHUP would change, and what it has to refuse. A preset counts by the keys that change with it. */
export function diffReload(running: Config, wanted: Config): ReloadDifference {
  const changed = ENTRIES.filter(
    (entry) => entry.path !== 'preset' && !isDeepStrictEqual(valueAt(running, entry), valueAt(wanted, entry)),
  )
  const pathsWhere = (reload: boolean): string[] =>
    changed.filter(({ key }) => key.reload === reload).map(({ path }) => path)
  return { reloadable: pathsWhere(true), refused: pathsWhere(false) }
}
