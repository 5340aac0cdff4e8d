/** Looks at a modem and leaves it as it is: who it is, what it is set to, what is wrong with it. */
import { type Clock, sleep } from '../../../runtime/clock.ts'
import { messageOf } from '../../../runtime/errors.ts'
import type { ModemTelemetry } from '../modem.ts'
import { ASK, Command } from './commands.ts'
import { boardName, mcuName, type RadioChip, usualChip } from './hardware.ts'
import { encodeKiss, KissDecoder } from './kiss.ts'
import type { Line } from './line.ts'
import { ModemState, type SettingsInForce } from './modem-state.ts'
import type { ModemLine } from './open-line.ts'
import { firmwareProblem, isAnswered, isIdentified, WHAT_ARE_YOU_SET_TO, WHO_ARE_YOU } from './questions.ts'

export interface ProbeReport {
  readonly port: string
  /** One line each; empty when the modem can be used. */
  readonly problems: readonly string[]
  readonly mcu?: string
  readonly board?: string
  /** Absent where boards of this number have different ones. */
  readonly chip?: RadioChip
  /** Without what is not set. */
  readonly settings: Readonly<SettingsInForce>
  /** With firmware and platform. */
  readonly telemetry: ModemTelemetry
}

const OPEN_MS = 3000
const ASK_AGAIN_MS = 150
/** Beyond the time to boot and to answer. */
const GRACE_MS = 1000
/** A modem with its radio on reports once a second. */
const REPORT_MS = 1300
/** Until what was written last has left. */
const FLUSH_MS = 50
const UNSET_POWER = 0xff

export async function probeModem(port: string, way: ModemLine, clock: Clock): Promise<ProbeReport> {
  const said = new ModemState()
  const problems: string[] = []
  try {
    const line = await openWithin(way, clock, said, (reason) => problems.push(`${port}: ${reason}`))
    try {
      const problem = await ask(line, way, clock, said)
      if (problem !== undefined && problems.length === 0) problems.push(`${port}: ${problem}`)
    } finally {
      line.close()
    }
  } catch (error) {
    problems.push(messageOf(error))
  }
  return reportOf(port, said, problems)
}

async function openWithin(
  way: ModemLine,
  clock: Clock,
  said: ModemState,
  closed: (reason: string) => void,
): Promise<Line> {
  const decoder = new KissDecoder((command, args) => {
    said.take(command, args)
  })
  const deadline = new AbortController()
  const timer = clock.setTimer(OPEN_MS, () => deadline.abort())
  try {
    return await way.open({ bytes: (data) => decoder.push(data), closed }, deadline.signal)
  } finally {
    timer.cancel()
  }
}

/** @returns what is wrong with the modem. */
async function ask(line: Line, way: ModemLine, clock: Clock, said: ModemState): Promise<string | undefined> {
  const { identity, settings } = said
  const isKnown = (): boolean => isIdentified(identity) && identity.board !== undefined
  await askUntil(isKnown, WHO_ARE_YOU, ASK_AGAIN_MS, way.bootMs + way.answerMs + GRACE_MS, line, clock)
  if (!identity.isRnode) return 'nobody answers there as an RNode does'
  const problem = firmwareProblem(identity)
  if (problem !== undefined) return problem
  const isSettled = (): boolean => isAnswered(settings)
  await askUntil(isSettled, WHAT_ARE_YOU_SET_TO, way.answerMs / 2, 3 * way.answerMs, line, clock)
  if (settings.isRadioOn === true) await sleep(clock, REPORT_MS)
  line.write(encodeKiss(Command.leave, [ASK]))
  await sleep(clock, FLUSH_MS)
  if (!isSettled()) return 'it does not tell all of its settings'
  if (settings.isLocked === true && isSetUp(settings)) {
    return 'its radio is locked although all is set: flash its firmware anew'
  }
  return undefined
}

async function askUntil(
  done: () => boolean,
  question: Uint8Array,
  againMs: number,
  withinMs: number,
  line: Line,
  clock: Clock,
): Promise<void> {
  const until = clock.monotonic() + withinMs
  let askAt = 0
  while (!done() && clock.monotonic() < until) {
    if (clock.monotonic() >= askAt) {
      line.write(question)
      askAt = clock.monotonic() + againMs
    }
    await sleep(clock, LOOK_MS)
  }
}

/** How often it is looked whether the answers have come. */
const LOOK_MS = 10

/** Whether all is set that the radio needs. A modem forgets its settings with its power, so most are not. */
function isSetUp({ frequencyHz, bandwidthHz, spreadingFactor, txPowerDbm }: SettingsInForce): boolean {
  return isSet(frequencyHz) && isSet(bandwidthHz) && isSet(spreadingFactor) && isSet(txPowerDbm, UNSET_POWER)
}

function isSet(value: number | undefined, unset = 0): boolean {
  return value !== undefined && value !== unset
}

function reportOf(
  port: string,
  { identity, settings, telemetry }: ModemState,
  problems: string[],
): ProbeReport {
  const { mcu, board, platform } = identity
  const chip = usualChip(platform, board)
  const { frequencyHz, bandwidthHz, spreadingFactor, txPowerDbm, ...others } = settings
  return {
    port,
    problems,
    ...(mcu === undefined ? {} : { mcu: mcuName(mcu) }),
    ...(board === undefined ? {} : { board: boardName(board) }),
    ...(chip === undefined ? {} : { chip }),
    settings: {
      ...others,
      ...(isSet(frequencyHz) ? { frequencyHz } : {}),
      ...(isSet(bandwidthHz) ? { bandwidthHz } : {}),
      ...(isSet(spreadingFactor) ? { spreadingFactor } : {}),
      ...(isSet(txPowerDbm, UNSET_POWER) ? { txPowerDbm } : {}),
    } as SettingsInForce,
    telemetry,
  }
}
