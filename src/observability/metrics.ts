/** Renders a node's figures as Prometheus text. Each node has a registry of its own. */
import { Counter, Gauge, Registry } from 'prom-client'
import type { Clock } from '../runtime/clock.ts'
import type { MetricSpec, Scrape } from './metric-spec.ts'
import { METRICS } from './metric-table.ts'
import { ProcessProbe } from './process-probe.ts'
import type { MetricsSnapshot } from './snapshot.ts'

export interface MetricsExporterOptions {
  /** Called once per scrape. */
  readonly snapshot: () => MetricsSnapshot
  readonly clock: Clock
}

export class MetricsExporter {
  readonly #registry = new Registry()
  readonly #snapshot: () => MetricsSnapshot
  readonly #probe: ProcessProbe
  readonly #fill: readonly ((scrape: Scrape) => void)[]

  constructor({ snapshot, clock }: MetricsExporterOptions) {
    this.#snapshot = snapshot
    this.#probe = new ProcessProbe(clock)
    this.#fill = METRICS.map((spec) => register(this.#registry, spec))
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  /** Begins to watch the event loop, the only figure that takes a timer. */
  start(): void {
    this.#probe.start()
  }

  stop(): void {
    this.#probe.stop()
  }

  /** The exposition format, version 0.0.4. Throws what the snapshot throws. */
  async render(): Promise<string> {
    // No await in here: scrapes at the same time share the registry, which reads all values at once.
    const scrape = { node: this.#snapshot(), process: this.#probe.read() }
    for (const fill of this.#fill) fill(scrape)
    return this.#registry.metrics()
  }
}

/** @returns what sets the metric to the values of a scrape. */
function register(registry: Registry, spec: MetricSpec): (scrape: Scrape) => void {
  const options = { name: spec.name, help: spec.help, labelNames: [...spec.labels], registers: [registry] }
  const metric = spec.type === 'counter' ? new Counter(options) : new Gauge(options)
  return (scrape) => {
    metric.reset()
    // A reset leaves a metric without labels at 0, which would stand for "not known".
    if (spec.labels.length === 0) metric.remove()
    for (const [value, ...labels] of spec.read(scrape)) {
      if (value === undefined) continue
      metric.inc(Object.fromEntries(spec.labels.map((label, index) => [label, labels[index] ?? ''])), value)
    }
  }
}
