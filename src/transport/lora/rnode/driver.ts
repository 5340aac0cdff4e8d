/**
 * The host's side of an RNode: brings the modem up, again and again, and hands it packets. No step waits
 * without a deadline, and no failure ends the trying.
 */
import type { Clock, Timer } from '../../../runtime/clock.ts'
import { messageOf } from '../../../runtime/errors.ts'
import type { Logger } from '../../../runtime/logger.ts'
import type { Modulation } from '../airtime.ts'
import type { Modem, ModemListener, ModemSettings, ModemTelemetry } from '../modem.ts'
import { BringUp, type Progress } from './bring-up.ts'
import { Command, errorText, ModemError, RESET_MAGIC } from './commands.ts'
import { newCounters, type RnodeCounters } from './counters.ts'
import { modulationOf, Platform } from './hardware.ts'
import { encodeKiss, type KissCounters, KissDecoder } from './kiss.ts'
import type { Line } from './line.ts'
import { ModemState } from './modem-state.ts'
import { type ModemLine, modemLine } from './open-line.ts'
import { PacketPath } from './packet-path.ts'
import { type Failure, Pauses } from './pauses.ts'
import { FAREWELL, SIGN_OF_LIFE, settingsOddity, settingsProblem } from './questions.ts'

export interface RnodeModemOptions {
  /** `/dev/ttyACM0`, `COM3` or `tcp://host:7633`. */
  readonly port: string
  readonly settings: ModemSettings
  readonly clock: Clock
  readonly logger: Logger
  /** Default: the one that `port` names. */
  readonly line?: ModemLine
  /** The most packets the modem shall hold: the fewer, the later is decided what goes next. Default 2. */
  readonly maxHeld?: number
}

type State = 'stopped' | 'opening' | 'bringing-up' | 'up' | 'waiting' | 'leaving'

const OPEN_MS = 3000
const DEFAULT_MAX_HELD = 2
/** After these errors it goes on. */
const HARMLESS_ERRORS: ReadonlySet<number> = new Set([
  ModemError.eepromLocked,
  ModemError.queueFull,
  ModemError.memoryLow,
  ModemError.modemTimeout,
])

export class RnodeModem implements Modem {
  readonly port: string
  readonly counters: RnodeCounters = newCounters()
  readonly #settings: ModemSettings
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #way: ModemLine
  readonly #maxHeld: number
  readonly #decoder = new KissDecoder((command, args) => this.#take(command, args))
  readonly #said = new ModemState()
  readonly #pauses = new Pauses()
  readonly #bringUp: BringUp
  #modulation: Modulation
  #listener: ModemListener | undefined
  #state: State = 'stopped'
  #since = 0
  /** When the present state has lasted too long. */
  #until = Number.POSITIVE_INFINITY
  #timer: Timer | undefined
  #timerAt = Number.POSITIVE_INFINITY
  #attempt = new AbortController()
  #line: Line | undefined
  #bytesAt = 0
  #path: PacketPath | undefined
  #problem: string | undefined
  #onStopped: (() => void) | undefined

  /** @throws MeshError ERR_USAGE when `port` cannot be the name of one. */
  constructor({ port, settings, clock, logger, line, maxHeld = DEFAULT_MAX_HELD }: RnodeModemOptions) {
    this.port = port
    this.#settings = settings
    this.#clock = clock
    this.#logger = logger.child({ port })
    this.#way = line ?? modemLine(port, clock)
    this.#maxHeld = maxHeld
    this.#modulation = modulationOf(settings, undefined, undefined)
    this.#bringUp = new BringUp(settings, this.#way, this.#said, (bytes) => this.#line?.write(bytes))
  }

  get modulation(): Modulation {
    return this.#modulation
  }

  get isUp(): boolean {
    return this.#state === 'up'
  }

  get problem(): string | undefined {
    if (this.#problem === undefined && this.#path?.isAirtimeLocked === true) {
      return `${this.port}: its share of airtime is used up, so it sends nothing for a while`
    }
    if (this.#problem === undefined && !this.isUp) return `${this.port}: it is being brought up`
    return this.#problem
  }

  get telemetry(): ModemTelemetry {
    return this.#said.telemetry
  }

  get heldPackets(): number {
    return this.#path?.heldPackets ?? 0
  }

  /** What came over the line and was no frame. */
  get lineCounters(): KissCounters {
    return this.#decoder.counters
  }

  start(listener: ModemListener): void {
    if (this.#state !== 'stopped') return
    this.#listener = listener
    this.#open()
  }

  send(packet: Uint8Array): boolean {
    if (this.#path?.send(packet) !== true) return false
    this.#wakeUp()
    return true
  }

  async stop(signal: AbortSignal): Promise<void> {
    if (this.#state === 'stopped' || this.#state === 'leaving') return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#onStopped = resolve
    this.#path = undefined
    this.#said.forgetSettings()
    this.#enter('leaving', this.#way.answerMs)
    signal.addEventListener('abort', () => this.#stopped(), { once: true })
    const isThere = this.#said.identity.isRnode && !signal.aborted
    // Its answer to this shows that it has been heard.
    if (!isThere || this.#line?.write(FAREWELL) !== true) this.#stopped()
    await promise
  }

  #stopped(): void {
    if (this.#state !== 'leaving') return
    this.#hangUp()
    this.#enter('stopped', Number.POSITIVE_INFINITY)
    this.#onStopped?.()
  }

  #open(): void {
    const attempt = new AbortController()
    this.#attempt = attempt
    this.counters.attempts += 1
    this.#enter('opening', OPEN_MS)
    this.#connect(attempt.signal).catch((error: unknown) => {
      if (!attempt.signal.aborted) this.#fail(messageOf(error), 'absent')
    })
  }

  async #connect(signal: AbortSignal): Promise<void> {
    const line = await this.#way.open(
      {
        bytes: (data) => {
          if (!signal.aborted) this.#takeBytes(data)
        },
        closed: (reason) => {
          if (!signal.aborted) this.#fail(reason, 'absent')
        },
      },
      signal,
    )
    if (signal.aborted) {
      line.close()
      return
    }
    this.#line = line
    this.#decoder.reset()
    this.#beginBringUp((nowMs) => this.#bringUp.begin(nowMs))
  }

  #hangUp(): void {
    this.#attempt.abort()
    this.#line?.close()
    this.#line = undefined
  }

  /** Gives the line up, and tries again after a pause. */
  #fail(reason: string, failure: Failure): void {
    if (this.#state === 'leaving') {
      this.#stopped()
      return
    }
    this.#hangUp()
    this.#wasUp()
    const path = this.#takePath()
    this.#enter('waiting', this.#pauses.next(failure))
    this.#goDown(reason, path)
  }

  /** Brings it up anew on the same line, unless it was in use so briefly that a pause is due. */
  #bringUpAgain(reason: string, begin: (nowMs: number) => void): void {
    if (!this.#wasUp()) {
      this.#fail(reason, 'odd')
      return
    }
    const path = this.#takePath()
    this.#beginBringUp(begin)
    this.#goDown(reason, path)
  }

  #wasUp(): boolean {
    return this.isUp && this.#pauses.wasUp(this.#clock.monotonic() - this.#since)
  }

  #beginBringUp(begin: (nowMs: number) => void): void {
    this.#enter('bringing-up', Number.POSITIVE_INFINITY)
    begin(this.#clock.monotonic())
    this.#wakeUp()
  }

  #takePath(): PacketPath | undefined {
    const path = this.#path
    this.#path = undefined
    return path
  }

  #goDown(reason: string, path: PacketPath | undefined): void {
    this.#note(reason)
    if (path !== undefined) this.#listener?.down(reason, path.end())
  }

  #goUp(): void {
    const listener = this.#listener
    if (listener === undefined) return
    this.#modulation = this.#bringUp.modulation
    this.#enter('up', Number.POSITIVE_INFINITY)
    this.#path = new PacketPath(
      {
        settings: this.#settings,
        modulation: this.#modulation,
        telemetry: this.#said.telemetry,
        clock: this.#clock,
        counters: this.counters,
        maxHeld: this.#maxHeld,
        answerMs: this.#way.answerMs,
        write: (bytes) => this.#line?.write(bytes) === true,
      },
      listener,
    )
    this.counters.cameUp += 1
    this.#problem = undefined
    this.#logger.info(this.#said.telemetry, 'modem is up')
    this.#note(settingsOddity(this.#settings, this.#said.settings))
    this.#wakeUp()
    listener.up()
  }

  #takeBytes(data: Uint8Array): void {
    const nowMs = this.#clock.monotonic()
    // The rest of a frame that has not come by now never will: these bytes are of another.
    if (this.#decoder.partialCommand !== undefined && nowMs - this.#bytesAt > this.#way.gapMs) {
      this.#decoder.reset()
    }
    this.#bytesAt = nowMs
    this.#decoder.push(data)
    this.#wakeUp()
  }

  #take(command: number, args: Uint8Array): void {
    if (this.#line === undefined) return
    if (command === Command.error) this.#takeError(args)
    else if (command === Command.reset) this.#takeReset(args)
    else if (this.#path === undefined) this.#takeAnswer(command, args)
    else this.#takeWhileUp(this.#path, command, args)
  }

  #takeAnswer(command: number, args: Uint8Array): void {
    if (!this.#said.take(command, args)) return
    if (this.#state === 'bringing-up') this.#act(this.#bringUp.heard(command, this.#clock.monotonic()))
    else if (this.#state === 'leaving' && this.#said.settings.isRadioOn === false) this.#stopped()
  }

  #takeWhileUp(path: PacketPath, command: number, args: Uint8Array): void {
    const isKnown = this.#said.take(command, args)
    const isTaken = path.take(command, args)
    if (isKnown || isTaken) path.heard()
    if (isTaken || !isKnown) return
    const problem = settingsProblem(this.#settings, this.#said.settings)
    if (problem === undefined) return
    this.counters.changed += 1
    this.#bringUpAgain(problem, (nowMs) => this.#bringUp.beginWithSettings(nowMs))
  }

  #takeReset(args: Uint8Array): void {
    if (args.length !== 1 || args[0] !== RESET_MAGIC) return
    if (this.#state === 'bringing-up') this.#bringUp.restarted(this.#clock.monotonic())
    if (!this.isUp) return
    this.counters.restarts += 1
    this.#bringUpAgain('it has restarted', (nowMs) => this.#bringUp.begin(nowMs))
  }

  #takeError(args: Uint8Array): void {
    const [code] = args
    if (args.length !== 1 || code === undefined) return
    this.counters.errors.set(code, (this.counters.errors.get(code) ?? 0) + 1)
    this.#logger.warn({ error: errorText(code) }, 'modem reports an error')
    if (!HARMLESS_ERRORS.has(code)) this.#fail(errorText(code), 'odd')
  }

  #act(progress: Progress): void {
    if (progress.state === 'done') this.#goUp()
    else if (progress.state === 'failed') this.#fail(progress.reason, progress.failure)
  }

  #checkUp(path: PacketPath): void {
    switch (path.check()) {
      case 'fine':
        return
      case 'ask':
        this.#line?.write(SIGN_OF_LIFE)
        return
      case 'silent':
        this.counters.silences += 1
        this.#fail('it does not answer any more', 'absent')
        return
      case 'wedged':
        this.counters.wedges += 1
        this.#unwedge('it takes packets and sends none')
        return
    }
  }

  /** Restarts it: those without the command for it restart when their port is opened. */
  #unwedge(reason: string): void {
    const { platform } = this.#said.identity
    if (platform !== Platform.esp32 && platform !== Platform.nrf52) {
      this.#fail(reason, 'odd')
      return
    }
    this.#line?.write(encodeKiss(Command.reset, [RESET_MAGIC]))
    this.#bringUpAgain(reason, (nowMs) => this.#bringUp.begin(nowMs))
  }

  #tick(): void {
    const nowMs = this.#clock.monotonic()
    if (this.#path !== undefined) this.#checkUp(this.#path)
    else if (this.#state === 'bringing-up') {
      this.#note(this.#bringUp.problem(nowMs) ?? this.#problem)
      if (nowMs >= this.#bringUp.nextAt) this.#act(this.#bringUp.tick(nowMs))
    } else if (nowMs >= this.#until) this.#timeOut()
    this.#wakeUp()
  }

  #timeOut(): void {
    if (this.#state === 'opening') this.#fail('the port does not open', 'absent')
    else if (this.#state === 'waiting') this.#open()
    else if (this.#state === 'leaving') this.#stopped()
  }

  #enter(state: State, forMs: number): void {
    this.#state = state
    this.#since = this.#clock.monotonic()
    this.#until = this.#since + forMs
    this.#timer?.cancel()
    this.#timerAt = Number.POSITIVE_INFINITY
    this.#wakeUp()
  }

  /** Sees to it that `#tick` comes in time. */
  #wakeUp(): void {
    const at = this.#nextAt()
    if (at >= this.#timerAt) return
    this.#timer?.cancel()
    this.#timerAt = at
    this.#timer = this.#clock.setTimer(at - this.#clock.monotonic(), () => {
      this.#timerAt = Number.POSITIVE_INFINITY
      this.#tick()
    })
  }

  #nextAt(): number {
    if (this.#path !== undefined) return this.#path.nextCheckAt()
    return this.#state === 'bringing-up' ? this.#bringUp.nextAt : this.#until
  }

  #note(reason: string | undefined): void {
    const line = reason === undefined || reason.startsWith(this.port) ? reason : `${this.port}: ${reason}`
    if (line === this.#problem) return
    this.#problem = line
    if (line !== undefined) this.#logger.warn({}, line)
  }
}
