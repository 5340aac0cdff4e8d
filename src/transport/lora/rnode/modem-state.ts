/** What a modem has said of itself: who it is, what it is set to, what it measures. */
import type { ModemTelemetry } from '../modem.ts'
import {
  Command,
  DETECT_RESPONSE,
  decodeChannelTime,
  decodePhyParameters,
  numberOf,
  RadioState,
  temperatureOf,
} from './commands.ts'
import { platformName } from './hardware.ts'

/** What it answered to the questions for its settings; absent until it has. */
export interface SettingsInForce {
  frequencyHz?: number
  bandwidthHz?: number
  txPowerDbm?: number
  spreadingFactor?: number
  codingRate?: number
  isRadioOn?: boolean
  isLocked?: boolean
}

export interface ModemIdentity {
  isRnode: boolean
  firmware?: readonly [major: number, minor: number]
  platform?: number
  mcu?: number
  board?: number
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

export class ModemState {
  identity: ModemIdentity = { isRnode: false }
  settings: SettingsInForce = {}
  readonly telemetry: Mutable<ModemTelemetry> = {}

  forgetAll(): void {
    this.identity = { isRnode: false }
    this.settings = {}
  }

  forgetSettings(): void {
    this.settings = {}
  }

  /** Takes a frame from the modem. @returns false for one that says nothing about the modem. */
  take(command: number, args: Uint8Array): boolean {
    return (
      this.#takeMeasurement(command, args) ||
      this.#takeSetting(command, args) ||
      this.#takeIdentity(command, args)
    )
  }

  #takeIdentity(command: number, args: Uint8Array): boolean {
    const { identity } = this
    if (command === Command.firmwareVersion) {
      const [major, minor] = args
      if (args.length !== 2 || major === undefined || minor === undefined) return false
      identity.firmware = [major, minor]
      this.telemetry.firmware = firmwareText(identity.firmware)
      return true
    }
    const [value] = args
    if (args.length !== 1 || value === undefined) return false
    switch (command) {
      case Command.detect:
        if (value === DETECT_RESPONSE) identity.isRnode = true
        return value === DETECT_RESPONSE
      case Command.platform:
        identity.platform = value
        this.telemetry.platform = platformName(value)
        return true
      case Command.mcu:
        identity.mcu = value
        return true
      case Command.board:
        identity.board = value
        return true
      default:
        return false
    }
  }

  #takeSetting(command: number, args: Uint8Array): boolean {
    const value = numberOf(args)
    if (value === undefined) return false
    const { settings } = this
    if (args.length === 4) {
      if (command === Command.frequency) settings.frequencyHz = value
      else if (command === Command.bandwidth) settings.bandwidthHz = value
      else return false
      return true
    }
    if (args.length !== 1) return false
    switch (command) {
      case Command.txPower:
        settings.txPowerDbm = value
        return true
      case Command.spreadingFactor:
        settings.spreadingFactor = value
        return true
      case Command.codingRate:
        settings.codingRate = value
        return true
      case Command.radioState:
        settings.isRadioOn = value === RadioState.on
        return true
      case Command.radioLock:
        settings.isLocked = value !== 0
        return true
      default:
        return false
    }
  }

  #takeMeasurement(command: number, args: Uint8Array): boolean {
    const { telemetry } = this
    switch (command) {
      case Command.statChannelTime: {
        const time = decodeChannelTime(args)
        if (time === undefined) return false
        telemetry.airtimeShort = time.airtimeShort
        telemetry.airtimeLong = time.airtimeLong
        telemetry.channelShort = time.channelShort
        telemetry.channelLong = time.channelLong
        telemetry.noiseFloorDbm = time.noiseFloorDbm
        return true
      }
      case Command.statPhyParameters: {
        const phy = decodePhyParameters(args)
        if (phy === undefined) return false
        // Several come while it is being set up, each for the settings so far: the last one holds.
        telemetry.preambleSymbols = phy.preambleSymbols
        telemetry.slotMs = phy.slotMs
        return true
      }
      case Command.statBattery: {
        const [state, percent] = args
        if (args.length !== 2 || state === undefined || percent === undefined) return false
        // State 0: it has none, or does not know.
        if (state !== 0 && percent <= 100) telemetry.batteryPercent = percent
        return true
      }
      case Command.statTemperature: {
        const celsius = args.length === 1 ? temperatureOf(args[0] as number) : undefined
        if (celsius !== undefined) telemetry.temperatureC = celsius
        return args.length === 1
      }
      default:
        return false
    }
  }
}

/** Such as `1.86`. */
export function firmwareText([major, minor]: readonly [number, number]): string {
  return `${major}.${String(minor).padStart(2, '0')}`
}
