/** What a benchmark has to say: the same for people, for programs and for docs/benchmarks.md. */
import { type Spread, spreadOf } from './stats.ts'

export interface BenchOptions {
  /** Small amounts and few rounds: whether it runs, not how fast. */
  readonly quick: boolean
  /** Other Node.js executables to measure start-up with. */
  readonly nodes: readonly string[]
  /** A folder for CPU profiles of all processes. */
  readonly profile: string | undefined
}

export interface Bench {
  readonly name: string
  /** One line for `--help`. */
  readonly title: string
  run(options: BenchOptions): Promise<Finding>
}

export interface Finding {
  /** What was done. */
  readonly workload: string
  /** What it was compared with, in the same run. */
  readonly against: string
  readonly rows: readonly Row[]
  readonly notes: readonly string[]
}

export interface Row {
  readonly what: string
  readonly unit: string
  readonly spread: Spread
  readonly target: Target | undefined
}

export interface Target {
  readonly bound: 'at least' | 'at most'
  readonly value: number
}

export interface Report extends Finding {
  readonly name: string
  readonly title: string
  /** UTC, to the day. */
  readonly date: string
  readonly machine: string
}

export function row(what: string, unit: string, values: readonly number[], target?: Target): Row {
  return { what, unit, spread: spreadOf(values), target }
}

export function atLeast(value: number): Target {
  return { bound: 'at least', value }
}

export function atMost(value: number): Target {
  return { bound: 'at most', value }
}

/** Whether the median keeps the target; undefined where there is none. */
export function isMet({ target, spread }: Row): boolean | undefined {
  if (target === undefined) return undefined
  return target.bound === 'at least' ? spread.median >= target.value : spread.median <= target.value
}
