/** What SIGHUP does: takes over what can change in a running node, and names what cannot. */
import { type Config, diffReload, type LoadedConfig } from '../../config/config.ts'
import { messageOf } from '../../runtime/errors.ts'
import type { Logger } from '../../runtime/logger.ts'

export interface ReloadOptions {
  /** What the node runs with. */
  readonly running: Config
  readonly load: () => Promise<LoadedConfig>
  /** How each key is taken over, by its path. A key that is not here needs a restart. */
  readonly apply: Readonly<Record<string, (config: Config) => void>>
  /**
   * Files that the configuration names, by the path of the key that names them: read at every reload, since
   * their content may have changed. All are read before anything is taken over; each gives what does that.
   */
  readonly files?: Readonly<Record<string, (loaded: LoadedConfig) => Promise<() => void>>>
  readonly logger: Logger
}

/**
 * @returns reads the configuration again; it never rejects. An error in it, or in a file it names, changes
 *   nothing.
 */
export function reloader({ running, load, apply, files = {}, logger }: ReloadOptions): () => Promise<void> {
  let before = running
  let last = Promise.resolve()
  async function reload(): Promise<void> {
    try {
      const loaded = await load()
      const { config } = loaded
      const read = await Promise.all(Object.values(files).map((readFile) => readFile(loaded)))
      const { reloadable } = diffReload(before, config)
      const { refused } = diffReload(running, config)
      const changed = reloadable.filter((path) => Object.hasOwn(apply, path) || Object.hasOwn(files, path))
      const needRestart = [...reloadable.filter((path) => !changed.includes(path)), ...refused]
      // Logged first: the level may be among the changes.
      logger.info({ changed }, 'configuration reloaded')
      if (needRestart.length > 0) logger.warn({ keys: needRestart }, 'these keys change at a restart only')
      for (const path of changed) apply[path]?.(config)
      for (const takeOver of read) takeOver()
      before = config
    } catch (error) {
      logger.error({ error: messageOf(error) }, 'configuration not reloaded: it has errors')
    }
  }
  return () => {
    last = last.then(reload)
    return last
  }
}
