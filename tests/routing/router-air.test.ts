/** What the router says where one transmission reaches several neighbours. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Address } from '../../src/identity/address.ts'
import type { Identity } from '../../src/identity/identity.ts'
import { MAX_WAITING } from '../../src/routing/rebroadcast.ts'
import { MeshRouter, type RoutedLink } from '../../src/routing/router.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { AnnounceView, relayedAnnounce } from '../../src/wire/announce.ts'
import { announceBy, identityOf, T0 } from '../support/frames.ts'

const WALL = T0 * 1000
const LONG_MS = 300_000
/** By then a relay has been handed out: sixteen times the 200 ms of latency and what the bits of an announce take. */
const HANDED_MS = 16 * 400
const [me, origin, ann, ben, cat] = ['me', 'origin', 'ann', 'ben', 'cat'].map(identityOf) as [
  Identity,
  Identity,
  Identity,
  Identity,
  Identity,
]
const profile = { bitsPerSecond: 5000, broadcast: false }

/** A router on a radio, beside another with one neighbour, and on a cable. */
class Setting {
  readonly router: MeshRouter<RoutedLink>
  readonly cable = { neighbour: cat.address, latencyMs: 1, profile: { bitsPerSecond: 1e8, broadcast: false } }
  readonly elsewhere = { neighbour: ben.address, latencyMs: 9, profile }
  readonly medium: RoutedLink
  readonly toAnn: RoutedLink
  readonly toBen: RoutedLink
  /** Whom the neighbours do not hear whose number is asked for. */
  asked: readonly Address[] = []
  uncovered: number | undefined = 1
  /** How often its own announce went out over the medium. */
  own = 0

  constructor(sendsToAll?: number) {
    this.medium = {
      sendsToAll,
      neighbour: undefined,
      latencyMs: 200,
      profile: { ...profile, broadcast: true },
      coverageOf: (senders) => {
        this.asked = senders
        return this.uncovered === undefined
          ? undefined
          : { uncovered: this.uncovered, ahead: 0, isLossy: false }
      },
    }
    const near = { latencyMs: 200, profile, medium: this.medium }
    this.toAnn = { ...near, neighbour: ann.address }
    this.toBen = { ...near, neighbour: ben.address }
    const announce = { intervalMs: 6e5, minSpacingMs: 1000, jitterMs: 100, maxAgeMs: 18e5, maxHops: 64 }
    const makeAnnounce = (): Uint8Array => announceBy(me)
    this.router = new MeshRouter(
      { address: me.address, relay: true, maxPaths: 500, seenMessages: 50, announce, makeAnnounce },
      seededRandom('air'),
    )
    const links = [this.cable, this.elsewhere, this.medium, this.toAnn, this.toBen]
    for (const link of links) this.router.linkUp(link, 0)
    this.said(0, LONG_MS)
  }

  hears(link: RoutedLink, now: number, hops = 1, metric = 3000): void {
    this.router.accept(relayedAnnounce(announceBy(origin), hops, metric), link, now, WALL)
  }

  /** How often the origin's announce goes out over the medium. */
  said(from: number, until: number): number {
    let times = 0
    for (let now = from; now <= until; now = Math.max(now + 1, this.router.nextDue)) {
      for (const { link, frame } of this.router.poll(now)) {
        const { publicKey } = new AnnounceView(frame)
        if (link !== this.medium) continue
        if (Buffer.compare(publicKey, origin.publicKey) === 0) times += 1
        if (Buffer.compare(publicKey, me.publicKey) === 0) this.own += 1
      }
    }
    return times
  }
}

describe('a node on the air', () => {
  it('repeats its announce as often as the link says, and until it is heard where that does not say', () => {
    for (const [sendsToAll, expected] of [
      [undefined, 5],
      [1, 1],
      [2, 2],
    ] as const) {
      const setting = new Setting(sendsToAll)
      assert.equal(setting.own, expected)
    }
  })
})

describe('an announce on the air', () => {
  it('goes out once while somebody lacks it, and not at all when nobody does', () => {
    for (const uncovered of [1, 0]) {
      const setting = new Setting()
      setting.uncovered = uncovered
      setting.hears(setting.toAnn, LONG_MS)
      assert.equal(setting.said(LONG_MS, 2 * LONG_MS), uncovered)
    }
  })

  it('is judged by the origin and by all that were heard sending it', () => {
    const setting = new Setting()
    setting.hears(setting.toAnn, LONG_MS)
    assert.deepEqual(
      setting.asked.map(String),
      [origin, ann].map(({ address }) => String(address)),
    )
    setting.hears(setting.toBen, LONG_MS + 1, 1, 4000)
    assert.deepEqual(
      setting.asked.map(String),
      [origin, ann, ben].map(({ address }) => String(address)),
    )
  })

  it('becomes needless when further copies cover everybody', () => {
    const setting = new Setting()
    setting.hears(setting.toAnn, LONG_MS)
    setting.uncovered = 0
    setting.hears(setting.toBen, LONG_MS + 1, 1, 4000)
    assert.equal(setting.said(LONG_MS, 2 * LONG_MS), 0)
  })

  it('is taken back while it waits for the budget', () => {
    for (const isCovered of [false, true]) {
      const setting = new Setting()
      for (let n = 0; n < 12; n++) {
        const nearer = relayedAnnounce(announceBy(identityOf(`nearer ${n}`)), 1, 3000)
        setting.router.accept(nearer, setting.toAnn, LONG_MS, WALL)
      }
      setting.said(LONG_MS, LONG_MS + HANDED_MS)
      setting.hears(setting.toAnn, LONG_MS + HANDED_MS, 6, 9000)
      const later = LONG_MS + 2 * HANDED_MS
      assert.equal(setting.said(LONG_MS + HANDED_MS, later), 0)
      setting.uncovered = isCovered ? 0 : 1
      setting.hears(setting.toBen, later, 6, 9500)
      assert.equal(setting.said(later, 9 * LONG_MS), isCovered ? 0 : 1)
    }
  })

  it('that came over another radio has been heard by nobody on this one', () => {
    const setting = new Setting()
    setting.hears(setting.elsewhere, LONG_MS)
    assert.deepEqual(setting.asked.map(String), [String(origin.address)])
    assert.equal(setting.said(LONG_MS, 2 * LONG_MS), 1)
  })

  it('is not crowded out by those of a backbone, which no radio is told of', () => {
    const setting = new Setting()
    for (let n = 0; n <= MAX_WAITING; n++) {
      const far = relayedAnnounce(announceBy(identityOf(`far ${n}`)), 1, 10)
      assert.equal(setting.router.accept(far, setting.cable, LONG_MS, WALL).action, 'learned')
    }
    setting.hears(setting.toAnn, LONG_MS)
    assert.equal(setting.said(LONG_MS, 2 * LONG_MS), 1)
  })

  it('goes by the number of copies while nobody has said whom it hears', () => {
    const setting = new Setting()
    setting.uncovered = undefined
    setting.hears(setting.toAnn, LONG_MS)
    setting.hears(setting.toBen, LONG_MS + 1, 1, 4000)
    assert.equal(setting.said(LONG_MS, 2 * LONG_MS), 1)
  })
})
