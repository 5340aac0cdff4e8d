/** Senders that wait while the mesh is asked for a path. */
import type { Address } from '../identity/address.ts'
import { MeshError } from '../runtime/errors.ts'

/** Senders that may wait at once, for all destinations together. */
const MAX_SEEKERS = 1024

export class Seekers {
  readonly #waiting = new Map<string, ((found: boolean) => void)[]>()
  #count = 0

  /** Resolves when the search has ended. @throws MeshError ERR_QUEUE_FULL */
  async wait(destination: Address): Promise<boolean> {
    if (this.#count >= MAX_SEEKERS) {
      throw new MeshError('ERR_QUEUE_FULL', `${this.#count} senders wait for a path already: try later`)
    }
    const key = destination.toString()
    const waiting = this.#waiting.get(key) ?? []
    this.#waiting.set(key, waiting)
    this.#count += 1
    return await new Promise((resolve) => waiting.push(resolve))
  }

  settle(destination: Address, found: boolean): void {
    if (this.#count > 0) this.#settle(destination.toString(), found)
  }

  settleAll(): void {
    for (const key of [...this.#waiting.keys()]) this.#settle(key, false)
  }

  #settle(key: string, found: boolean): void {
    const waiting = this.#waiting.get(key) ?? []
    this.#waiting.delete(key)
    this.#count -= waiting.length
    for (const resolve of waiting) resolve(found)
  }
}
