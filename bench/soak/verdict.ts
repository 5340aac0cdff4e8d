/** What became of every message that a node accepted, from the journals of all nodes. Pure. */
import type { JournalEntry } from './journal.ts'

export interface Verdict {
  readonly accepted: number
  /** Once, to the application of the node they were for. */
  readonly delivered: number
  /** Again to the next process of the same node, since the one before was killed before it had written that down. */
  readonly deliveredToNextLife: number
  /** Not delivered, and their sender was told why. */
  readonly ended: Readonly<Record<string, number>>
  /** Not delivered, and in a store, or with their sender, which goes on trying. */
  readonly held: number
  /** Their sender was killed before any node had said that it keeps them. */
  readonly goneWithSender: number
  /** The failures: each is a line that names message, sender and recipient. */
  readonly lost: readonly string[]
  readonly doubled: readonly string[]
  readonly falseReceipts: readonly string[]
}

/** A node writes a tenth of a second after a delivery; this much later if the machine is busy. */
const WRITTEN_AFTER_MS = 5000

interface Message {
  readonly name: string
  readonly text: string
  readonly to: string
  /** The process of its sender that accepted it, counted from 1. */
  readonly life: number
  state: string
  reason: string | undefined
  wasKept: boolean
}

/**
 * @param journals of all nodes, by address
 * @param held `source id` of what lies in any store
 */
export function judge(
  journals: ReadonlyMap<string, readonly JournalEntry[]>,
  held: ReadonlySet<string>,
): Verdict {
  const receipts = deliveriesIn(journals)
  const tally = {
    accepted: 0,
    delivered: 0,
    deliveredToNextLife: 0,
    ended: {} as Record<string, number>,
    held: 0,
    goneWithSender: 0,
    lost: [] as string[],
    doubled: [] as string[],
    falseReceipts: [] as string[],
  }
  for (const [sender, journal] of journals) {
    const lives = journal.filter(({ is }) => is === 'started').length
    for (const message of messagesIn(sender, journal)) {
      tally.accepted += 1
      const received = receipts.get(`${message.to} ${message.name}`) ?? []
      if (received.length > 0) {
        tally.delivered += 1
        if (received.some((each, nth) => isRepeated(each, received[nth + 1])))
          tally.doubled.push(message.text)
        else if (received.length > 1) tally.deliveredToNextLife += 1
      } else if (message.state === 'delivered') tally.falseReceipts.push(message.text)
      else if (message.state === 'failed' || message.state === 'expired') {
        const reason = `${message.state}: ${message.reason ?? 'no reason'}`
        tally.ended[reason] = (tally.ended[reason] ?? 0) + 1
      } else if (held.has(message.name) || message.life === lives) tally.held += 1
      else if (message.wasKept) tally.lost.push(message.text)
      else tally.goneWithSender += 1
    }
  }
  return tally
}

interface Received {
  readonly at: number
  readonly life: number
  /** Whether the next process has to know it. */
  isWritten: boolean
}

function isRepeated({ life, isWritten }: Received, next: Received | undefined): boolean {
  return next !== undefined && (isWritten || next.life === life)
}

/** For each `recipient source id` its deliveries, in order. */
function deliveriesIn(journals: ReadonlyMap<string, readonly JournalEntry[]>): Map<string, Received[]> {
  const deliveries = new Map<string, Received[]>()
  for (const [recipient, journal] of journals) {
    let life = 0
    let inThisLife: Received[] = []
    for (const entry of journal) {
      if (entry.is === 'started') {
        life += 1
        inThisLife = []
      } else if (entry.is === 'killed') {
        for (const received of inThisLife) received.isWritten = entry.at - received.at > WRITTEN_AFTER_MS
      } else if (entry.is === 'received') {
        const name = `${recipient} ${entry.from} ${entry.id}`
        const received = { at: entry.at, life, isWritten: true }
        inThisLife.push(received)
        deliveries.set(name, [...(deliveries.get(name) ?? []), received])
      }
    }
  }
  return deliveries
}

function messagesIn(sender: string, journal: readonly JournalEntry[]): Iterable<Message> {
  const messages = new Map<string, Message>()
  let life = 0
  for (const entry of journal) {
    if (entry.is === 'started') life += 1
    else if (entry.is === 'accepted') {
      const { id, to } = entry
      const text = `${id} from ${sender} to ${to}`
      const fresh = { state: 'queued', reason: undefined, wasKept: false }
      messages.set(id, { name: `${sender} ${id}`, text, to, life, ...fresh })
    } else if (entry.is === 'state') {
      const message = messages.get(entry.id)
      if (message === undefined) continue
      message.state = entry.state
      message.reason = entry.reason
      message.wasKept ||= entry.state === 'stored'
    }
  }
  return messages.values()
}

/** Whether nothing was lost, doubled or wrongly acknowledged. */
export function isClean({ lost, doubled, falseReceipts }: Verdict): boolean {
  return lost.length + doubled.length + falseReceipts.length === 0
}

/** The slope of the straight line with the least squares through points of time and value. */
export function slopeOf(points: readonly (readonly [number, number])[]): number {
  const count = points.length
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / count
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / count
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  return points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread
}
