/** Processes that measure: each is a module of fixtures/ with commands, called from here by name. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** What a fixture can do. Arguments and answers are cloned from one process to the other. */
export type Commands = Readonly<Record<string, (argument: never) => unknown>>

type Argument<C extends Commands, K extends keyof C> = Parameters<C[K]>[0]
type Answer<C extends Commands, K extends keyof C> = Awaited<ReturnType<C[K]>>

interface Call {
  readonly id: number
  readonly command: string
  readonly argument: unknown
}

type Reply =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: string }

const CALL_TIMEOUT_MS = 120_000

export interface ChildOptions {
  /** For error messages and profiles. */
  readonly name: string
  readonly profile?: string | undefined
}

/** The parent's end. `await using` ends the process. */
export class Child<C extends Commands> implements AsyncDisposable {
  readonly #name: string
  readonly #process: ChildProcess
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>()
  #calls = 0

  /** @param fixture a module of fixtures/, without its ending. */
  constructor(fixture: string, { name, profile }: ChildOptions) {
    this.#name = name
    const file = fileURLToPath(new URL(`fixtures/${fixture}.ts`, import.meta.url))
    this.#process = fork(file, {
      serialization: 'advanced',
      execArgv:
        profile === undefined
          ? []
          : ['--cpu-prof', `--cpu-prof-dir=${profile}`, `--cpu-prof-name=${name}.cpuprofile`],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.#process.on('message', (reply: Reply) => this.#settle(reply))
    this.#process.on('exit', (code, signal) => {
      const error = new Error(`process '${name}' ended with ${signal ?? `code ${code}`}`)
      for (const { reject } of this.#pending.values()) reject(error)
    })
  }

  get pid(): number {
    return this.#process.pid as number
  }

  async call<K extends keyof C & string>(
    command: K,
    ...[argument]: Argument<C, K> extends undefined ? [] : [Argument<C, K>]
  ): Promise<Answer<C, K>> {
    const id = ++this.#calls
    const settled = Promise.withResolvers<unknown>()
    this.#pending.set(id, settled)
    this.#process.send({ id, command, argument } satisfies Call)
    const late = new Error(
      `process '${this.#name}': no answer to '${command}' in ${CALL_TIMEOUT_MS / 1000} s`,
    )
    const timer = setTimeout(() => settled.reject(late), CALL_TIMEOUT_MS)
    try {
      return (await settled.promise) as Answer<C, K>
    } finally {
      clearTimeout(timer)
      this.#pending.delete(id)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = once(this.#process, 'exit')
    if (this.#process.connected) this.#process.disconnect()
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), 5000)
    await ended
    clearTimeout(timer)
  }

  #settle(reply: Reply): void {
    const settled = this.#pending.get(reply.id)
    if ('error' in reply) settled?.reject(new Error(`process '${this.#name}': ${reply.error}`))
    else settled?.resolve(reply.answer)
  }
}

/** The child's end: answers calls until the parent hangs up, then exits. */
export function serve(commands: Commands): void {
  process.on('message', async ({ id, command, argument }: Call) => {
    let reply: Reply
    try {
      reply = { id, answer: await commands[command]?.(argument as never) }
    } catch (error) {
      reply = { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
    }
    if (process.connected) process.send?.(reply)
  })
  process.on('disconnect', () => process.exit(0))
}
