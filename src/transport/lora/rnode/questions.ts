/** What a modem is asked and told, and whether its answers will do. */
import type { ModemSettings } from '../modem.ts'
import { ASK, Command, DETECT_REQUEST, RadioState, shareField, u16Argument, u32Argument } from './commands.ts'
import { encodeKiss } from './kiss.ts'
import { firmwareText, type ModemIdentity, type SettingsInForce } from './modem-state.ts'

/** Older firmware behaves otherwise in ways that matter. */
const OLDEST_FIRMWARE = [1, 52] as const
/** An SX127x cannot be tuned more finely than to 61 Hz. */
const FREQUENCY_TOLERANCE_HZ = 100

/** Asks who is there. */
export const WHO_ARE_YOU: Uint8Array = Buffer.concat([
  encodeKiss(Command.detect, [DETECT_REQUEST]),
  encodeKiss(Command.firmwareVersion, [0]),
  encodeKiss(Command.platform, [0]),
  encodeKiss(Command.mcu, [0]),
  encodeKiss(Command.board, [0]),
])

/** Asks for the settings in force, the lock first: whoever has all of the others has its answer too. */
export const WHAT_ARE_YOU_SET_TO: Uint8Array = Buffer.concat([
  encodeKiss(Command.radioLock, [ASK]),
  encodeKiss(Command.frequency, u32Argument(0)),
  encodeKiss(Command.bandwidth, u32Argument(0)),
  encodeKiss(Command.txPower, [ASK]),
  encodeKiss(Command.spreadingFactor, [ASK]),
  encodeKiss(Command.codingRate, [ASK]),
  encodeKiss(Command.radioState, [ASK]),
])

/** Asks whether its queue has room. */
export const HAVE_YOU_ROOM: Uint8Array = encodeKiss(Command.ready, [ASK])

/** Asks whether it is still there, and whether its queue has room. */
export const SIGN_OF_LIFE: Uint8Array = Buffer.concat([
  encodeKiss(Command.detect, [DETECT_REQUEST]),
  HAVE_YOU_ROOM,
])

/** Puts the settings in force and switches the radio on: off first, or it would send with half of them. */
export function configuration(settings: ModemSettings): Uint8Array {
  return Buffer.concat([
    encodeKiss(Command.radioState, [RadioState.off]),
    encodeKiss(Command.frequency, u32Argument(settings.frequencyHz)),
    encodeKiss(Command.bandwidth, u32Argument(settings.bandwidthHz)),
    encodeKiss(Command.txPower, [settings.txPowerDbm]),
    encodeKiss(Command.spreadingFactor, [settings.spreadingFactor]),
    encodeKiss(Command.codingRate, [settings.codingRate]),
    encodeKiss(Command.shortAirtimeLock, u16Argument(0)),
    encodeKiss(Command.longAirtimeLock, u16Argument(lockField(settings.airtimeLock))),
    encodeKiss(Command.radioState, [RadioState.on]),
  ])
}

/** Switches the radio off, and on the modem's display the host. */
export const FAREWELL: Uint8Array = Buffer.concat([
  encodeKiss(Command.radioState, [RadioState.off]),
  encodeKiss(Command.leave, [ASK]),
])

/** 0 would lift the lock, so the least share is one unit. */
function lockField(share: number | undefined): number {
  return share === undefined ? 0 : Math.max(1, shareField(share))
}

/** Whether the modem has said all that has to be known before it is configured. */
export function isIdentified({ isRnode, firmware, platform }: ModemIdentity): boolean {
  return isRnode && firmware !== undefined && platform !== undefined
}

/** @returns why this modem cannot be used, in one line. */
export function firmwareProblem({ firmware }: ModemIdentity): string | undefined {
  if (firmware === undefined) return 'it does not tell the version of its firmware'
  const [major, minor] = firmware
  if (major > OLDEST_FIRMWARE[0] || (major === OLDEST_FIRMWARE[0] && minor >= OLDEST_FIRMWARE[1])) {
    return undefined
  }
  return `its firmware ${firmwareText(firmware)} is too old: flash ${OLDEST_FIRMWARE.join('.')} or newer`
}

/** Whether all questions of {@link WHAT_ARE_YOU_SET_TO} that every firmware answers have been answered. */
export function isAnswered(inForce: SettingsInForce): boolean {
  return (
    inForce.frequencyHz !== undefined &&
    inForce.bandwidthHz !== undefined &&
    inForce.txPowerDbm !== undefined &&
    inForce.spreadingFactor !== undefined &&
    inForce.codingRate !== undefined &&
    inForce.isRadioOn !== undefined
  )
}

/** @returns what of that which the modem has told is not as it was asked, in one line. */
export function settingsProblem(asked: ModemSettings, inForce: SettingsInForce): string | undefined {
  const { frequencyHz, bandwidthHz, txPowerDbm, spreadingFactor, codingRate } = inForce
  if (inForce.isLocked === true) return 'its radio is locked: it did not take all of its settings'
  if (frequencyHz !== undefined && Math.abs(frequencyHz - asked.frequencyHz) > FREQUENCY_TOLERANCE_HZ) {
    return `it tuned to ${frequencyHz} Hz instead of ${asked.frequencyHz} Hz`
  }
  if (bandwidthHz !== undefined && bandwidthHz !== asked.bandwidthHz) {
    return `it set a bandwidth of ${bandwidthHz} Hz instead of ${asked.bandwidthHz} Hz`
  }
  if (spreadingFactor !== undefined && spreadingFactor !== asked.spreadingFactor) {
    return `it set spreading factor ${spreadingFactor} instead of ${asked.spreadingFactor}`
  }
  if (codingRate !== undefined && codingRate !== asked.codingRate) {
    return `it set code rate 4/${codingRate} instead of 4/${asked.codingRate}`
  }
  // Less power than asked is within the law, and all that the board can do.
  if (txPowerDbm !== undefined && txPowerDbm > asked.txPowerDbm) {
    return `it set ${txPowerDbm} dBm instead of ${asked.txPowerDbm} dBm`
  }
  if (inForce.isRadioOn === false) return 'its radio does not switch on'
  return undefined
}

/** @returns what is odd about a modem that can be used, in one line. */
export function settingsOddity(asked: ModemSettings, { txPowerDbm }: SettingsInForce): string | undefined {
  if (txPowerDbm === undefined || txPowerDbm >= asked.txPowerDbm) return undefined
  return `it sends with ${txPowerDbm} dBm: it cannot do ${asked.txPowerDbm} dBm`
}
