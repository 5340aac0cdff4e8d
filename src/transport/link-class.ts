/** What kind of link a link is, by what it can carry, and what follows from that. */
import type { LinkProfile } from './transport.ts'

/** From the widest to the narrowest. */
export const LINK_CLASSES = ['unconstrained', 'medium', 'constrained', 'severelyConstrained'] as const
export type LinkClass = (typeof LINK_CLASSES)[number]

/**
 * How a group's messages are protected where this is the link: MLS with post-quantum keys, MLS, or keys
 * exported from MLS with or without a signature on each message.
 */
export type CryptoMode = 'mlsHybrid' | 'mlsClassical' | 'mlsLiteSigned' | 'mlsLiteUnsigned'

/** When a link counts as dead, ms. */
export interface KeepAlive {
  /** Each end sends something at least this often. */
  readonly everyMs: number
  /** A neighbour that has not been heard for this long is gone. */
  readonly silentMs: number
  /** One that has taken nothing for this long, while something waited for it, does not read any more. */
  readonly stalledMs: number
}

interface Floor {
  readonly bitsPerSecond: number
  /** Bytes. */
  readonly mtu: number
}

/**
 * What a link must have at least. A KeyPackage with post-quantum keys has 2.7 kB, a classical one 327 B, a
 * signed MLS-Lite message 262 B: at 1 Mbit/s, 10 kbit/s and 1 kbit/s each is a matter of seconds at worst.
 * By MTU: a classical Welcome (840 B) in one frame, a KeyPackage in one, a KeyPackage in two.
 */
const FLOORS: Readonly<Record<Exclude<LinkClass, 'severelyConstrained'>, Floor>> = {
  unconstrained: { bitsPerSecond: 1_000_000, mtu: 1024 },
  medium: { bitsPerSecond: 10_000, mtu: 400 },
  constrained: { bitsPerSecond: 1000, mtu: 200 },
}

const CRYPTO: Readonly<Record<LinkClass, CryptoMode>> = {
  unconstrained: 'mlsHybrid',
  medium: 'mlsClassical',
  constrained: 'mlsLiteSigned',
  severelyConstrained: 'mlsLiteUnsigned',
}

/** A sign of life costs 12 bytes and what carries them: the narrower the link, the rarer it is. */
const KEEP_ALIVE: Readonly<Record<LinkClass, KeepAlive>> = {
  unconstrained: { everyMs: 1200, silentMs: 4000, stalledMs: 30_000 },
  medium: { everyMs: 10_000, silentMs: 35_000, stalledMs: 60_000 },
  constrained: { everyMs: 60_000, silentMs: 200_000, stalledMs: 300_000 },
  severelyConstrained: { everyMs: 600_000, silentMs: 1_900_000, stalledMs: 1_900_000 },
}

/** The widest class whose floor the link reaches in both. */
export function linkClassOf({ bitsPerSecond, mtu }: Pick<LinkProfile, 'bitsPerSecond' | 'mtu'>): LinkClass {
  const reaches = (floor: Floor): boolean => bitsPerSecond >= floor.bitsPerSecond && mtu >= floor.mtu
  if (reaches(FLOORS.unconstrained)) return 'unconstrained'
  if (reaches(FLOORS.medium)) return 'medium'
  return reaches(FLOORS.constrained) ? 'constrained' : 'severelyConstrained'
}

export function recommendedCryptoFor(linkClass: LinkClass): CryptoMode {
  return CRYPTO[linkClass]
}

export function keepAliveOf(linkClass: LinkClass): KeepAlive {
  return KEEP_ALIVE[linkClass]
}
