/** The `[events.NAME]` tables of a scenario: what happens to the mesh, when, and to whom. */

import { BYZANTINE_KINDS, type ByzantineKind } from './byzantine.ts'
import type { Fields } from './scenario-fields.ts'

/** Whom an event befalls: named nodes, or some that are drawn each time. */
export type Selection =
  | { readonly nodes: readonly number[] }
  | { readonly count: number }
  | { readonly share: number }

export type ScenarioEvent = Schedule & Happening

interface Schedule {
  readonly name: string
  /** Seconds from the start. */
  readonly atS: number
  /** For one that happens several times: the time between two, and how often in all. */
  readonly everyS: number
  readonly times: number
}

type Happening =
  | {
      readonly kind: 'crash'
      readonly who: Selection
      readonly forS: number | undefined
      readonly noticedAfterMs: number
    }
  | { readonly kind: 'restart'; readonly who: { readonly nodes: readonly number[] } }
  | { readonly kind: 'pause'; readonly who: Selection; readonly forS: number }
  | {
      readonly kind: 'skew-clock'
      readonly who: Selection
      readonly offsetMs: number
      readonly driftPpm: number
    }
  | { readonly kind: 'lose-key'; readonly who: Selection }
  | { readonly kind: 'corrupt'; readonly who: Selection; readonly how: readonly ByzantineKind[] }
  | { readonly kind: 'partition'; readonly who: Selection; readonly forS: number | undefined }
  | { readonly kind: 'connect'; readonly between: readonly [number, number] }
  | {
      readonly kind: 'disconnect'
      readonly between: readonly [number, number]
      readonly forS: number | undefined
    }
  | { readonly kind: 'clog'; readonly between: readonly [number, number]; readonly forS: number }
  | { readonly kind: 'move'; readonly distanceM: number; readonly links: number }

const KINDS = [
  'crash',
  'restart',
  'pause',
  'skew-clock',
  'lose-key',
  'corrupt',
  'partition',
  'connect',
  'disconnect',
  'clog',
  'move',
] as const

const LONGEST_S = 7 * 86_400
const SECONDS = { min: 0, max: LONGEST_S, fraction: true }
const MOST_NODES = 100_000

export function readEvents(fields: Fields): ScenarioEvent[] {
  return fields.tables().map(([name, event]) => {
    const schedule: Schedule = {
      name,
      atS: event.number('at_s', SECONDS),
      everyS: event.number('every_s', { ...SECONDS, min: 0.001 }, 1),
      times: event.number('times', { min: 1, max: 10_000 }, 1),
    }
    const happening = readHappening(event, event.choice('kind', KINDS))
    event.end()
    return { ...schedule, ...happening }
  })
}

function readHappening(fields: Fields, kind: (typeof KINDS)[number]): Happening {
  switch (kind) {
    case 'crash': {
      const noticedAfterMs = 1000 * fields.number('noticed_after_s', SECONDS, 0)
      return { kind, who: readSelection(fields), forS: readFor(fields), noticedAfterMs }
    }
    case 'partition':
      return { kind, who: readSelection(fields), forS: readFor(fields) }
    case 'restart':
      return { kind, who: { nodes: readNodes(fields) } }
    case 'pause':
      return { kind, who: readSelection(fields), forS: fields.number('for_s', SECONDS) }
    case 'skew-clock':
      return {
        kind,
        who: readSelection(fields),
        offsetMs: fields.number('offset_ms', { min: -86_400_000, max: 86_400_000 }, 0),
        driftPpm: fields.number('drift_ppm', { min: -100_000, max: 100_000 }, 0),
      }
    case 'lose-key':
      return { kind, who: readSelection(fields) }
    case 'corrupt': {
      const isKind = (entry: unknown): entry is ByzantineKind =>
        BYZANTINE_KINDS.includes(entry as ByzantineKind)
      const expected = `a list of any of ${BYZANTINE_KINDS.join(', ')}`
      return { kind, who: readSelection(fields), how: fields.list('how', expected, isKind, BYZANTINE_KINDS) }
    }
    case 'connect':
      return { kind, between: readBetween(fields) }
    case 'disconnect':
      return { kind, between: readBetween(fields), forS: readFor(fields) }
    case 'clog':
      return { kind, between: readBetween(fields), forS: fields.number('for_s', SECONDS) }
    case 'move':
      return {
        kind,
        distanceM: fields.number('distance_m', { min: 0, max: 1_000_000, fraction: true }),
        links: fields.number('links', { min: 1, max: 100_000 }),
      }
  }
}

function readFor(fields: Fields): number | undefined {
  return fields.has('for_s') ? fields.number('for_s', SECONDS) : undefined
}

function readSelection(fields: Fields): Selection {
  const ways = (['nodes', 'count', 'share'] as const).filter((name) => fields.has(name))
  const [way] = ways
  if (ways.length !== 1) fields.problem('', 'needs one of nodes, count and share')
  if (way === 'count') return { count: fields.number('count', { min: 1, max: MOST_NODES }) }
  if (way === 'share') return { share: fields.number('share', { min: 0, max: 1, fraction: true }) }
  return { nodes: way === undefined ? [] : readNodes(fields) }
}

function readNodes(fields: Fields): readonly number[] {
  return fields.list('nodes', 'a list of nodes, such as [0, 7]', isNode)
}

function readBetween(fields: Fields): readonly [number, number] {
  const [a = 0, b = 1, ...more] = fields.list('between', 'two nodes, such as [0, 7]', isNode)
  if (a === b || more.length > 0) fields.problem('between', 'expected two different nodes')
  return [a, b]
}

function isNode(entry: unknown): entry is number {
  return Number.isInteger(entry) && (entry as number) >= 0 && (entry as number) < MOST_NODES
}

/** The nodes an event names outright. */
export function namedNodes(event: ScenarioEvent): readonly number[] {
  if ('between' in event) return event.between
  return 'who' in event && 'nodes' in event.who ? event.who.nodes : []
}
