/**
 * The one clock that nobody can set and that outlives a process: whole microseconds since the machine was
 * started. Every process of the machine reads the same. It starts again from 0 with the machine, and it may
 * stand still while the machine sleeps, but it never shows more than the time that has passed.
 */
import type { Clock } from './clock.ts'

export type Uptime = () => number

/** CLOCK_MONOTONIC on Linux, and its like elsewhere. */
export const systemUptime: Uptime = () => Number(process.hrtime.bigint() / 1000n)

/** A clock that started with its machine: a virtual one. */
export function uptimeOf(clock: Clock): Uptime {
  return () => Math.floor(clock.monotonic() * 1000)
}
