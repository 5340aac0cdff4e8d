/** From what was set to a whole configuration: presets, defaults and the checks that span keys. */
import { type Assignments, collect } from './collect.ts'
import { ENTRIES } from './entries.ts'
import type { Value } from './kinds.ts'
import { PRESETS } from './presets.ts'
import { type Place, Problems } from './problems.ts'
import type { Config, PartialConfig } from './schema.ts'

/**
 * Fills a partial configuration up with the defaults, those of its preset where it names one.
 *
 * @throws MeshError ERR_CONFIG that names every key that will not do.
 */
export function resolveConfig(partial: PartialConfig = {}): Config {
  const place: Place = (path) => (path === '' ? 'config' : `config: ${path}`)
  const problems = new Problems()
  const assigned: Assignments = new Map()
  collect(partial, place, assigned, problems)
  return complete(assigned, place, problems)
}

/**
 * The configuration that the assignments make.
 *
 * @param place names a key that nobody has set.
 * @throws MeshError ERR_CONFIG when there are problems already or the values do not go together.
 */
export function complete(assigned: Assignments, place: Place, problems: Problems): Config {
  problems.throwIfAny()
  const preset = (assigned.get('preset')?.value ?? 'none') as Config['preset']
  const defaults: Assignments = new Map()
  collect(PRESETS[preset], place, defaults, problems)
  const relay = assigned.get('transport.discovery.relay')
  if (relay?.value === true) assigned.set('transport.relay.enabled', relay)
  const config: Record<string, unknown> = {}
  for (const { path, key } of ENTRIES) {
    put(config, path, (assigned.get(path) ?? defaults.get(path))?.value ?? key.default)
  }
  const whole = freeze(config) as unknown as Config // ENTRIES and Config come from the same schema
  checkTogether(whole, (path) => assigned.get(path)?.place, problems)
  problems.throwIfAny()
  return whole
}

/** What holds between keys. The blame goes to a key that somebody has set. */
function checkTogether(
  { announce, transport }: Config,
  placeOf: (path: string) => string | undefined,
  problems: Problems,
): void {
  if (announce.max_age_s < 2 * announce.interval_s) {
    const place = placeOf('announce.max_age_s') ?? placeOf('announce.interval_s') ?? 'announce.max_age_s'
    const least = 2 * announce.interval_s
    problems.add(
      place,
      `announce.max_age_s is ${announce.max_age_s}, and must be at least ${least}, twice announce.interval_s: ` +
        'else one lost announce cuts paths',
    )
  }
  const { tcp, quic, relay, discovery } = transport
  if (relay.enabled && !tcp.enabled && !quic.enabled) {
    problems.add(
      placeOf('transport.relay.enabled') ?? 'transport.relay.enabled',
      'a relay is reached over TCP or QUIC: enable transport.tcp or transport.quic as well',
    )
  }
  if (discovery.hole_punching && !relay.enabled) {
    problems.add(
      placeOf('transport.discovery.hole_punching') ?? 'transport.discovery.hole_punching',
      'it replaces relayed links: enable transport.relay as well',
    )
  }
}

function put(config: Record<string, unknown>, path: string, value: Value): void {
  const names = path.split('.')
  const last = names.pop() ?? ''
  let table = config
  for (const name of names) {
    const inner = (table[name] ?? {}) as Record<string, unknown>
    table[name] = inner
    table = inner
  }
  table[last] = Array.isArray(value) ? [...value] : value
}

function freeze(value: object): object {
  for (const member of Object.values(value)) {
    if (typeof member === 'object' && member !== null) freeze(member)
  }
  return Object.freeze(value)
}

/** What holds when nothing is set. */
export const DEFAULTS: Config = resolveConfig()
