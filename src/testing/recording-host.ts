/** The node's end of a transport in tests: keeps what it is told, and lets a test wait for it. */
import type { Link, LinkHost } from '../transport/transport.ts'

export interface RecordedDown {
  readonly link: Link
  readonly reason: string
  readonly unsent: readonly Uint8Array[]
}

interface Waiter {
  readonly condition: () => boolean
  readonly resolve: () => void
}

export class RecordingHost implements LinkHost {
  /** Every link that ever came up, in order. */
  readonly ups: Link[] = []
  /** Copies of the frames, in order of arrival. */
  readonly frames: Uint8Array[] = []
  readonly downs: RecordedDown[] = []
  /** How often `drained` was called. */
  drains = 0
  /** Calls of any kind. */
  calls = 0
  /** What to do on each frame, besides keeping it. */
  onFrame: ((link: Link, frame: Uint8Array) => void) | undefined
  readonly #signal: AbortSignal
  #waiters: Waiter[] = []

  /** @param signal ends all waiting: a test's own, which aborts at its time limit. */
  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  /** The links that are up, the oldest first. */
  get links(): Link[] {
    return this.ups.filter((link) => !this.downs.some((down) => down.link === link))
  }

  /** Resolves as soon as `condition` holds; it is looked at after each call. */
  async until(what: string, condition: () => boolean): Promise<void> {
    if (condition()) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onAbort = (): void => reject(new Error(`gave up waiting until ${what}`))
    this.#signal.addEventListener('abort', onAbort)
    this.#waiters.push({ condition, resolve })
    try {
      await promise
    } finally {
      this.#signal.removeEventListener('abort', onAbort)
    }
  }

  /** The first link that is up, as soon as there is one. */
  async link(): Promise<Link> {
    await this.until('a link is up', () => this.links.length > 0)
    return this.links[0] as Link
  }

  async framesArrived(count: number): Promise<void> {
    await this.until(`${count} frames have arrived`, () => this.frames.length >= count)
  }

  /** How the link ended, as soon as it has. */
  async down(link: Link): Promise<RecordedDown> {
    const find = () => this.downs.find((down) => down.link === link)
    await this.until('the link is down', () => find() !== undefined)
    return find() as RecordedDown
  }

  linkUp(link: Link): void {
    this.ups.push(link)
    this.#called()
  }

  frame(link: Link, frame: Uint8Array): void {
    this.frames.push(new Uint8Array(frame))
    this.onFrame?.(link, frame)
    this.#called()
  }

  drained(): void {
    this.drains += 1
    this.#called()
  }

  linkDown(link: Link, reason: string, unsent: readonly Uint8Array[]): void {
    this.downs.push({ link, reason, unsent })
    this.#called()
  }

  #called(): void {
    this.calls += 1
    const ready = this.#waiters.filter(({ condition }) => condition())
    this.#waiters = this.#waiters.filter((waiter) => !ready.includes(waiter))
    for (const { resolve } of ready) resolve()
  }
}
