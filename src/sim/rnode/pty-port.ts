/**
 * An emulated modem on a pseudo-terminal, for programs that know serial ports only. `socat` makes the terminal:
 * it ends when the program closes it, so the next one stands ready, and a link with a fixed name leads to
 * whichever is in use.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rename, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MeshError, messageOf } from '../../runtime/errors.ts'
import type { EmulatedModem, HostEnd, ModemChange } from './modem.ts'

/** What a program may leave unread, bytes; the rest is lost, as on a serial line. */
const MOST_UNREAD_BYTES = 65_536

const NO_SOCAT = 'there is no socat'
const HOW_TO_INSTALL =
  "socat is not installed: 'apt install socat' or 'brew install socat', or use the TCP ports"
/** What socat writes when a program has opened the terminal. */
const OPENED = 'starting data transfer loop'

/** The folder in which the links are. */
export async function makePtyFolder(): Promise<string> {
  return await mkdtemp(join(tmpdir(), 'hopwire-rnode-'))
}

export class PtyPort {
  /** The link: what a program opens. */
  readonly path: string
  readonly #modem: EmulatedModem
  readonly #onTrouble: (line: string) => void
  #terminal: Terminal | undefined
  #isClosed = false
  #work: Promise<void> = Promise.resolve()
  readonly #onChange = (change: ModemChange): void => {
    if (change === 'plugged in' || change === 'unplugged') this.#then(() => this.#follow())
  }

  /**
   * @param onTrouble gets a line for people when `socat` fails later on.
   * @throws MeshError ERR_TRANSPORT where `socat` is missing or fails.
   */
  static async open(
    modem: EmulatedModem,
    folder: string,
    onTrouble: (line: string) => void,
  ): Promise<PtyPort> {
    const port = new PtyPort(modem, folder, onTrouble)
    await port.#use(await Terminal.open())
    modem.watchers.add(port.#onChange)
    return port
  }

  private constructor(modem: EmulatedModem, folder: string, onTrouble: (line: string) => void) {
    this.#modem = modem
    this.#onTrouble = onTrouble
    this.path = join(folder, modem.name)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#modem.watchers.delete(this.#onChange)
    this.#then(() => this.#unplug())
    await this.#work
  }

  #then(task: () => Promise<void>): void {
    this.#work = this.#work.then(task).catch((error: unknown) => this.#onTrouble(messageOf(error)))
  }

  /** Does with the terminal as was done with the modem. */
  async #follow(): Promise<void> {
    if (!this.#modem.isPluggedIn) await this.#unplug()
    else if (this.#terminal === undefined && !this.#isClosed) await this.#use(await Terminal.open())
  }

  async #unplug(): Promise<void> {
    const terminal = this.#terminal
    this.#terminal = undefined
    await rm(this.path, { force: true })
    await terminal?.close()
  }

  async #use(terminal: Terminal): Promise<void> {
    this.#terminal = terminal
    const link = `${this.path}.new`
    await rm(link, { force: true })
    await symlink(terminal.path, link)
    await rename(link, this.path)
    let end: HostEnd | undefined
    let next: Promise<Terminal> | undefined
    terminal.onOpened = () => {
      next = Terminal.open()
      next.catch(() => undefined) // it is awaited once this one has ended
      end = this.#connect(terminal)
      if (end === undefined) void terminal.close()
    }
    terminal.onData = (data) => end?.write(data)
    terminal.onEnded = () => {
      end?.close()
      if (this.#terminal === terminal) this.#then(() => this.#replace(terminal, next ?? Terminal.open()))
      else next?.then((spare) => spare.close())
    }
  }

  async #replace(ended: Terminal, next: Promise<Terminal>): Promise<void> {
    const terminal = await next
    if (this.#terminal === ended && !this.#isClosed) await this.#use(terminal)
    else await terminal.close()
  }

  #connect(terminal: Terminal): HostEnd | undefined {
    try {
      return this.#modem.connect({
        bytes: (data) => terminal.write(data),
        closed: () => void terminal.close(),
      })
    } catch (error) {
      this.#onTrouble(messageOf(error))
      return undefined
    }
  }
}

/**
 * Before a program opens the terminal, socat would not notice that we have gone. So a shell stands by: when pipe 3
 * is closed, by us or by our end, it ends socat. It lets go of all else, so that its output ends with socat.
 */
const SCRIPT = `
command -v socat >/dev/null || { echo '${NO_SOCAT}' >&2; exit; }
exec 4<&0
socat -d -d -t 0 PTY,rawer,wait-slave,pty-interval=0.02 STDIO <&4 3<&- 4<&- &
exec </dev/null >/dev/null 2>&1 4<&-
read -r _ <&3
kill $!
`

/** One pseudo-terminal, from when it is there to when the program that opened it has closed it. */
class Terminal {
  readonly path: string
  onOpened: () => void = () => undefined
  onData: (data: Uint8Array) => void = () => undefined
  onEnded: () => void = () => undefined
  readonly #child: ChildProcess
  readonly #ended: Promise<void>

  static async open(): Promise<Terminal> {
    // In a group of its own: Ctrl-C is for us to handle.
    const child = spawn('sh', ['-c', SCRIPT], { stdio: ['pipe', 'pipe', 'pipe', 'pipe'], detached: true })
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    let log = ''
    child.once('error', (error) => reject(failure(messageOf(error))))
    child.stderr?.once('end', () => {
      reject(failure(log.startsWith(NO_SOCAT) ? HOW_TO_INSTALL : log.trim().slice(-200)))
    })
    child.stderr?.on('data', (data: Uint8Array) => {
      log = (log + String(data)).slice(-4096)
      const path = /PTY is (\S+)/.exec(log)?.[1]
      if (path !== undefined) resolve(path)
    })
    return new Terminal(await promise, child)
  }

  private constructor(path: string, child: ChildProcess) {
    this.path = path
    this.#child = child
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#ended = promise
    child.stdin?.on('error', () => undefined) // the end of stdout follows
    child.stdio[3]?.on('error', () => undefined)
    child.stdout?.on('data', (data: Uint8Array) => this.onData(data))
    child.stdout?.once('end', () => {
      child.stdio[3]?.destroy()
      resolve()
      this.onEnded()
    })
    let log = ''
    child.stderr?.on('data', (data: Uint8Array) => {
      if (log.includes(OPENED)) return
      log = (log + String(data)).slice(-4096)
      if (log.includes(OPENED)) this.onOpened()
    })
  }

  write(data: Uint8Array): void {
    const { stdin } = this.#child
    if (stdin?.writable === true && stdin.writableLength <= MOST_UNREAD_BYTES) stdin.write(data)
  }

  async close(): Promise<void> {
    this.#child.stdio[3]?.destroy()
    await this.#ended
  }
}

function failure(why: string): MeshError {
  return new MeshError('ERR_TRANSPORT', `no pseudo-terminal: ${why}`)
}
