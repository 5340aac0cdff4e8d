/**
 * Who hears whom around this node. Every node says with its own announce whom it hears, in two bytes each: so
 * its neighbours know what a transmission reaches, and who need not repeat it.
 */
import type { Address } from '../../../identity/address.ts'
import type { Coverage } from '../../../routing/rebroadcast.ts'
import type { Neighbour } from './neighbour.ts'
import { type Block, BlockType, decodeIds, encodeIds } from './packet.ts'
import type { Roster } from './roster.ts'

/** The longest list; of more neighbours, those heard last. */
export const MAX_TOLD = 32
/** Whoever loses more of a neighbour's packets than this does not count as hearing it. */
const MOST_LOSS = 0.5
/** What loses more than this is sent to twice. */
const TWICE_FROM_LOSS = 0.25

/** Whom a node hears, in a block with at most so many bytes of content. */
export function hearsBlock(neighbours: Iterable<Neighbour>, bytes: number): Block | undefined {
  const heard = [...neighbours].filter(({ window }) => window.loss <= MOST_LOSS)
  heard.sort((a, b) => b.lastHeard - a.lastHeard)
  const ids = heard.slice(0, Math.min(MAX_TOLD, Math.max(0, bytes) >> 1)).map(({ id }) => id)
  if (ids.length === 0) return undefined
  return { type: BlockType.hears, flags: 0, content: encodeIds(ids) }
}

/** The ids in such a block. What is too many is passed over. */
export function idsHeard({ content }: Block): ReadonlySet<number> {
  return new Set(decodeIds(content).slice(0, MAX_TOLD))
}

/** How far transmissions of these reach; undefined while no neighbour has said whom it hears. */
export function coverageOf(roster: Roster, senders: readonly Address[]): Coverage | undefined {
  const neighbours = [...roster.all]
  if (!neighbours.some(({ hears }) => hears !== undefined)) return undefined
  const own = roster.id
  const spoken = new Set(senders.map((sender) => roster.idOf(sender)))
  // One that has not said whom it hears is taken to hear those that hear it.
  const reaches = (from: number, to: number): boolean => {
    const said = roster.of(to)?.hears
    return said === undefined ? roster.of(from)?.hears?.has(to) === true : said.has(from)
  }
  const isCovered = (id: number): boolean => spoken.has(id) || [...spoken].some((from) => reaches(from, id))
  const open = new Set(neighbours.filter(({ id }) => !isCovered(id)).map(({ id }) => id))
  const ahead = neighbours.filter(({ id, hears }) => {
    if (open.has(id) || spoken.has(id) || hears === undefined) return false
    const gain = [...hears].filter((to) => to !== own && !isCovered(to))
    const isBetter = gain.length > open.size || (gain.length === open.size && id < own)
    return isBetter && gain.some((to) => open.has(to))
  })
  const isLossy = neighbours.some((one) => open.has(one.id) && one.hears?.has(own) && losesMuch(one))
  return { uncovered: open.size, ahead: ahead.length, isLossy }
}

/**
 * How often a frame to all is to be sent, once or twice; undefined where a neighbour would pass it on, which can be
 * heard, or where that is not known.
 */
export function sendsToAll(roster: Roster): number | undefined {
  const neighbours = [...roster.all]
  const mayPassOn = neighbours.some(({ hears }) => {
    if (hears === undefined) return true
    return [...hears].some((to) => to !== roster.id && roster.of(to)?.hears?.has(roster.id) !== true)
  })
  if (neighbours.length === 0 || mayPassOn) return undefined
  return neighbours.some(losesMuch) ? 2 : 1
}

function losesMuch({ loss, window }: Neighbour): boolean {
  return Math.max(loss.share, window.loss) > TWICE_FROM_LOSS
}
