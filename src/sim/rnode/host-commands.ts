/** What the firmware does when a command of the host is complete. Commands of displays, Bluetooth and WiFi do nothing here. */
import {
  ASK,
  Command,
  DETECT_REQUEST,
  DETECT_RESPONSE,
  ModemError,
  RadioState,
  RESET_MAGIC,
  u16Argument,
  u32Argument,
} from '../../transport/lora/rnode/commands.ts'
import { readU16, readU32 } from '../../wire/bytes.ts'
import { type Firmware, NEVER_HEARD_RSSI } from './firmware.ts'
import { ROM_WRITE } from './host-bytes.ts'
import { isLocked } from './settings.ts'

const FRAME_BUFFER_EXTERNAL = 0x41
const SAVE_SETTINGS = 0x53
const DELETE_SETTINGS = 0x54
const DISABLE_INTERFERENCE_AVOIDANCE = 0x69
const LEAVE_MAGIC = 0xff
/** A lock of 100 % and more is none. */
const WHOLE_SHARE = 10_000
/** The firmware draws a byte that is never the last one. */
const RANDOM_LIMIT = 255

type Act = (firmware: Firmware, args: Uint8Array) => void

const ACTS: ReadonlyMap<number, Act> = new Map<number, Act>([
  [Command.frequency, setFrequency],
  [Command.bandwidth, setBandwidth],
  [Command.txPower, setPower],
  [Command.spreadingFactor, setSpreadingFactor],
  [Command.codingRate, setCodingRate],
  [Command.radioState, setRadioState],
  [Command.radioLock, (it) => it.answerRaw(Command.radioLock, [isLocked(it.settings) ? 1 : 0])],
  [
    Command.detect,
    (it, args) => {
      if (args[0] === DETECT_REQUEST) it.answerRaw(Command.detect, [DETECT_RESPONSE])
    },
  ],
  [
    Command.implicit,
    (it, args) => {
      it.implicitLength = args[0] as number
      it.answerRaw(Command.implicit, [it.implicitLength])
    },
  ],
  [
    Command.leave,
    (it, args) => {
      if (args[0] === LEAVE_MAGIC) it.lastRssi = NEVER_HEARD_RSSI
    },
  ],
  [Command.shortAirtimeLock, (it, args) => setLimit(it, 'short', args)],
  [Command.longAirtimeLock, (it, args) => setLimit(it, 'long', args)],
  [
    Command.promiscuous,
    (it, args) => {
      if (args[0] === 0 || args[0] === 1) it.radio.isPromiscuous = args[0] === 1
      it.answerRaw(Command.promiscuous, [it.radio.isPromiscuous ? 1 : 0])
    },
  ],
  [Command.ready, (it) => it.answerRaw(Command.ready, [it.queue.isFull ? 0 : 1])],
  // The firmware never counts on these.
  [Command.statRx, (it) => it.answer(Command.statRx, u32Argument(0))],
  [Command.statTx, (it) => it.answer(Command.statTx, u32Argument(0))],
  [Command.statRssi, (it) => it.answer(Command.statRssi, [it.lastRssi])],
  [Command.random, (it) => it.answerRaw(Command.random, [it.parts.random.below(RANDOM_LIMIT)])],
  [
    Command.firmwareVersion,
    (it) => it.answerRaw(Command.firmwareVersion, [it.parts.board.major, it.parts.board.minor]),
  ],
  [Command.platform, (it) => it.answerRaw(Command.platform, [it.parts.board.platformByte])],
  [Command.mcu, (it) => it.answerRaw(Command.mcu, [it.parts.board.mcuByte])],
  [Command.board, (it) => it.answerRaw(Command.board, [it.parts.board.boardByte])],
  [
    Command.reset,
    (it, args) => {
      if (args[0] === RESET_MAGIC) it.parts.reset()
    },
  ],
  [ROM_WRITE, (it) => it.answerRaw(Command.error, [ModemError.eepromLocked])],
  [SAVE_SETTINGS, saveSettings],
  [
    DELETE_SETTINGS,
    (it) => {
      it.parts.memory.saved = undefined
    },
  ],
  [
    FRAME_BUFFER_EXTERNAL,
    (it, args) => {
      if (args[0] === 0 || args[0] === 1 || args[0] === ASK) {
        it.answerRaw(FRAME_BUFFER_EXTERNAL, [args[0] === 1 ? 1 : 0])
      }
    },
  ],
  [
    DISABLE_INTERFERENCE_AVOIDANCE,
    (it, args) => {
      it.parts.memory.avoidsInterference = args[0] === 0
      it.parts.reset()
    },
  ],
])

/** @param args as many bytes as the command needs to act. */
export function act(firmware: Firmware, command: number, args: Uint8Array): void {
  ACTS.get(command)?.(firmware, args)
}

function setFrequency(it: Firmware, args: Uint8Array): void {
  const wanted = readU32(args, 0)
  if (wanted !== 0) {
    it.settings.frequencyHz = wanted
    it.retune(false)
  }
  tellLong(it, Command.frequency, it.settings.frequencyHz)
}

function setBandwidth(it: Firmware, args: Uint8Array): void {
  const wanted = readU32(args, 0)
  if (wanted !== 0) {
    it.settings.bandwidthHz = wanted
    it.retune(true)
  }
  tellLong(it, Command.bandwidth, it.settings.bandwidthHz)
}

function setPower(it: Firmware, args: Uint8Array): void {
  const wanted = args[0] as number
  if (wanted !== ASK) {
    it.settings.powerDbm = Math.min(wanted, it.parts.board.maxPowerDbm)
    it.changePower()
  }
  tellByte(it, Command.txPower, it.settings.powerDbm)
}

function setSpreadingFactor(it: Firmware, args: Uint8Array): void {
  const wanted = args[0] as number
  if (wanted !== ASK) {
    it.settings.spreadingFactor = within(5, wanted, 12)
    it.retune(true)
  }
  tellByte(it, Command.spreadingFactor, it.settings.spreadingFactor)
}

function setCodingRate(it: Firmware, args: Uint8Array): void {
  const wanted = args[0] as number
  if (wanted !== ASK) {
    it.settings.codingRate = within(5, wanted, 8)
    it.retune(true)
  }
  tellByte(it, Command.codingRate, it.settings.codingRate)
}

function setRadioState(it: Firmware, args: Uint8Array): void {
  const wanted = args[0] as number
  if (wanted === RadioState.on) it.switchOn()
  else if (wanted === RadioState.off) it.radio.off()
  else if (wanted !== ASK) return
  it.tellRadioState()
}

function setLimit(it: Firmware, which: 'short' | 'long', args: Uint8Array): void {
  const field = readU16(args, 0)
  const limit = Math.fround((field >= WHOLE_SHARE ? 0 : field) / WHOLE_SHARE)
  it.radio.limits[which] = limit
  // In the short floats of the firmware, so that some echoes are one less than what was sent.
  const echo = Math.trunc(Math.fround(Math.fround(limit * 100) * 100))
  it.answer(which === 'short' ? Command.shortAirtimeLock : Command.longAirtimeLock, u16Argument(echo))
  it.radio.wake()
}

function tellByte(it: Firmware, command: number, value: number): void {
  it.answerRaw(command, [it.parts.echo(command, value) & 0xff])
}

function tellLong(it: Firmware, command: number, value: number): void {
  it.answer(command, u32Argument(it.parts.echo(command, value) >>> 0))
}

function saveSettings(it: Firmware): void {
  if (it.radio.isOn) it.parts.memory.saved = { ...it.settings }
}

function within(least: number, value: number, most: number): number {
  return Math.min(Math.max(least, value), most)
}
