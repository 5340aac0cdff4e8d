/** What must hold in every simulation, whatever happens in it, and what was found not to. */

/**
 * - `exception`: nothing that arrives makes a node throw.
 * - `duplicate`: an application gets a message once, and not again in a later run that could know it.
 * - `forged`: an application gets nothing but what was sent to it.
 * - `hop_limit`: no frame travels further than it may.
 * - `budget`: announces stay within their share of a constrained link.
 * - `signature`: a frame whose signature is wrong changes nothing.
 * - `receipt`: a receipt implies a delivery.
 * - `held`: a message that was accepted is delivered, has failed or expired with a reason, or is held by
 *   somebody.
 * - `capacity`: no table outgrows its capacity.
 * - `loop`: at rest, no chain of next hops comes back to a node.
 * - `path`: some time after the last change, every pair has a path that has a way between them over links on
 *   which nothing can be lost, in a mesh that fits into the tables.
 */
export type Oracle =
  | 'exception'
  | 'duplicate'
  | 'forged'
  | 'hop_limit'
  | 'budget'
  | 'signature'
  | 'receipt'
  | 'held'
  | 'capacity'
  | 'loop'
  | 'path'

export interface Violation {
  readonly oracle: Oracle
  /** Virtual ms. */
  readonly at: number
  readonly node: number
  readonly detail: string
}

/** Enough to see what is wrong; the rest is only counted. */
const MOST_VIOLATIONS = 1000

export class Findings {
  readonly #violations: Violation[] = []
  readonly #known = new Set<string>()
  #count = 0

  get violations(): readonly Violation[] {
    return this.#violations
  }

  /** How many there were, kept or not. */
  get count(): number {
    return this.#count
  }

  /** The same finding about the same node is kept once. */
  report(violation: Violation): void {
    const name = `${violation.oracle} ${violation.node} ${violation.detail}`
    if (this.#known.has(name)) return
    this.#count += 1
    if (this.#violations.length >= MOST_VIOLATIONS) return
    this.#known.add(name)
    this.#violations.push(violation)
  }
}
