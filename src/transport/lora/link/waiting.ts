import type { AirtimeAccount } from './account.ts'

const HOUR_MS = 3_600_000

export interface Queue {
  /** What has yet to leave, and how much of it goes into one packet. */
  readonly bytes: number
  readonly packetBytes: number
  /** How long a packet with so many of them is on the air, µs. */
  readonly airtimeUs: (bytes: number) => number
  readonly account: AirtimeAccount
  /** Monotonic, ms. */
  readonly now: number
}

/** How long until a queue has left, ms, as far as the law and the airtime tell; infinite for never. */
export function waitMs({ bytes, packetBytes, airtimeUs, account, now }: Queue): number {
  if (bytes === 0) return 0
  const rest = bytes % packetBytes
  const fullUs = bytes < packetBytes ? 0 : airtimeUs(packetBytes)
  const restUs = rest === 0 ? 0 : airtimeUs(rest)
  const us = Math.floor(bytes / packetBytes) * fullUs + restUs
  const { budgetUs = Number.POSITIVE_INFINITY } = account
  if (Math.max(fullUs, restUs) > budgetUs) return Number.POSITIVE_INFINITY
  // More than the law allows in one hour takes as many hours as it fills.
  const hours = Math.max(0, Math.ceil(us / budgetUs) - 1)
  const lawful = account.earliest(now, hours > 0 ? us - hours * budgetUs : us)
  return Math.max(0, lawful - now) + hours * HOUR_MS + us / 1000
}
