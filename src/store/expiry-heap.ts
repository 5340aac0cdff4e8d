/** A binary heap that yields what expires first and from which anything can be taken out, each in O(log n). */
import type { StoredRow } from './store.ts'

export interface HeapEntry {
  readonly stored: StoredRow
  /** Where the entry lies. The heap's own note: nothing else sets it. */
  heapIndex: number
}

export class ExpiryHeap {
  readonly #entries: HeapEntry[] = []

  get first(): HeapEntry | undefined {
    return this.#entries[0]
  }

  add(entry: HeapEntry): void {
    this.#entries.push(entry)
    this.#rise(entry, this.#entries.length - 1)
  }

  /** @param entry one that is in this heap. */
  delete(entry: HeapEntry): void {
    const hole = entry.heapIndex
    const last = this.#entries.pop()
    if (last === undefined || last === entry) return
    // The last entry may come from another branch, so it may have to go either way.
    this.#sink(last, hole)
    this.#rise(last, last.heapIndex)
  }

  #rise(entry: HeapEntry, from: number): void {
    let index = from
    while (index > 0) {
      const above = (index - 1) >> 1
      const parent = this.#entries[above]
      if (parent === undefined || !before(entry, parent)) break
      this.#place(parent, index)
      index = above
    }
    this.#place(entry, index)
  }

  #sink(entry: HeapEntry, from: number): void {
    let index = from
    for (;;) {
      const left = this.#entries[2 * index + 1]
      const right = this.#entries[2 * index + 2]
      const child = left !== undefined && right !== undefined && before(right, left) ? right : left
      if (child === undefined || !before(child, entry)) break
      const next = child.heapIndex
      this.#place(child, index)
      index = next
    }
    this.#place(entry, index)
  }

  #place(entry: HeapEntry, index: number): void {
    this.#entries[index] = entry
    entry.heapIndex = index
  }
}

/** Among equal times the one that arrived first. */
function before({ stored: a }: HeapEntry, { stored: b }: HeapEntry): boolean {
  return a.expiresAt < b.expiresAt || (a.expiresAt === b.expiresAt && a.row < b.row)
}
