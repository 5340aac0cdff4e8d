/** Opens a store's file, whatever state it is in. */
import { type MeshError, messageOf } from '../../runtime/errors.ts'
import type { Logger } from '../../runtime/logger.ts'
import { Capacity } from '../capacity.ts'
import type { StoreLimits } from '../store.ts'
import { DestinationQueues } from './destination-queues.ts'
import { isCorruption, storeError } from './errors.ts'
import { prepareFile, setAside } from './files.ts'
import { MessageTable, type MessageTableOptions } from './table.ts'

export interface OpenOptions extends MessageTableOptions {
  readonly limits: StoreLimits
  readonly logger: Logger
}

export interface OpenedTable {
  readonly table: MessageTable
  /** By the hashes of the sources. */
  readonly capacity: Capacity<number>
  readonly queues: DestinationQueues
}

/**
 * Opens or creates the file. One that is corrupt, or none of ours, is set aside and a new one made.
 *
 * @throws MeshError ERR_STORE
 */
export function openTable(options: OpenOptions): OpenedTable {
  try {
    return openFile(options)
  } catch (error) {
    if (!isCorruption(error)) throw cannotOpen(options.file, error)
    return replaceTable(options, error)
  }
}

/** Sets the closed file aside and makes a new one. @throws MeshError ERR_STORE where that is impossible. */
export function replaceTable(options: OpenOptions, corruption: unknown): OpenedTable {
  const { file, logger } = options
  const reason = messageOf(corruption)
  let aside: string
  try {
    aside = setAside(file)
  } catch (error) {
    throw storeError(file, `is corrupt (${reason}) and cannot be set aside`, error)
  }
  logger.error({ file, setAside: aside, reason }, 'message store is corrupt: set aside, a new one is begun')
  try {
    return openFile(options)
  } catch (error) {
    throw cannotOpen(file, error)
  }
}

function openFile(options: OpenOptions): OpenedTable {
  prepareFile(options.file)
  const table = new MessageTable(options)
  try {
    const capacity = new Capacity<number>(options.limits)
    const queues = new DestinationQueues()
    for (const { row, sourceHash, destinationHash, priority, bytes } of table.entries()) {
      capacity.add(sourceHash, bytes)
      queues.load(destinationHash, priority, row)
    }
    queues.sort()
    return { table, capacity, queues }
  } catch (error) {
    table.close()
    throw error
  }
}

function cannotOpen(file: string, cause: unknown): MeshError {
  return storeError(file, 'cannot be opened', cause)
}
