/** Small numbers for links, so that a table of many paths holds two bytes for each and not an object. */

/** What stands for no link. */
export const NO_LINK = 0

export class LinkNumbers<L> {
  readonly #most: number
  readonly #numbers = new Map<L, number>()
  readonly #links: (L | undefined)[] = [undefined]
  readonly #costs: number[] = [0]
  readonly #free: number[] = []

  /** @param most at most 65,535, the largest number. */
  constructor(most: number) {
    this.#most = most
  }

  /** The number of a link, or {@link NO_LINK}. */
  of(link: L): number {
    return this.#numbers.get(link) ?? NO_LINK
  }

  /** The link of a number; undefined for {@link NO_LINK}. */
  linkOf(number: number): L | undefined {
    return this.#links[number]
  }

  /** Of the link, 0.1 ms. 0 for {@link NO_LINK}. */
  costOf(number: number): number {
    return this.#costs[number] as number
  }

  setCost(number: number, cost: number): void {
    this.#costs[number] = cost
  }

  /** The number of a link, which is given one if it has none; {@link NO_LINK} when all are taken. */
  take(link: L, cost: number): number {
    const known = this.of(link)
    if (known !== NO_LINK) return known
    if (this.#numbers.size >= this.#most) return NO_LINK
    const number = this.#free.pop() ?? this.#links.length
    this.#numbers.set(link, number)
    this.#links[number] = link
    this.#costs[number] = cost
    return number
  }

  /** Takes the number back. It will be given out again: nothing may hold it any more. */
  release(number: number): void {
    const link = this.#links[number]
    if (link === undefined) return
    this.#numbers.delete(link)
    this.#links[number] = undefined
    this.#free.push(number)
  }
}
