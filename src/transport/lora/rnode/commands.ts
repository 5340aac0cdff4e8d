/** The commands of RNode firmware (1.52 to 1.86) that a host or an emulated modem has a use for. */
import { readU16, readU32, writeU16, writeU32 } from '../../../wire/bytes.ts'

/** The byte behind the C0 that begins a frame. Numbers in arguments are big-endian. */
export const Command = {
  /** Either way: a packet. Its RSSI and its SNR come just before it. */
  data: 0x00,
  /** u32 Hz, 0 asks; the echo is what is in force. */
  frequency: 0x01,
  /** u32 Hz, 0 asks. */
  bandwidth: 0x02,
  /** u8 dBm, FF asks. */
  txPower: 0x03,
  /** u8, FF asks. */
  spreadingFactor: 0x04,
  /** u8 5 to 8, FF asks. */
  codingRate: 0x05,
  /** {@link RadioState}, FF asks. */
  radioState: 0x06,
  /** Asks; 01 when something that the radio needs is not set. */
  radioLock: 0x07,
  /** {@link DETECT_REQUEST}, answered by {@link DETECT_RESPONSE}. */
  detect: 0x08,
  /** u8 length of headerless frames, 0 for frames with a header. */
  implicit: 0x09,
  /** FF: the host takes its leave. */
  leave: 0x0a,
  /** u16, share of the last 15 s in 1/100 of a per cent; 0 lifts the lock. */
  shortAirtimeLock: 0x0b,
  /** The same for the last hour. */
  longAirtimeLock: 0x0c,
  /** u8, 01 for raw frames. */
  promiscuous: 0x0e,
  /** Asks; 01 when the queue has room. */
  ready: 0x0f,
  statRx: 0x21,
  statTx: 0x22,
  /** u8 of the packet that follows, see {@link dbmOf}. */
  statRssi: 0x23,
  /** i8 of the packet that follows, see {@link snrOf}. */
  statSnr: 0x24,
  /** {@link ChannelTime}. */
  statChannelTime: 0x25,
  /** {@link PhyParameters}. */
  statPhyParameters: 0x26,
  /** u8 state, u8 per cent. */
  statBattery: 0x27,
  /** u8 band, u8 least and u8 greatest slot. */
  statCsma: 0x28,
  /** u8, see {@link temperatureOf}. */
  statTemperature: 0x29,
  blink: 0x30,
  random: 0x40,
  board: 0x47,
  platform: 0x48,
  mcu: 0x49,
  /** u8 major, u8 minor. */
  firmwareVersion: 0x50,
  /** F8: reboot. From the modem: it has. */
  reset: 0x55,
  /** {@link ModemError}. */
  error: 0x90,
} as const

export const DETECT_REQUEST = 0x73
export const DETECT_RESPONSE = 0x46
/** The argument of `reset`. */
export const RESET_MAGIC = 0xf8
/** Asks where the argument is one byte. */
export const ASK = 0xff

export const RadioState = { off: 0x00, on: 0x01 } as const

export const ModemError = {
  radioInit: 0x01,
  txFailed: 0x02,
  eepromLocked: 0x03,
  queueFull: 0x04,
  memoryLow: 0x05,
  modemTimeout: 0x06,
} as const

const ERROR_NAMES: ReadonlyMap<number, string> = new Map([
  [ModemError.radioInit, 'the radio chip did not start'],
  [ModemError.txFailed, 'a transmission failed'],
  [ModemError.eepromLocked, 'its settings are locked'],
  [ModemError.queueFull, 'its queue is full'],
  [ModemError.memoryLow, 'it is short of memory'],
  [ModemError.modemTimeout, 'the radio chip did not answer'],
])

/** What an `error` frame says, for people. */
export function errorText(code: number): string {
  return ERROR_NAMES.get(code) ?? `error ${hex(code)}`
}

/** The numbers that `statChannelTime` tells. */
export interface ChannelTime {
  /** Share of the last 15 s and of the last hour that the modem sent itself, 0 to 1. */
  readonly airtimeShort: number
  readonly airtimeLong: number
  /** Share of the last 15 s and of the last hour that the channel was in use, 0 to 1. */
  readonly channelShort: number
  readonly channelLong: number
  readonly rssiDbm: number
  readonly noiseFloorDbm: number
  /** How strong a signal that is no LoRa is; absent where there is none. */
  readonly interferenceDbm?: number
}

const CHANNEL_TIME_BYTES = 11
const NO_INTERFERENCE = 0xff

export function encodeChannelTime(time: ChannelTime): Uint8Array {
  const args = new Uint8Array(CHANNEL_TIME_BYTES)
  writeU16(args, 0, shareField(time.airtimeShort))
  writeU16(args, 2, shareField(time.airtimeLong))
  writeU16(args, 4, shareField(time.channelShort))
  writeU16(args, 6, shareField(time.channelLong))
  args[8] = dbmField(time.rssiDbm)
  args[9] = dbmField(time.noiseFloorDbm)
  args[10] = time.interferenceDbm === undefined ? NO_INTERFERENCE : dbmField(time.interferenceDbm)
  return args
}

/** @returns undefined for fewer bytes than there are fields, as old firmware sends. */
export function decodeChannelTime(args: Uint8Array): ChannelTime | undefined {
  if (args.length < CHANNEL_TIME_BYTES) return undefined
  const interference = args[10] as number
  return {
    airtimeShort: shareOf(readU16(args, 0)),
    airtimeLong: shareOf(readU16(args, 2)),
    channelShort: shareOf(readU16(args, 4)),
    channelLong: shareOf(readU16(args, 6)),
    rssiDbm: dbmOf(args[8] as number),
    noiseFloorDbm: dbmOf(args[9] as number),
    ...(interference === NO_INTERFERENCE ? {} : { interferenceDbm: dbmOf(interference) }),
  }
}

/** The numbers that `statPhyParameters` tells. */
export interface PhyParameters {
  readonly symbolUs: number
  readonly symbolsPerSecond: number
  readonly preambleSymbols: number
  readonly preambleMs: number
  readonly slotMs: number
  readonly difsMs: number
}

const PHY_PARAMETERS_BYTES = 12

export function encodePhyParameters(phy: PhyParameters): Uint8Array {
  const args = new Uint8Array(PHY_PARAMETERS_BYTES)
  const fields = [
    phy.symbolUs,
    phy.symbolsPerSecond,
    phy.preambleSymbols,
    phy.preambleMs,
    phy.slotMs,
    phy.difsMs,
  ]
  fields.forEach((value, index) => {
    writeU16(args, 2 * index, Math.min(Math.round(value), 0xffff))
  })
  return args
}

export function decodePhyParameters(args: Uint8Array): PhyParameters | undefined {
  if (args.length !== PHY_PARAMETERS_BYTES) return undefined
  return {
    symbolUs: readU16(args, 0),
    symbolsPerSecond: readU16(args, 2),
    preambleSymbols: readU16(args, 4),
    preambleMs: readU16(args, 6),
    slotMs: readU16(args, 8),
    difsMs: readU16(args, 10),
  }
}

/** A share of 0 to 1 as the field of a lock or of `statChannelTime`: 1/100 of a per cent. */
export function shareField(share: number): number {
  return Math.min(Math.max(0, Math.round(share * 10_000)), 0xffff)
}

export function shareOf(field: number): number {
  return field / 10_000
}

/** A level in dBm from its byte: -157 to 98. */
export function dbmOf(field: number): number {
  return field - 157
}

export function dbmField(dbm: number): number {
  return Math.min(Math.max(0, Math.round(dbm + 157)), 0xff)
}

/** A signal-to-noise ratio in dB from its byte: -32 to 31.75 in quarters. */
export function snrOf(field: number): number {
  return ((field << 24) >> 24) / 4
}

export function snrField(snrDb: number): number {
  return Math.min(Math.max(-128, Math.round(snrDb * 4)), 127) & 0xff
}

/** Degrees Celsius from a byte, or undefined outside of -30 to 90: then the chip does not tell. */
export function temperatureOf(field: number): number | undefined {
  const celsius = field - 120
  return celsius >= -30 && celsius <= 90 ? celsius : undefined
}

export function temperatureField(celsius: number): number {
  return Math.min(Math.max(0, Math.round(celsius + 120)), 0xff)
}

export function u16Argument(value: number): Uint8Array {
  const args = new Uint8Array(2)
  writeU16(args, 0, value)
  return args
}

export function u32Argument(value: number): Uint8Array {
  const args = new Uint8Array(4)
  writeU32(args, 0, value)
  return args
}

/** The number that arguments of 1, 2 or 4 bytes stand for; undefined for any other length. */
export function numberOf(args: Uint8Array): number | undefined {
  switch (args.length) {
    case 1:
      return args[0]
    case 2:
      return readU16(args, 0)
    case 4:
      return readU32(args, 0)
    default:
      return undefined
  }
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0').toUpperCase()
}
