/** The processes of the demo: nodes, listeners and single commands, all through the real command line. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { promisify } from 'node:util'

const HOPWIRE = resolve(import.meta.dirname, '../../bin/hopwire.js')
/** Whatever is waited for comes within this, or the demo has failed. */
const PATIENCE_MS = 15_000

/** What `hopwire run` prints when it is ready. */
export interface Ready {
  readonly address: string
  readonly listen: readonly string[]
  readonly http: string
  readonly control: string
}

/** A line of `hopwire listen --json`. */
export interface Heard {
  readonly from: string
  readonly text?: string
  readonly file?: { readonly name: string }
}

export interface RunningNode {
  readonly dir: string
  readonly ready: Ready
  /** The last lines it logged. */
  log(): string
  /** Asks it to drain; throws unless it exits with 0. */
  stop(): Promise<void>
  /** SIGKILL: no chance to say goodbye. */
  kill(): Promise<void>
}

/** Runs one command to its end and returns what it printed. `dir` is that of the node it talks to. */
export async function hopwire(args: readonly string[], dir?: string): Promise<string> {
  const options = { timeout: PATIENCE_MS, ...(dir === undefined ? {} : { cwd: dir }) }
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [HOPWIRE, ...args], options)
    return stdout.trimEnd()
  } catch (error) {
    const { stderr = '', stdout = '' } = error as { stderr?: string; stdout?: string }
    throw new Error(`hopwire ${args.join(' ')}: ${(stderr || stdout).trim() || String(error)}`)
  }
}

export async function startNode(dir: string): Promise<RunningNode> {
  const child = spawn(process.execPath, [HOPWIRE, 'run'], { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] })
  const log: string[] = []
  createInterface(child.stderr).on('line', (line) => {
    log.push(line)
    if (log.length > 20) log.shift()
  })
  const ended = once(child, 'exit')
  const line = await nextLine(createInterface(child.stdout), child, () => log.join('\n'))
  return {
    dir,
    ready: JSON.parse(line) as Ready,
    log: () => log.join('\n'),
    async stop() {
      child.kill('SIGTERM')
      const [code] = await ended
      if (code !== 0) throw new Error(`the node in ${dir} ended with ${code}`)
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

export interface Listener {
  next(): Promise<Heard>
  stop(): void
}

/** `hopwire listen` on a node; files go to `out`. */
export async function startListener(dir: string, out?: string): Promise<Listener> {
  const args = [HOPWIRE, 'listen', '--json', ...(out === undefined ? [] : ['--out', out])]
  const child = spawn(process.execPath, args, { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] })
  const lines = createInterface(child.stdout)
  const heard: string[] = []
  let wake: (() => void) | undefined
  lines.on('line', (line) => {
    heard.push(line)
    wake?.()
  })
  await once(createInterface(child.stderr), 'line', { signal: AbortSignal.timeout(PATIENCE_MS) }) // 'listening at …'
  return {
    async next() {
      const deadline = AbortSignal.timeout(PATIENCE_MS)
      while (heard.length === 0) {
        await new Promise<void>((resolve, reject) => {
          wake = resolve
          deadline.addEventListener('abort', () => reject(new Error(`nothing was heard in ${dir}`)), {
            once: true,
          })
        })
      }
      return JSON.parse(heard.shift() as string) as Heard
    },
    stop: () => void child.kill('SIGINT'),
  }
}

/** A LoRa frame that was on the air. */
export interface Transmission {
  /** Which modem, from 1. */
  readonly modem: string
  readonly bytes: number
  readonly airtime_ms: number
  readonly outcomes: readonly { readonly modem: string; readonly fate: string }[]
}

export interface Emulator {
  /** The `port` of each modem for a configuration. */
  readonly ports: readonly string[]
  /** All that was on the air since it was asked last. */
  heard(): readonly Transmission[]
  stop(): Promise<void>
}

/** `hopwire rnode-emulator`: modems that are not there, on one air. */
export async function startEmulator(modems: number): Promise<Emulator> {
  const tcp = Array(modems).fill('127.0.0.1:0').join(',')
  const args = [HOPWIRE, 'rnode-emulator', '--tcp', tcp, '--json']
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  const ended = once(child, 'exit')
  let trouble = ''
  child.stderr.on('data', (data) => {
    trouble += String(data)
  })
  const lines = createInterface(child.stdout)
  const ready = JSON.parse(await nextLine(lines, child, () => trouble)) as { modems: { tcp: string }[] }
  const transmissions: Transmission[] = []
  lines.on('line', (line) => {
    const event = JSON.parse(line) as Transmission & { readonly event: string }
    if (event.event === 'transmission') transmissions.push(event)
  })
  return {
    ports: ready.modems.map((modem) => `tcp://${modem.tcp}`),
    heard: () => transmissions.splice(0),
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

async function nextLine(lines: Interface, child: ChildProcess, why: () => string): Promise<string> {
  const signal = AbortSignal.timeout(PATIENCE_MS)
  const ended = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`it ended with ${code} before it was ready:\n${why()}`)
  })
  const [line] = (await Promise.race([once(lines, 'line', { signal }), ended])) as [string]
  ended.catch(() => undefined) // it ends some day, and nobody waits for that here
  return line
}
