/** Who hears whom among emulated modems: as options, and as people write it down. */
import { MeshError } from '../../runtime/errors.ts'
import type { GilbertElliott } from '../link-model.ts'
import type { AirLoss, AirPath } from '../radio/medium.ts'

/** Two modems that hear each other. */
export interface ReachPair {
  readonly from: string
  readonly to: string
  /** How strong what is sent with 14 dBm arrives, dBm. Default {@link DEFAULT_DBM}. */
  readonly dBm?: number
  /** Default: that of the air. */
  readonly loss?: AirLoss
  /** Only `to` hears `from`. */
  readonly oneWay?: boolean
}

/**
 * `full`: everybody hears everybody. `line`: each hears the one before and the one after it, in the order in
 * which the modems were made. `positions`: by where they stand. Else the pairs.
 */
export type Reach = 'full' | 'line' | 'positions' | readonly ReachPair[]

/** Well above what any setting needs, and well below a modem on the same table. */
const DEFAULT_DBM = -90

export class ReachTable {
  readonly #names: readonly string[]
  #reach: 'full' | 'line' | 'positions' | 'pairs' = 'full'
  #loss: AirLoss = 0
  readonly #pairs = new Map<string, AirPath | undefined>()

  /** @param names of all modems in order; it may grow. */
  constructor(names: readonly string[]) {
    this.#names = names
  }

  /** Forgets what single pairs were told. */
  setReach(reach: Reach): void {
    this.#pairs.clear()
    this.#reach = typeof reach === 'string' ? reach : 'pairs'
    if (typeof reach === 'string') return
    for (const { from, to, oneWay = false, ...path } of reach) {
      this.setPath(from, to, path)
      if (!oneWay) this.setPath(to, from, path)
    }
  }

  /** One direction; undefined cuts it. */
  setPath(from: string, to: string, path: AirPath | undefined): void {
    this.#pairs.set(`${from} ${to}`, path)
  }

  /** For all pairs that have no loss of their own. */
  setLoss(loss: AirLoss): void {
    this.#loss = loss
  }

  path(from: string, to: string): AirPath | undefined {
    const key = `${from} ${to}`
    const own = this.#pairs.get(key)
    if (own !== undefined) return this.#filled(own)
    return this.#pairs.has(key) || !this.#hears(from, to) ? undefined : this.#filled({})
  }

  #filled({ dBm, loss = this.#loss }: AirPath): AirPath {
    if (dBm === undefined && this.#reach === 'positions') return { loss }
    return { dBm: dBm ?? DEFAULT_DBM, loss }
  }

  #hears(from: string, to: string): boolean {
    switch (this.#reach) {
      case 'full':
      case 'positions':
        return true
      case 'line':
        return Math.abs(this.#names.indexOf(from) - this.#names.indexOf(to)) === 1
      case 'pairs':
        return false
    }
  }
}

/** How many frames in a row are lost on average when losses come in bursts. */
const BURST_FRAMES = 4

/** Losses in bursts that come to this share of all frames. */
export function burstyLoss(share: number): GilbertElliott {
  const toGood = 1 / BURST_FRAMES
  return { goodLoss: 0, badLoss: 1, toGood, toBad: Math.min(1, (toGood * share) / (1 - share)) }
}

const EDGE = /^([^\s,@:<>-]+)([->])([^\s,@:<>-]+)(?:@(-?\d+(?:\.\d+)?))?(?::(\d*\.?\d+))?$/

/**
 * `full`, `line`, or pairs as in `1-2,2-3`: `1-2@-110` with its strength in dBm, `1-2:0.2` with its loss, both as
 * `1-2@-110:0.2`, and `1>2` for one way only.
 *
 * @throws MeshError ERR_USAGE for anything else, and for a modem that there is not.
 */
export function parseReach(text: string, names: readonly string[]): Reach {
  if (text === 'full' || text === 'line') return text
  return text.split(',').map((edge) => {
    const [, from = '', arrow, to = '', dBm, loss] = EDGE.exec(edge.trim()) ?? []
    if (arrow === undefined) {
      throw usage(
        `${JSON.stringify(edge.trim().slice(0, 40))} is no pair of modems: such as 1-2, 1>2 or 1-2@-110:0.2`,
      )
    }
    return checkedPair(
      {
        from,
        to,
        oneWay: arrow === '>',
        ...(dBm === undefined ? {} : { dBm: Number(dBm) }),
        ...(loss === undefined ? {} : { loss: Number(loss) }),
      },
      names,
    )
  })
}

/**
 * A file in JSON: `{"pairs": [{"from": "1", "to": "2", "dbm": -110, "loss": 0.2, "one_way": true}]}`, of which
 * `dbm`, `loss` and `one_way` may be left out.
 *
 * @throws MeshError ERR_USAGE with what is wrong in it.
 */
export function parseReachFile(text: string, names: readonly string[]): Reach {
  const pairs = pairsOf(text)
  if (!Array.isArray(pairs)) throw usage('expected {"pairs": [{"from": "1", "to": "2"}, ...]} in JSON')
  return pairs.map((pair: unknown, index) => {
    if (typeof pair !== 'object' || pair === null) throw usage(`pairs[${index}]: expected an object`)
    const { from, to, dbm, loss, one_way: oneWay = false } = pair as Record<string, unknown>
    if (typeof from !== 'string' || typeof to !== 'string' || typeof oneWay !== 'boolean') {
      throw usage(`pairs[${index}]: expected "from" and "to" as text, and "one_way" as true or false`)
    }
    if (!isNumberOrAbsent(dbm) || !isNumberOrAbsent(loss)) {
      throw usage(`pairs[${index}]: expected "dbm" and "loss" as numbers`)
    }
    const strength = dbm === undefined ? {} : { dBm: dbm }
    return checkedPair({ from, to, oneWay, ...strength, ...(loss === undefined ? {} : { loss }) }, names)
  })
}

function pairsOf(text: string): unknown {
  try {
    const document: unknown = JSON.parse(text)
    return typeof document === 'object' && document !== null && 'pairs' in document
      ? document.pairs
      : undefined
  } catch {
    return undefined
  }
}

function isNumberOrAbsent(value: unknown): value is number | undefined {
  return value === undefined || typeof value === 'number'
}

function checkedPair(pair: ReachPair, names: readonly string[]): ReachPair {
  for (const name of [pair.from, pair.to]) {
    if (!names.includes(name)) throw usage(`there is no modem ${JSON.stringify(name)}: ${names.join(', ')}`)
  }
  if (pair.from === pair.to) throw usage(`modem ${pair.from} does not hear itself`)
  const { loss } = pair
  if (typeof loss === 'number' && !(loss >= 0 && loss <= 1)) throw usage(`a loss is 0 to 1, not ${loss}`)
  return pair
}

function usage(what: string): MeshError {
  return new MeshError('ERR_USAGE', `reach: ${what}`)
}
