/** What goes wrong in the soak: one line or one node at a time, until it is put right. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../src/runtime/random.ts'
import type { Line } from './line.ts'
import type { Member } from './member.ts'

export interface Scene {
  readonly lines: readonly Line[]
  /** Those that may be ended. */
  readonly mortals: readonly Member[]
  readonly announceS: number
  /** Shuts a node down in order. */
  readonly stop: (member: Member) => Promise<void>
}

type Fault = (scene: Scene, random: Random) => Promise<void>

const between = (random: Random, least: number, most: number): number =>
  least + random.float() * (most - least)

function onLine(change: (line: Line, random: Random) => void, leastMs: number, mostMs: number): Fault {
  return async ({ lines }, random) => {
    const line = pick(lines, random)
    change(line, random)
    await sleep(between(random, leastMs, mostMs))
    line.heal()
  }
}

function onNode(end: (member: Member, scene: Scene) => Promise<void>): Fault {
  return async (scene, random) => {
    const member = pick(scene.mortals, random)
    if (member.process === undefined) return
    await end(member, scene)
    await sleep(between(random, 0, 8000))
    await member.start(scene.announceS)
  }
}

const stall = onLine(
  (line) => {
    line.isStalled = true
  },
  200,
  12_000,
)

export const FAULTS: Readonly<Record<string, Fault>> = {
  cut: onLine((line) => line.cut(), 0, 0),
  stall,
  'half-open': onLine((line) => line.halfOpen(), 0, 0),
  delay: onLine(
    (line, random) => {
      line.delayMs = between(random, 20, 400)
    },
    1000,
    15_000,
  ),
  loss: onLine(
    (line, random) => {
      line.lossRate = between(random, 0.02, 0.3)
    },
    1000,
    15_000,
  ),
  kill: onNode((member) => member.kill()),
  restart: onNode((member, { stop }) => stop(member)),
}

export function pick<T>(from: readonly T[], random: Random): T {
  return from[Math.floor(random.float() * from.length)] as T
}
