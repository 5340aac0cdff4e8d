/** What is written down of a node of the soak, a line of JSON each. */
import { appendFileSync, closeSync, fstatSync, openSync, readSync } from 'node:fs'

export type JournalEntry =
  /** A process has begun: what the one before it only had in memory is gone. */
  | { readonly is: 'started' }
  | { readonly is: 'accepted'; readonly id: string; readonly to: string }
  | { readonly is: 'state'; readonly id: string; readonly state: string; readonly reason?: string }
  /** `at` is the wall clock, ms. */
  | { readonly is: 'received'; readonly from: string; readonly id: string; readonly at: number }
  /** The process has been ended by SIGKILL, sent at that time: written by whoever sent it. */
  | { readonly is: 'killed'; readonly at: number }

/** A journal that is still being written. */
export class Journal {
  readonly file: string
  readonly #entries: JournalEntry[] = []
  #bytesRead = 0

  constructor(file: string) {
    this.file = file
  }

  write(entry: JournalEntry): void {
    appendFileSync(this.file, `${JSON.stringify(entry)}\n`)
  }

  /** All that stands in it by now. Half a line at its end, where its writer was ended, is left alone. */
  read(): readonly JournalEntry[] {
    const descriptor = openSync(this.file, 'r')
    try {
      const bytes = Buffer.alloc(fstatSync(descriptor).size - this.#bytesRead)
      readSync(descriptor, bytes, 0, bytes.length, this.#bytesRead)
      const whole = bytes.subarray(0, bytes.lastIndexOf('\n') + 1)
      this.#bytesRead += whole.length
      for (const line of whole.toString().split('\n').slice(0, -1)) {
        this.#entries.push(JSON.parse(line) as JournalEntry)
      }
    } finally {
      closeSync(descriptor)
    }
    return this.#entries
  }
}
