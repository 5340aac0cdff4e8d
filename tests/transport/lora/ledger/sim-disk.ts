/** A disk below a ledger that can crash, fill up or be slow at any byte of any write. */
import type { LedgerMedium } from '../../../../src/transport/lora/ledger/ledger-medium.ts'

/** What becomes of the next write. */
export type Fate =
  /** The process dies when so much of it is on the disk. */
  | { readonly kind: 'crash'; readonly part: number }
  /** There is room for so much of it. */
  | { readonly kind: 'full'; readonly part: number }
  /** It takes so long, microseconds. */
  | { readonly kind: 'slow'; readonly us: number }

export class SimDisk {
  content: Uint8Array | undefined
  fate: Fate | undefined
  isReadable = true
  writes = 0
  aside = 0
  #hasCrashed = false
  /** Called when a write takes time. */
  readonly #pass: (us: number) => void

  constructor(pass: (us: number) => void = () => undefined) {
    this.#pass = pass
  }

  /** Whether the process has died meanwhile: then nothing that it said after that counts. */
  takeCrash(): boolean {
    const hasCrashed = this.#hasCrashed
    this.#hasCrashed = false
    return hasCrashed
  }

  medium(): LedgerMedium {
    return {
      name: 'simulated',
      read: () => {
        if (!this.isReadable) throw new Error('EIO: i/o error')
        return this.content?.slice()
      },
      append: (bytes) => {
        const old = this.content ?? new Uint8Array()
        this.#write(bytes.length, (part) => Buffer.concat([old, bytes.subarray(0, part)]))
      },
      replace: (bytes) => this.#write(1, (part) => (part === 1 ? bytes.slice() : this.content)),
      setAside: () => {
        this.aside += 1
        return 'simulated.corrupt'
      },
      close: () => undefined,
    }
  }

  #write(length: number, after: (part: number) => Uint8Array | undefined): void {
    if (this.#hasCrashed) throw new Error('the process is dead')
    this.writes += 1
    const fate = this.fate
    this.fate = undefined
    if (fate === undefined || fate.kind === 'slow') {
      this.#pass(fate?.us ?? 0)
      this.content = after(length)
      return
    }
    this.content = after(Math.min(length, Math.round(fate.part * length)))
    if (fate.kind === 'full') throw new Error('ENOSPC: no space left on device')
    this.#hasCrashed = true
    throw new Error('the process is dead')
  }
}
