/** The package as it is published, in a temporary folder: what runs from a checkout would run its sources. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const FREE_PORTS = ['transport.tcp.listen=["/ip4/127.0.0.1/tcp/0"]', 'http.listen=127.0.0.1:0']

export interface Launch {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

export class StagedPackage implements Disposable {
  readonly #folder: string
  readonly #bin: string
  readonly #node: string

  constructor() {
    if (!existsSync(join(ROOT, 'dist/cli/main.js')))
      throw new Error('nothing is built in dist/: npm run build')
    this.#folder = mkdtempSync(join(tmpdir(), 'hopwire-bench-'))
    const staged = join(this.#folder, 'package')
    mkdirSync(staged)
    for (const part of ['bin', 'dist', 'package.json']) {
      cpSync(join(ROOT, part), join(staged, part), { recursive: true })
    }
    symlinkSync(join(ROOT, 'node_modules'), join(staged, 'node_modules'))
    this.#bin = join(staged, 'bin/hopwire.js')
    this.#node = join(this.#folder, 'node')
    execFileSync(process.execPath, [this.#bin, 'init', '--dir', this.#node], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
  }

  /** `hopwire run` with a compile cache of this name. */
  run(cache: string): Launch {
    const settings = FREE_PORTS.flatMap((setting) => ['--set', setting])
    return {
      argv: [this.#bin, 'run', '-c', join(this.#node, 'hopwire.toml'), ...settings],
      env: { XDG_CACHE_HOME: join(this.#folder, cache) },
    }
  }

  /** Runs it until `idleMs` after its first line, then ends it. */
  async launch(
    node: string,
    { argv, env }: Launch,
    idleMs: number,
  ): Promise<{ seconds: number; megabytes: number }> {
    const startedAt = performance.now()
    const child = spawn(node, argv, {
      cwd: this.#folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const ended = once(child, 'exit')
    try {
      const line = once(createInterface(child.stdout), 'line')
      await Promise.race([
        line,
        ended.then(() => Promise.reject(new Error(`${argv[0]} ended before it was ready`))),
      ])
      const seconds = (performance.now() - startedAt) / 1000
      await sleep(idleMs)
      return { seconds, megabytes: residentMegabytes(child.pid as number) }
    } finally {
      child.kill('SIGTERM')
      await ended
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** In units of 10^6 bytes. */
function residentMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]
  if (kibibytes === undefined) throw new Error(`process ${pid} does not say how much memory it has`)
  return (Number(kibibytes) * 1024) / 1e6
}
