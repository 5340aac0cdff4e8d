/**
 * The account of what a modem still holds. It says of no packet that it has left; but it tells how much it has
 * sent, and how long it takes at most can be estimated.
 */

interface Entry {
  readonly packet: Uint8Array
  /** How long it is on the air, and what the modem says of that, ms. */
  readonly airtimeMs: number
  readonly chargedMs: number
  /** How long it takes from when the one before it has left, ms. */
  readonly estimateMs: number
  readonly handedAt: number
  /** When it has left by the estimate. */
  dueAt: number
}

/** From this share of its airtime on, a packet counts as sent: what modems charge differs by some per cent. */
const ENOUGH = 0.7
/** Less than this share of the next packet's is such a difference, and not its first half. */
const REMAINDER = 0.3
/** So many at a time are a run that the estimate can be wrong about, for so long, ms. */
const MANY = 3
const MANY_MS = 30_000
/** Packets that have left by the estimate alone and may yet be told of. */
const MAX_UNCONFIRMED = 64

export class HeldPackets {
  /** Oldest first, as the modem sends them. */
  #held: Entry[] = []
  #unconfirmed: Entry[] = []
  #creditMs = 0
  #manyAt = Number.NEGATIVE_INFINITY
  #sentAt = Number.NEGATIVE_INFINITY

  /** Packets that have probably not left. */
  get count(): number {
    return this.#held.length
  }

  /** How long the modem is deaf and dumb when it sends all that it may hold, ms. */
  get airtimeMs(): number {
    let sum = 0
    for (const { airtimeMs } of this.#unconfirmed) sum += airtimeMs
    for (const { airtimeMs } of this.#held) sum += airtimeMs
    return sum
  }

  /**
   * Since when a packet has been waiting without the modem having sent anything; undefined where there is none.
   * The trace of one that it had before it last sent may have been missed.
   */
  get waitingSince(): number | undefined {
    const isLater = ({ handedAt }: Entry): boolean => handedAt >= this.#sentAt
    return (this.#unconfirmed.find(isLater) ?? this.#held.find(isLater))?.handedAt
  }

  /** The longest estimate among those waiting, ms. */
  get longestEstimateMs(): number {
    let longest = 0
    for (const { estimateMs } of this.#unconfirmed) longest = Math.max(longest, estimateMs)
    for (const { estimateMs } of this.#held) longest = Math.max(longest, estimateMs)
    return longest
  }

  /** Whether it has lately held so much that it may still be sending what by the account has left. */
  wasManyAt(nowMs: number): boolean {
    return nowMs - this.#manyAt < MANY_MS
  }

  /** When the oldest has left by the estimate. */
  get dueAt(): number | undefined {
    return this.#held[0]?.dueAt
  }

  get #oldest(): Entry | undefined {
    return this.#unconfirmed[0] ?? this.#held[0]
  }

  add(packet: Uint8Array, airtimeMs: number, chargedMs: number, estimateMs: number, nowMs: number): void {
    const turn = Math.max(nowMs, this.#held.at(-1)?.dueAt ?? nowMs)
    if (this.#held.length >= MANY) this.#manyAt = nowMs
    this.#held.push({
      packet,
      airtimeMs,
      chargedMs,
      estimateMs,
      handedAt: nowMs,
      dueAt: turn + estimateMs,
    })
  }

  /** The modem has sent for `ms` more. @returns how many packets have left by that. */
  sent(ms: number, nowMs: number): number {
    if (ms === 0) return 0
    this.#sentAt = nowMs
    this.#forgetDueBefore(nowMs - ms)
    this.#creditMs += ms
    let left = 0
    for (let next = this.#oldest; next !== undefined; next = this.#oldest) {
      if (this.#creditMs < ENOUGH * next.chargedMs) break
      this.#creditMs = Math.max(0, this.#creditMs - next.chargedMs)
      if (this.#unconfirmed.shift() === undefined) {
        this.#held.shift()
        left += 1
      }
    }
    if (this.#creditMs < REMAINDER * (this.#oldest?.chargedMs ?? Number.POSITIVE_INFINITY)) this.#creditMs = 0
    if (left > 0) this.#bringForward(nowMs)
    return left
  }

  /** The modem holds nothing any more. @returns how many packets have left by that. */
  allSent(): number {
    const left = this.#held.length
    this.clear()
    return left
  }

  /**
   * Counts as left what is due.
   *
   * @param isTold whether the modem tells how much it sends: then it may yet confirm them.
   * @returns how many packets have left by that.
   */
  expire(nowMs: number, isTold: boolean): number {
    let left = 0
    for (let next = this.#held[0]; next !== undefined && next.dueAt <= nowMs; next = this.#held[0]) {
      this.#held.shift()
      left += 1
      if (!isTold) continue
      this.#unconfirmed.push(next)
      if (this.#unconfirmed.length > MAX_UNCONFIRMED) this.#unconfirmed.shift()
    }
    return left
  }

  /** The modem may not send at present: the estimates begin anew. */
  postpone(nowMs: number): void {
    let turn = nowMs
    for (const entry of this.#held) {
      turn += entry.estimateMs
      entry.dueAt = turn
    }
  }

  /** Empties the account. @returns what may not have left, oldest first. */
  clear(): Uint8Array[] {
    const packets = [...this.#unconfirmed, ...this.#held].map(({ packet }) => packet)
    this.#held = []
    this.#unconfirmed = []
    this.#creditMs = 0
    return packets
  }

  /** What was due before the modem began to send this had left already, though no trace of it was seen. */
  #forgetDueBefore(beganMs: number): void {
    while (this.#unconfirmed[0] !== undefined && this.#unconfirmed[0].dueAt <= beganMs)
      this.#unconfirmed.shift()
  }

  /** The estimate of each began when those before it were to have left, which has come earlier. */
  #bringForward(nowMs: number): void {
    let turn = nowMs
    for (const entry of this.#held) {
      turn += entry.estimateMs
      entry.dueAt = Math.min(entry.dueAt, turn)
    }
  }
}
