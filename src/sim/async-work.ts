/**
 * Promises in virtual time. Most of a node runs in plain calls; where one waits for a promise, the engine has
 * to let it go on before time does. Whoever starts such work says so here, so that the engine need not take a
 * turn of the real event loop after each event.
 */
import { settle } from './clock.ts'

export class AsyncWork {
  #isPending = false
  #open = 0

  /** A promise has been made or settled, and somebody may go on because of it. */
  note(): void {
    this.#isPending = true
  }

  /** Work begins that may have to go on at any moment. @returns a function that ends it; once is enough. */
  begin(): () => void {
    let isOpen = true
    this.#open += 1
    return () => {
      if (!isOpen) return
      isOpen = false
      this.#open -= 1
      this.#isPending = true
    }
  }

  get isPending(): boolean {
    return this.#isPending || this.#open > 0
  }

  /** Lets every promise callback run that can. */
  async settle(): Promise<void> {
    this.#isPending = false
    await settle()
  }
}
