/** A program that talks in lines. */
import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'

/** Only for what would else wait for ever. */
const LONGEST_WAIT_MS = 30_000

export class LineProcess {
  readonly child: ChildProcess
  stderr = ''
  readonly #lines: string[] = []
  readonly #ended: Promise<number | null>
  #wake: () => void = () => undefined
  #isEnded = false

  constructor(child: ChildProcess) {
    this.child = child
    child.stdin?.on('error', () => undefined) // that it has ended is told by its end
    child.stderr?.on('data', (chunk) => {
      this.stderr += String(chunk)
    })
    const { promise, resolve } = Promise.withResolvers<number | null>()
    this.#ended = promise
    child.once('error', (error) => {
      this.stderr += String(error)
    })
    child.once('close', (code) => {
      this.#isEnded = true
      this.#wake()
      resolve(code)
    })
    if (child.stdout === null) throw new Error('a program without stdout')
    createInterface(child.stdout).on('line', (line) => {
      this.#lines.push(line)
      this.#wake()
    })
  }

  say(value: unknown): void {
    this.child.stdin?.write(`${JSON.stringify(value)}\n`)
  }

  /** Its next line. @throws Error with what it said on stderr where none comes. */
  async line(): Promise<string> {
    const deadline = AbortSignal.timeout(LONGEST_WAIT_MS)
    for (;;) {
      const line = this.#lines.shift()
      if (line !== undefined) return line
      const complaint = this.#isEnded ? 'it has ended' : deadline.aborted ? 'waited in vain' : undefined
      if (complaint !== undefined) throw new Error(`${complaint}: ${this.stderr.slice(-4000)}`)
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      deadline.addEventListener('abort', this.#wake, { once: true })
      await promise
    }
  }

  /** Its exit code, once it has ended; null where a signal has ended it. */
  ended(): Promise<number | null> {
    return this.#ended
  }

  /** All lines that nobody has taken yet. */
  rest(): string {
    return this.#lines.splice(0).join('\n')
  }

  /** Ends it. @returns its exit code, null where a signal has ended it. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal)
    return await this.#ended
  }
}
