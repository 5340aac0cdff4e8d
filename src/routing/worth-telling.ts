/** Whom a path is worth telling. */
import { MAX_HOPS } from '../wire/frame.ts'
import type { PathTable } from './path-table.ts'
import type { RoutedLink } from './router-types.ts'

/** Whether a neighbour may hear of a path: not where it came from, not once it is dead. */
export function mayTell<L extends RoutedLink>(paths: PathTable<L>, row: number, link: L): boolean {
  const via = paths.linkOf(row)
  if (via === undefined || (via === link && !link.profile.broadcast)) return false
  return paths.hopsOf(row) < MAX_HOPS
}
