/** What a metric is. */
import type { ProcessFigures } from './process-probe.ts'
import type { MetricsSnapshot } from './snapshot.ts'

/** What one scrape reads. */
export interface Scrape {
  readonly node: MetricsSnapshot
  readonly process: ProcessFigures
}

/** A value and its labels' values, in the order of the metric's labels. Undefined: not known, left out. */
export type Sample = readonly [value: number | undefined, ...labels: readonly string[]]

export interface MetricSpec {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly labels: readonly string[]
  readonly read: (scrape: Scrape) => readonly Sample[]
}

export function metric(
  type: MetricSpec['type'],
  name: string,
  labels: readonly string[],
  help: string,
  read: MetricSpec['read'],
): MetricSpec {
  return { type, name, labels, help, read }
}
