/**
 * Which rows each destination has, in the order in which they are to be handed over. In memory and not an
 * index of the database: that would write a page of its own for nearly every message, several times what
 * the message takes, where all else is written at the ends of the file's trees.
 */

/** A priority and a row in one number that sorts by both: 8 and 45 bits. */
const ROW_RANGE = 2 ** 45

export class DestinationQueues {
  readonly #queues = new Map<number, number[]>()

  /** Adds in any order: {@link sort} has to follow before anything else. */
  load(destinationHash: number, priority: number, row: number): void {
    const queue = this.#queues.get(destinationHash)
    const place = priority * ROW_RANGE + row
    if (queue === undefined) this.#queues.set(destinationHash, [place])
    else queue.push(place)
  }

  sort(): void {
    for (const queue of this.#queues.values()) queue.sort((a, b) => a - b)
  }

  add(destinationHash: number, priority: number, row: number): void {
    const queue = this.#queues.get(destinationHash)
    const place = priority * ROW_RANGE + row
    if (queue === undefined) this.#queues.set(destinationHash, [place])
    else queue.splice(indexOf(queue, place), 0, place)
  }

  delete(destinationHash: number, priority: number, row: number): void {
    const queue = this.#queues.get(destinationHash)
    if (queue === undefined) return
    const place = priority * ROW_RANGE + row
    const index = indexOf(queue, place)
    if (queue[index] === place) queue.splice(index, 1)
    if (queue.length === 0) this.#queues.delete(destinationHash)
  }

  hashes(): Iterable<number> {
    return this.#queues.keys()
  }

  /** Most urgent first, then oldest first. */
  *rowsFor(destinationHash: number): Generator<number> {
    for (const place of this.#queues.get(destinationHash) ?? []) yield place % ROW_RANGE
  }
}

/** Where `place` is in a sorted queue, or would have to be. */
function indexOf(queue: readonly number[], place: number): number {
  let low = 0
  let high = queue.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((queue[middle] as number) < place) low = middle + 1
    else high = middle
  }
  return low
}
