/** The configuration: what the rest of hopwire uses of this folder. */
export { effectiveToml } from './effective.ts'
export { type HostPort, parseHostPort } from './host-port.ts'
export { type LoadedConfig, loadConfig, type Overrides, parseConfig } from './load.ts'
export { diffReload, type ReloadDifference } from './reload.ts'
export { DEFAULTS, resolveConfig } from './resolve.ts'
export { sampleConfig } from './sample.ts'
export type { Config, PartialConfig } from './schema.ts'
