/** What a simulated link is like: how slow, how lossy, how much it holds. One model describes both directions. */
import { MeshError } from '../runtime/errors.ts'
import { MAX_FRAME_BYTES } from '../wire/frame.ts'

/**
 * Losses that come in bursts: a link is in a good or a bad state, each with its own loss, and may change its
 * state after each frame. All four are probabilities. (Gilbert 1960, Elliott 1963.)
 */
export interface GilbertElliott {
  readonly goodLoss: number
  readonly badLoss: number
  /** From good to bad, for each frame. */
  readonly toBad: number
  readonly toGood: number
}

/** A link that now and then carries nothing for a while. What is sent meanwhile waits in its queue. */
export interface Clog {
  /** From the end of one clog to the beginning of the next, ms on average; exponentially distributed. */
  readonly everyMs: number
  readonly forMs: number
}

/** One direction of a link. */
export interface DirectionModel {
  /** Time one way, ms, beyond what the bit rate takes. */
  readonly latencyMs: number
  /** Up to this much more, drawn evenly for each frame. Frames keep their order. */
  readonly jitterMs: number
  /** More than 0; Infinity is allowed. */
  readonly bitsPerSecond: number
  /** What waits to be sent at most; at least `mtu`. */
  readonly queueBytes: number
  /** The longest frame, bytes. */
  readonly mtu: number
  /** The share of frames that is lost, or a model of when. */
  readonly loss: number | GilbertElliott
  /** The probability that a frame arrives twice. */
  readonly duplicate: number
  /** The probability that a frame is held back so long that later ones can overtake it. */
  readonly reorder: number
  /** Nothing arrives, and nobody is told: with one direction blocked, an asymmetric partition. */
  readonly blocked: boolean
  readonly clog: Clog | undefined
}

export interface LinkModel extends DirectionModel {
  /** Where the way back, from `b` to `a`, differs. The mtu is always the same. */
  readonly reverse: Partial<Omit<DirectionModel, 'mtu'>>
}

const DEFAULT_LINK: LinkModel = {
  latencyMs: 1,
  jitterMs: 0,
  bitsPerSecond: 1e9,
  queueBytes: 4 * 1024 * 1024,
  mtu: MAX_FRAME_BYTES,
  loss: 0,
  duplicate: 0,
  reorder: 0,
  blocked: false,
  clog: undefined,
  reverse: {},
}

interface Rule {
  readonly expects: string
  readonly fits: (value: unknown) => boolean
}

const isNumber = (value: unknown): value is number => typeof value === 'number'
const notNegative: Rule = {
  expects: 'a number of 0 or more',
  fits: (value) => isNumber(value) && value >= 0 && Number.isFinite(value),
}
const positive: Rule = { expects: 'a number above 0', fits: (value) => isNumber(value) && value > 0 }
const probability: Rule = {
  expects: 'a probability, 0 to 1',
  fits: (value) => isNumber(value) && value >= 0 && value <= 1,
}
const bytes = (most: number): Rule => ({
  expects: `a whole number of bytes, 1 to ${most}`,
  fits: (value) => isNumber(value) && Number.isInteger(value) && value >= 1 && value <= most,
})

const BURST_LOSS_RULES: Readonly<Record<keyof GilbertElliott, Rule>> = {
  goodLoss: probability,
  badLoss: probability,
  toBad: probability,
  toGood: probability,
}

const CLOG_RULES: Readonly<Record<keyof Clog, Rule>> = { everyMs: positive, forMs: positive }

const RULES: Readonly<Record<keyof DirectionModel, Rule>> = {
  latencyMs: notNegative,
  jitterMs: notNegative,
  bitsPerSecond: positive,
  queueBytes: bytes(2 ** 30),
  mtu: bytes(MAX_FRAME_BYTES),
  loss: {
    expects: 'a probability, or goodLoss, badLoss, toBad and toGood',
    fits: (value) => probability.fits(value) || (isTable(value) && isWhole(value, BURST_LOSS_RULES)),
  },
  duplicate: probability,
  reorder: probability,
  blocked: { expects: 'true or false', fits: (value) => typeof value === 'boolean' },
  clog: {
    expects: 'everyMs and forMs, both above 0',
    fits: (value) => value === undefined || (isTable(value) && isWhole(value, CLOG_RULES)),
  },
}

/**
 * What is wrong with a part of a model, one line for each key: for data that comes from a file.
 *
 * @returns an empty list where `value` is a `Partial<LinkModel>`.
 */
export function linkModelProblems(value: unknown): string[] {
  if (!isTable(value)) return ['expected a table of link properties']
  const { reverse, ...forward } = value
  const problems = directionProblems(forward)
  if (reverse === undefined) return problems
  if (!isTable(reverse)) return [...problems, 'reverse: expected a table of link properties']
  if ('mtu' in reverse) problems.push('reverse.mtu: both directions have the same mtu')
  return [...problems, ...directionProblems(reverse).map((problem) => `reverse.${problem}`)]
}

function directionProblems(table: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(table).flatMap(([name, value]) => {
    const rule = Object.hasOwn(RULES, name) ? RULES[name as keyof DirectionModel] : undefined
    if (rule === undefined) return [`${name}: no such property of a link`]
    return rule.fits(value)
      ? []
      : [`${name}: expected ${rule.expects}, got ${JSON.stringify(value) ?? value}`]
  })
}

/** Both directions in full. @throws MeshError ERR_USAGE that names what is wrong. */
export function completeModel(model: Partial<LinkModel>): { there: DirectionModel; back: DirectionModel } {
  const problems = linkModelProblems(model)
  const { reverse, ...there } = { ...DEFAULT_LINK, ...model }
  const back = { ...there, ...reverse }
  if (there.queueBytes < there.mtu || back.queueBytes < back.mtu) {
    problems.push(`queueBytes: the queue has to hold the longest frame, ${there.mtu} bytes`)
  }
  if (problems.length > 0) throw new MeshError('ERR_USAGE', `no such link: ${problems.join('; ')}`)
  return { there, back }
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isWhole(table: Readonly<Record<string, unknown>>, rules: Readonly<Record<string, Rule>>): boolean {
  const names = Object.keys(table)
  return names.length === Object.keys(rules).length && names.every((name) => rules[name]?.fits(table[name]))
}
