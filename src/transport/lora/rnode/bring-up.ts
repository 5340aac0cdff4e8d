/**
 * From an open line to a modem in use: who is there, told its settings, asked for them again. A state machine
 * that is told of frames and of the time, and says how far it has come.
 */
import type { Modulation } from '../airtime.ts'
import type { ModemSettings } from '../modem.ts'
import { Command } from './commands.ts'
import { modulationOf, radioChip } from './hardware.ts'
import type { ModemState } from './modem-state.ts'
import type { ModemLine } from './open-line.ts'
import type { Failure } from './pauses.ts'
import {
  configuration,
  firmwareProblem,
  isAnswered,
  isIdentified,
  settingsProblem,
  WHAT_ARE_YOU_SET_TO,
  WHO_ARE_YOU,
} from './questions.ts'

/** Whether it goes on, has succeeded, or has failed. */
export type Progress =
  | { readonly state: 'going-on' | 'done' }
  | { readonly state: 'failed'; readonly reason: string; readonly failure: Failure }

const GOING_ON: Progress = { state: 'going-on' }
const DONE: Progress = { state: 'done' }

const DETECT_MS = 10_000
/** How often it is asked who it is: at first, and once it should have answered long since. */
const DETECT_AGAIN_MS = 150
const DETECT_LATER_MS = 500
/** Beyond the time to boot and to answer, when nobody has answered. */
const DETECT_GRACE_MS = 1000
/** To start the radio, besides the time to answer. */
const CONFIGURE_MS = 1000
/** For all of it, also when the modem restarts again and again. */
const BRING_UP_MS = 25_000

export class BringUp {
  readonly #settings: ModemSettings
  readonly #line: ModemLine
  readonly #said: ModemState
  readonly #write: (bytes: Uint8Array) => void
  #stage: 'detecting' | 'configuring' | 'validating' = 'detecting'
  /** When it began, when this stage did and when that has lasted too long; when the next question is due. */
  #beganAt = 0
  #since = 0
  #until = 0
  #askAt = 0

  /** @param said what the modem has said; every frame has gone through it before it comes here. */
  constructor(
    settings: ModemSettings,
    line: ModemLine,
    said: ModemState,
    write: (bytes: Uint8Array) => void,
  ) {
    this.#settings = settings
    this.#line = line
    this.#said = said
    this.#write = write
  }

  /** From the very beginning. */
  begin(nowMs: number): void {
    this.#beganAt = nowMs
    this.#detect(nowMs)
  }

  /** From the settings on: it is known who is there. */
  beginWithSettings(nowMs: number): void {
    this.#beganAt = nowMs
    this.#configure(nowMs)
  }

  /** When `tick` is due. */
  get nextAt(): number {
    return Math.min(this.#until, this.#askAt)
  }

  /** How the radio modulates, once all is done. */
  get modulation(): Modulation {
    const { frequencyHz } = this.#settings
    const { platform, board } = this.#said.identity
    const tunedHz = this.#said.settings.frequencyHz ?? frequencyHz
    const chip = radioChip(platform, board, frequencyHz, tunedHz)
    return modulationOf(this.#settings, platform, chip, this.#said.telemetry.preambleSymbols)
  }

  /** What one would like to know when it has been going on for long. */
  problem(nowMs: number): string | undefined {
    if (this.#stage !== 'detecting' || !this.#isLate(nowMs)) return undefined
    return this.#undetected()
  }

  /** The modem has restarted. */
  restarted(nowMs: number): void {
    this.#detect(nowMs)
  }

  /** A frame with this command has come. */
  heard(command: number, nowMs: number): Progress {
    const { identity, settings } = this.#said
    switch (this.#stage) {
      case 'detecting':
        return identity.board === undefined ? GOING_ON : this.#identified(nowMs)
      case 'configuring':
        if (command === Command.radioState && settings.isRadioOn === true) this.#validate(nowMs)
        return GOING_ON
      case 'validating':
        return isAnswered(settings) ? this.#validated() : GOING_ON
    }
  }

  tick(nowMs: number): Progress {
    if (nowMs - this.#beganAt >= BRING_UP_MS) return failed('it restarts again and again', 'odd')
    if (nowMs >= this.#until) return this.#timedOut(nowMs)
    if (nowMs < this.#askAt) return GOING_ON
    if (this.#stage === 'detecting') return this.#detectAgain(nowMs)
    if (this.#stage === 'validating') this.#askSettings(nowMs)
    return GOING_ON
  }

  #timedOut(nowMs: number): Progress {
    switch (this.#stage) {
      case 'detecting':
        return failed(this.#undetected(), 'absent')
      case 'configuring':
        // The answer to the switch may have been lost: the questions will tell.
        this.#validate(nowMs)
        return GOING_ON
      case 'validating':
        return failed(
          settingsProblem(this.#settings, this.#said.settings) ?? 'it does not confirm its settings',
          'odd',
        )
    }
  }

  #detect(nowMs: number): void {
    this.#said.forgetAll()
    this.#enter('detecting', DETECT_MS, nowMs)
    this.#askWho(nowMs)
  }

  #detectAgain(nowMs: number): Progress {
    // Firmware that does not know its board will not tell it later either.
    const progress = this.#identified(nowMs)
    if (progress === GOING_ON && this.#stage === 'detecting') this.#askWho(nowMs)
    return progress
  }

  #askWho(nowMs: number): void {
    this.#write(WHO_ARE_YOU)
    this.#askAt = nowMs + (this.#isLate(nowMs) ? DETECT_LATER_MS : DETECT_AGAIN_MS)
  }

  #isLate(nowMs: number): boolean {
    return nowMs - this.#since > this.#line.bootMs + this.#line.answerMs + DETECT_GRACE_MS
  }

  #undetected(): string {
    if (!this.#said.identity.isRnode) return 'nobody answers there as an RNode does'
    return firmwareProblem(this.#said.identity) ?? 'it does not tell what it is'
  }

  #identified(nowMs: number): Progress {
    if (!isIdentified(this.#said.identity)) return GOING_ON
    const problem = firmwareProblem(this.#said.identity)
    if (problem !== undefined) return failed(problem, 'useless')
    this.#configure(nowMs)
    return GOING_ON
  }

  #configure(nowMs: number): void {
    this.#said.forgetSettings()
    this.#enter('configuring', CONFIGURE_MS + this.#line.answerMs, nowMs)
    this.#write(configuration(this.#settings))
  }

  #validate(nowMs: number): void {
    this.#said.forgetSettings()
    this.#enter('validating', 3 * this.#line.answerMs, nowMs)
    this.#askSettings(nowMs)
  }

  #askSettings(nowMs: number): void {
    this.#write(WHAT_ARE_YOU_SET_TO)
    this.#askAt = nowMs + this.#line.answerMs / 2
  }

  #validated(): Progress {
    const problem = settingsProblem(this.#settings, this.#said.settings)
    return problem === undefined ? DONE : failed(problem, 'odd')
  }

  #enter(stage: 'detecting' | 'configuring' | 'validating', forMs: number, nowMs: number): void {
    this.#stage = stage
    this.#since = nowMs
    this.#until = Math.min(nowMs + forMs, this.#beganAt + BRING_UP_MS)
    this.#askAt = Number.POSITIVE_INFINITY
  }
}

function failed(reason: string, failure: Failure): Progress {
  return { state: 'failed', reason, failure }
}
