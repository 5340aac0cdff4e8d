import { selectProvider } from '../src/crypto/provider/select.ts'
import { Identity } from '../src/identity/identity.ts'
import { MeshRouter, type RoutedLink } from '../src/routing/router.ts'
import { seededRandom } from '../src/runtime/random.ts'
import { AnnounceView, encodeAnnounce } from '../src/wire/announce.ts'
import { threadSeconds } from './fixtures/cpu.ts'
import { atLeast, type Bench, row } from './report.ts'
import { alternate, ratios } from './stats.ts'

const LINK: RoutedLink = {
  neighbour: undefined,
  latencyMs: 1,
  profile: { bitsPerSecond: 1e9, broadcast: false },
}
const NODES = 1000
const LINKS = 4
/** Arrivals in a millisecond, as many as a core could verify. */
const IN_A_MS = 25

export const announces: Bench = {
  name: 'announces',
  title: 'Announces taken in, with their signatures checked',
  async run({ quick }) {
    const count = quick ? 2000 : 20_000
    const random = seededRandom('bench announces')
    const crypto = selectProvider('auto')
    const created = Math.floor(Date.now() / 1000)
    const identities = Array.from({ length: NODES }, () => Identity.generate(random, crypto))
    const frames = Array.from({ length: count }, (_, number) => {
      const identity = identities[number % NODES] as Identity
      const sequence = created + Math.floor(number / NODES)
      const { publicKey } = identity
      return encodeAnnounce({ capabilities: 3, sequence, created, lifetime: 1800, publicKey }, (signed) =>
        identity.sign(signed),
      )
    })
    const verify = (frame: Uint8Array): boolean => {
      const { signature, signedPart, publicKey } = new AnnounceView(frame)
      return crypto.ed25519Verify(signature, signedPart, publicKey)
    }
    const rates = await alternate(quick ? 2 : 7, {
      accept: async () =>
        perSecond(count, () => {
          const router = newRouter()
          const wallMs = created * 1000
          const links = Array.from({ length: LINKS }, () => ({ ...LINK }))
          for (const link of links) router.linkUp(link, 0)
          return frames.filter((frame, number) => {
            const now = number / IN_A_MS
            const link = links[number % LINKS] as RoutedLink
            const isGood = router.inspect(frame, wallMs) === undefined && verify(frame)
            const isLearned = isGood && router.accept(frame, link, now, wallMs).action === 'learned'
            if (router.nextDue <= now) router.poll(now)
            return isLearned
          }).length
        }),
      verify: async () => perSecond(count, () => frames.filter(verify).length),
    })
    return {
      workload:
        `${count.toLocaleString('en')} announces of 113 bytes, each newer than the one before, of ${NODES.toLocaleString('en')} ` +
        `nodes over ${LINKS} links: inspected, verified, taken into the path table and passed on. One thread.`,
      against: 'checking the signatures of the same announces with the same libsodium, and nothing else.',
      rows: [
        row('taking in against verifying', 'ratio', ratios(rates.accept, rates.verify), atLeast(0.7)),
        row('taking in', 'announces/s', rates.accept),
        row('verifying', 'announces/s', rates.verify),
      ],
      notes: [
        'Rates are per second of CPU time of the thread. Reticulum takes in 1,600 announces a second (measured).',
      ],
    }
  },
}

function newRouter(): MeshRouter<RoutedLink> {
  const random = seededRandom('router')
  return new MeshRouter<RoutedLink>(
    {
      address: Identity.generate(random).address,
      relay: true,
      maxPaths: 65_536,
      seenMessages: 1000,
      announce: { intervalMs: 6e5, minSpacingMs: 1000, jitterMs: 100, maxAgeMs: 1.8e6, maxHops: 64 },
      makeAnnounce: () => new Uint8Array(0),
    },
    random,
  )
}

/** @throws Error unless `work` has dealt with all. */
function perSecond(count: number, work: () => number): number {
  const start = threadSeconds()
  const done = work()
  if (done !== count) throw new Error(`only ${done} of ${count} announces were good`)
  return count / (threadSeconds() - start)
}
