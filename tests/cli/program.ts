/** Runs the program itself: real processes, sockets and files. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
/** Spares each process the compilation. */
const NODE_COMPILE_CACHE = fileURLToPath(new URL('../../node_modules/.cache/hopwire', import.meta.url))

/** Only for what would else wait for ever. */
const LONGEST_WAIT_MS = 60_000

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Surroundings {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string | Uint8Array
  /** Leaves its stdin open for {@link Running.type}. */
  readonly keepsInput?: boolean
}

/** A program that is at work. */
export class Running {
  readonly child: ChildProcess
  readonly #lines: string[] = []
  readonly #news = new EventEmitter()
  readonly #ended: Promise<Outcome>
  stdout = ''
  stderr = ''

  constructor(args: readonly string[], { cwd, env = {}, input, keepsInput }: Surroundings = {}) {
    const { HOPWIRE_CONTROL: _, NO_COLOR: __, ...inherited } = process.env
    this.child = spawn(process.execPath, [MAIN, ...args], {
      cwd,
      env: { ...inherited, NODE_COMPILE_CACHE, ...env },
    })
    this.child.stdin?.on('error', () => undefined) // it may end before it has read everything
    if (keepsInput !== true) this.child.stdin?.end(input)
    this.child.stdout?.on('data', (chunk) => {
      this.stdout += String(chunk)
    })
    this.child.stderr?.on('data', (chunk) => {
      this.stderr += String(chunk)
      this.#news.emit('news')
    })
    assert.ok(this.child.stdout)
    createInterface(this.child.stdout).on('line', (line) => {
      this.#lines.push(line)
      this.#news.emit('news')
    })
    const kill = (): void => void this.child.kill('SIGKILL')
    process.once('exit', kill)
    this.#ended = once(this.child, 'close').then(([code]) => {
      process.off('exit', kill)
      return { code: code as number | null, stdout: this.stdout, stderr: this.stderr }
    })
  }

  /** How it ended, once it has. */
  ended(): Promise<Outcome> {
    return this.#ended
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  /** Gives it a line on stdin. */
  type(line: string): void {
    this.child.stdin?.write(`${line}\n`)
  }

  /** Its next line on stdout. */
  async line(): Promise<string> {
    await this.#until(() => this.#lines.length > 0)
    return this.#lines.shift() ?? ''
  }

  /** Waits until stderr has something that matches. */
  async says(pattern: RegExp): Promise<void> {
    await this.#until(() => pattern.test(this.stderr))
  }

  async #until(condition: () => boolean): Promise<void> {
    const signal = AbortSignal.timeout(LONGEST_WAIT_MS)
    let outcome: Outcome | undefined
    while (!condition()) {
      assert.equal(outcome, undefined, `it has ended: ${JSON.stringify(outcome)}`)
      const news = once(this.#news, 'news', { signal }).then(
        () => undefined,
        () => assert.fail(`waited in vain; so far it has said: ${this.stdout}${this.stderr}`),
      )
      outcome = await Promise.race([news, this.#ended])
    }
  }
}

export async function hopwire(args: readonly string[], surroundings?: Surroundings): Promise<Outcome> {
  return await new Running(args, surroundings).ended()
}

export interface Ready {
  readonly event: string
  readonly address: string
  readonly listen: readonly string[]
  readonly http: string | null
  readonly control: string
}

/** A folder for one test, in which programs run, and which ends with them. */
export class Workplace {
  readonly dir: string
  readonly #running = new Set<Running>()

  static async make(): Promise<Workplace> {
    return new Workplace(await mkdtemp(join(tmpdir(), 'hopwire-cli-')))
  }

  private constructor(dir: string) {
    this.dir = dir
  }

  /** Environment in which a program runs `code` before it starts. */
  async preload(code: string): Promise<Readonly<Record<string, string>>> {
    const file = this.path(`preload-${randomUUID()}.mjs`)
    await writeFile(file, code)
    return { NODE_OPTIONS: `--import=${file}` }
  }

  path(...names: string[]): string {
    return join(this.dir, ...names)
  }

  start(args: readonly string[], surroundings: Surroundings = {}): Running {
    const running = new Running(args, { cwd: this.dir, ...surroundings })
    this.#running.add(running)
    running.ended().then(() => this.#running.delete(running))
    return running
  }

  async hopwire(args: readonly string[], surroundings: Surroundings = {}): Promise<Outcome> {
    return await this.start(args, surroundings).ended()
  }

  /** Makes a node in the folder `name` and runs it on free ports. */
  async node(name: string, ...set: string[]): Promise<{ readonly program: Running; readonly ready: Ready }> {
    const made = await this.hopwire(['init', '--dir', name])
    assert.equal(made.code, 0, made.stderr)
    return await this.run(name, ...set)
  }

  /** Runs a node that has been made. */
  async run(name: string, ...set: string[]): Promise<{ readonly program: Running; readonly ready: Ready }> {
    const sets = ['http.enabled=false', 'transport.tcp.listen=["/ip4/127.0.0.1/tcp/0"]', ...set]
    const program = this.start([
      'run',
      '-c',
      join(name, 'hopwire.toml'),
      ...sets.flatMap((value) => ['--set', value]),
    ])
    return { program, ready: JSON.parse(await program.line()) as Ready }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const running of this.#running) {
      running.signal('SIGKILL')
      await running.ended()
    }
    await rm(this.dir, { recursive: true, force: true })
  }
}
