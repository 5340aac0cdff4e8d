/** The path table against a plain model of its rules, over every kind of call in any order. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PathTable } from '../../src/routing/path-table.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { announce, keyOf, offer, originOf, rowOf } from './path-offers.ts'

/** Costs and told metrics are such that no two links ever have the same metric: ties have no rule. */
const LINKS = [0, 1, 2, 3, 4, 5]
const STEP = LINKS.length

function costOver(link: number, units: number): number {
  return STEP * units + link + 1
}

interface ModelPath {
  readonly link: number
  told: number
  least: number
  hops: number
}

interface ModelRow {
  sequence: number
  expiresAt: number
  feasible: number
  used: ModelPath | undefined
  alternates: ModelPath[]
}

class Model {
  readonly rows = new Map<number, ModelRow>()
  readonly costs = new Map<number, number>()

  metric({ link, told }: ModelPath): number {
    return told + (this.costs.get(link) ?? 0)
  }

  offer(origin: number, path: ModelPath, sequence: number, expiresAt: number, now: number): string {
    if (expiresAt <= now) return 'stale'
    const row = this.rows.get(origin)
    if (row !== undefined && sequence < row.sequence) return 'stale'
    if (row === undefined || sequence > row.sequence) {
      const feasible = this.metric(path)
      this.rows.set(origin, { sequence, expiresAt, feasible, used: path, alternates: [] })
      return row === undefined ? 'new' : 'fresher'
    }
    row.expiresAt = Math.min(row.expiresAt, expiresAt)
    const known = [row.used, ...row.alternates].find((one) => one?.link === path.link)
    if (known !== undefined) return this.#again(row, known, path)
    if (path.told >= row.feasible) return 'worse'
    if (row.used === undefined) row.used = path
    else {
      row.alternates.push(path)
      this.#sort(row)
      if (row.alternates.length > 3 && row.alternates.pop() === path) return 'worse'
    }
    this.#settle(row)
    return row.used === path ? 'better' : 'alternate'
  }

  #again(row: ModelRow, known: ModelPath, { told, hops }: ModelPath): string {
    if (known.told === told && known.hops === hops) return 'worse'
    const { used } = row
    const before = used === undefined ? 0 : this.metric(used)
    const isGone = told >= row.feasible && hops - known.hops >= 2
    if (isGone) this.drop(row, known.link)
    else Object.assign(known, { told, hops, least: Math.min(told, known.least) })
    this.#settle(row)
    if (row.used === undefined) return 'lost'
    if (row.used !== used) return row.used === known ? 'better' : 'dearer'
    if (used !== known) return isGone ? 'worse' : 'alternate'
    const now = this.metric(known)
    if (isEnough(now, before)) return 'better'
    return isEnough(before, now) ? 'dearer' : 'alternate'
  }

  drop(row: ModelRow, link: number): void {
    row.alternates = row.alternates.filter((one) => one.link !== link)
    if (row.used?.link === link) row.used = row.alternates.shift()
    this.#settle(row)
  }

  weigh(link: number, cost: number): number[] {
    this.costs.set(link, cost)
    const changed: number[] = []
    for (const [origin, row] of this.rows) {
      const { used } = row
      if (![used, ...row.alternates].some((one) => one?.link === link)) continue
      this.#settle(row)
      if (row.used !== used) changed.push(origin)
    }
    return changed
  }

  #sort(row: ModelRow): void {
    row.alternates.sort((a, b) => this.metric(a) - this.metric(b))
  }

  #settle(row: ModelRow): void {
    const { used } = row
    if (used === undefined) return
    this.#sort(row)
    const [best] = row.alternates
    if (best !== undefined && isEnough(this.metric(best), this.metric(used))) {
      row.used = best
      row.alternates[0] = used
      this.#sort(row)
    }
    row.feasible = Math.min(row.feasible, this.metric(row.used as ModelPath))
    row.alternates = row.alternates.filter(({ least }) => least < row.feasible)
  }
}

function isEnough(metric: number, present: number): boolean {
  return present - metric >= 10 && present - metric >= present / 10
}

const originNumber = fc.integer({ min: 0, max: 5 })
const link = fc.constantFrom(...LINKS)
const action = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('offer' as const),
      origin: originNumber,
      link,
      sequence: fc.integer({ min: 1, max: 3 }),
      told: fc.integer({ min: 0, max: 60 }),
      hops: fc.integer({ min: 0, max: 6 }),
      life: fc.integer({ min: 0, max: 40 }),
      data: fc.integer({ min: 0, max: 128 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('drop' as const), origin: originNumber, link }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('down' as const), link }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('cost' as const),
      link,
      units: fc.integer({ min: 0, max: 40 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('expire' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('restore' as const),
      origin: originNumber,
      sequence: fc.integer({ min: 1, max: 3 }),
      life: fc.integer({ min: 0, max: 40 }),
    }),
  },
)
type Action = typeof action extends fc.Arbitrary<infer A> ? A : never

/** Both do the same, and say the same of it. */
function step(paths: PathTable<number>, model: Model, act: Action, now: number): void {
  if (act.kind === 'offer') {
    const { origin, sequence, hops, data } = act
    const told = STEP * act.told
    const cost = costOver(act.link, 5)
    const expiresAt = now + act.life
    const learned = paths.learn(offer(act.link, { origin, sequence, told, hops, data, cost, expiresAt }), now)
    if (learned !== 'stale' && !model.costs.has(act.link)) model.costs.set(act.link, cost)
    const path = { link: act.link, told, least: told, hops: hops + 1 }
    assert.equal(learned, model.offer(origin, path, sequence, expiresAt, now))
  } else if (act.kind === 'drop') {
    const row = model.rows.get(act.origin)
    if (row === undefined) return
    model.drop(row, act.link)
    assert.equal(paths.drop(rowOf(paths, act.origin), act.link), row.used !== undefined)
  } else if (act.kind === 'down') {
    const using = [...model.rows].filter(([, { used }]) => used?.link === act.link)
    for (const row of model.rows.values()) model.drop(row, act.link)
    model.costs.delete(act.link)
    const { switched, lost } = paths.linkDown(act.link)
    const isLive = ([, { used }]: [number, ModelRow]): boolean => used !== undefined
    assert.deepEqual(originsOf(paths, switched), numbers(using.filter(isLive)))
    assert.deepEqual(originsOf(paths, lost), numbers(using.filter((entry) => !isLive(entry))))
  } else if (act.kind === 'cost') {
    const cost = costOver(act.link, act.units)
    const expected = model.costs.has(act.link) ? model.weigh(act.link, cost) : []
    assert.deepEqual(originsOf(paths, paths.costChanged(act.link, cost, now)), expected.toSorted())
  } else if (act.kind === 'expire') {
    const old = [...model.rows].filter(([, { expiresAt }]) => expiresAt <= now)
    for (const [origin] of old) model.rows.delete(origin)
    assert.equal(paths.expire(now), old.length)
  } else {
    const { origin, sequence } = act
    const expiresAt = now + act.life
    const isTaken = !model.rows.has(origin) && act.life > 0
    assert.equal(paths.restore(originOf(origin), announce({ origin, sequence }), expiresAt, now), isTaken)
    const row = { sequence, expiresAt, feasible: 0xffffffff, used: undefined, alternates: [] }
    if (isTaken) model.rows.set(origin, row)
  }
}

function originsOf(paths: PathTable<number>, rows: readonly number[]): number[] {
  return rows.map((row) => paths.info(row).destination.bytes[15] as number).toSorted()
}

function numbers(entries: readonly [number, ModelRow][]): number[] {
  return entries.map(([origin]) => origin).toSorted()
}

function assertSame(paths: PathTable<number>, model: Model): void {
  assert.equal(paths.size, model.rows.size)
  assert.equal([...paths.rows()].length, model.rows.size)
  for (const [origin, row] of model.rows) {
    const at = rowOf(paths, origin)
    const info = paths.info(at)
    assert.equal(info.link, row.used?.link)
    if (row.used !== undefined) assert.equal(info.metric, model.metric(row.used))
    if (row.used !== undefined) assert.equal(info.hops, row.used.hops)
    assert.deepEqual(
      info.alternates,
      row.alternates.map((one) => ({ link: one.link, hops: one.hops, metric: model.metric(one) })),
    )
    assert.equal(info.sequence, row.sequence)
    assert.equal(info.expiresAt, row.expiresAt)
    assert.equal(paths.feasibleOf(at), row.feasible)
    assert.deepEqual(paths.keyAt(at), keyOf(origin))
    const { metric, hops } = paths.announceOf(at)
    assert.ok(metric >= info.metric && hops === info.hops)
  }
}

test('does what a plain model of the rules does, whatever comes in whatever order', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 150, size: 'max' }), (actions) => {
      const paths = new PathTable<number>({ capacity: 6 }, seededRandom('model'))
      const model = new Model()
      actions.forEach((act, now) => {
        step(paths, model, act, now)
        assertSame(paths, model)
      })
    }),
    { numRuns: 300 },
  )
})

test('finds, through growth, loss and return of many, what was learned and nothing else', () => {
  const random = seededRandom('churn')
  const paths = new PathTable<number>({ capacity: 700 }, random)
  const alive = new Map<number, number>()
  for (let round = 0; round < 20_000; round++) {
    const origin = random.below(2000)
    const link = random.below(40)
    const learned = paths.learn(
      offer(link, { origin, sequence: round, told: round, data: random.below(128), expiresAt: round + 500 }),
      round,
    )
    assert.ok(learned === (alive.has(origin) ? 'fresher' : 'new'), `${round}: ${learned}`)
    alive.set(origin, round)
    if (round % 100 === 0) {
      paths.expire(round)
      for (const [known, learnedAt] of alive) if (learnedAt + 500 <= round) alive.delete(known)
    }
    assert.equal(paths.size, alive.size)
  }
  for (const [origin, round] of alive) {
    const row = rowOf(paths, origin)
    assert.equal(paths.sequenceOf(row), round)
    assert.deepEqual(paths.keyAt(row), keyOf(origin))
  }
  assert.ok(paths.announceBytes < 700 * 5 * 64 + 65_536, 'the room of announces that are gone is used again')
})

test('never holds more than it may, and keeps the newest unless all are in use', () => {
  const random = seededRandom('flood')
  const paths = new PathTable<number>({ capacity: 100 }, random)
  for (let round = 0; round < 20_000; round++) {
    const learned = paths.learn(offer(random.below(9), { origin: random.below(5000) }), 10 * round)
    if (random.below(4) === 0) paths.use(random.below(100), 10 * round)
    if (random.below(500) === 0) paths.linkDown(random.below(9))
    assert.ok(paths.size <= 100)
    assert.ok(['new', 'worse', 'table_full', 'alternate', 'better'].includes(learned), learned)
  }
  assert.equal(paths.size, 100)
  assert.equal([...paths.rows()].length, 100)
})
