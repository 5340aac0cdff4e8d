/**
 * RNode firmware from power-on to power-off: bytes from the host go in, bytes to the host come out. A reset is a
 * new one of these; what outlives it is the non-volatile memory.
 */
import type { Clock, Timer } from '../../runtime/clock.ts'
import type { Random } from '../../runtime/random.ts'
import {
  Command,
  dbmField,
  encodeChannelTime,
  encodePhyParameters,
  ModemError,
  RESET_MAGIC,
  snrField,
  temperatureField,
} from '../../transport/lora/rnode/commands.ts'
import { encodeKiss } from '../../transport/lora/rnode/kiss.ts'
import type { RadioMedium } from '../radio/medium.ts'
import type { Position } from '../radio/propagation.ts'
import type { RadioCounters, SignalReport } from '../radio/radio.ts'
import type { Board } from './board.ts'
import { HostBytes } from './host-bytes.ts'
import { act } from './host-commands.ts'
import { PacketQueue, type PacketQueueCounters } from './packet-queue.ts'
import { RadioUnit } from './radio-unit.ts'
import { chipBandwidth, chipFrequency, isLocked, newSettings, type Settings } from './settings.ts'

/** What outlives a reset and a loss of power. */
export interface Memory {
  /** The modem switches its radio on with these as it boots. */
  saved: Settings | undefined
  avoidsInterference: boolean
}

export interface FirmwareParts {
  readonly clock: Clock
  readonly random: Random
  readonly medium: RadioMedium
  readonly label: string
  readonly position: Position
  readonly board: Board
  readonly memory: Memory
  readonly radioCounters: RadioCounters
  readonly queueCounters: PacketQueueCounters
  isWedged(): boolean
  /** What is told of a setting that is this, where it is to be told wrong. */
  echo(command: number, value: number): number
  /** Bytes for the host. */
  write(bytes: Uint8Array): void
  /** It asks for a reset: whoever owns it ends it and begins a new one. */
  reset(): void
}

/** How often it tells of its battery, ms. */
const BATTERY_MS = 5000
const CHARGED = 3
const FULL_PERCENT = 100
const CHIP_CELSIUS = 38

export class Firmware {
  readonly settings: Settings = newSettings()
  readonly radio: RadioUnit
  readonly queue: PacketQueue
  readonly parts: FirmwareParts
  /** How the last packet was heard, as the bytes that tell of it. */
  lastRssi = NEVER_HEARD_RSSI
  /** Length of frames without a header. It is echoed and else without effect here. */
  implicitLength = 0
  /** It was started with saved settings: what a host sets is kept and echoed, but not in force. */
  #isAutonomous = false
  readonly #host: HostBytes
  /** What came while it was sending. */
  #serial: Uint8Array[] = []
  #serialBytes = 0
  #preambleMs = 0
  #battery: Timer | undefined
  #isEnded = false
  /** Bytes that the line could not hold while it was sending. */
  lostSerialBytes = 0

  constructor(parts: FirmwareParts) {
    const { board, memory } = parts
    this.parts = parts
    this.queue = new PacketQueue(board.queueBytes, board.queuePackets, parts.queueCounters)
    this.radio = new RadioUnit(
      {
        ...parts,
        queue: this.queue,
        counters: parts.radioCounters,
        avoidsInterference: memory.avoidsInterference,
      },
      {
        packet: (packet, signal) => this.#received(packet, signal),
        flushed: () => this.#readSerial(),
        measured: () => this.#tellChannelTime(),
        bandChanged: ({ band, least, most }) => this.answer(Command.statCsma, [band, least, most]),
        timedOut: () => {
          this.answerRaw(Command.error, [ModemError.modemTimeout])
          this.answerRaw(Command.error, [ModemError.txFailed])
          parts.reset()
        },
      },
    )
    this.#host = new HostBytes({
      packetByte: (byte) => this.queue.push(byte),
      packetEnd: () => {
        this.queue.endPacket()
        this.radio.wake()
      },
      command: (command, args) => act(this, command, args),
    })
  }

  /** The last things of the boot: it has said what it had to say before. */
  start(): void {
    const { board, memory } = this.parts
    if (!board.hasTelemetry) return
    this.answerRaw(Command.reset, [RESET_MAGIC])
    this.#tellBatteryLater()
    if (memory.saved === undefined) return
    Object.assign(this.settings, memory.saved)
    this.#isAutonomous = true
    this.switchOn()
  }

  /** No power any more, or a reset: nothing is heard of it again. */
  end(): void {
    this.#isEnded = true
    this.radio.off()
    this.#battery?.cancel()
  }

  /** Bytes from the host. While it sends, they wait, and what is too much is lost. */
  receive(bytes: Uint8Array): void {
    if (!this.radio.isSending) {
      this.#read(bytes)
      return
    }
    const room = this.parts.board.serialBytes - this.#serialBytes
    const kept = bytes.slice(0, room)
    this.#serial.push(kept)
    this.#serialBytes += kept.length
    this.lostSerialBytes += bytes.length - kept.length
  }

  /** A reply with its arguments escaped. */
  answer(command: number, args: ArrayLike<number>): void {
    if (!this.#isEnded) this.parts.write(encodeKiss(command, args))
  }

  /** A reply as the firmware writes it where it does without escapes. */
  answerRaw(command: number, args: readonly number[]): void {
    if (!this.#isEnded) this.parts.write(Uint8Array.of(FEND, command, ...args, FEND))
  }

  tellRadioState(): void {
    this.answerRaw(Command.radioState, [this.parts.echo(Command.radioState, this.radio.isOn ? 1 : 0) & 0xff])
  }

  switchOn(): void {
    if (!this.radio.isOn && !isLocked(this.settings)) {
      this.#tune()
      // It sets bandwidth, spreading factor and code rate one by one, and tells of the result each time.
      this.#tellPhy()
      this.#tellPhy()
      this.#tellPhy()
    }
    this.tellRadioState()
  }

  /** A setting of the modulation has changed: it takes effect where the radio is on. */
  retune(tellsPhy: boolean): void {
    if (!this.radio.isOn || this.#isAutonomous) return
    this.#tune()
    if (tellsPhy) this.#tellPhy()
  }

  changePower(): void {
    if (!this.#isAutonomous) this.radio.setPower(this.settings.powerDbm)
  }

  #tune(): void {
    const { settings } = this
    settings.bandwidthHz = chipBandwidth(settings.bandwidthHz)
    settings.frequencyHz = chipFrequency(this.parts.board.chip, settings.frequencyHz)
    this.radio.tune(settings)
  }

  #read(bytes: Uint8Array): void {
    // A command among them may reset it.
    for (let i = 0; i < bytes.length && !this.#isEnded; i++) this.#host.take(bytes[i] as number)
  }

  #readSerial(): void {
    const waiting = this.#serial
    this.#serial = []
    this.#serialBytes = 0
    for (const bytes of waiting) this.#read(bytes)
  }

  #received(packet: Uint8Array, { dBm, snrDb }: SignalReport): void {
    const snr = snrField(snrDb)
    this.lastRssi = dbmField(Math.trunc(dBm))
    this.answer(Command.statRssi, [this.lastRssi])
    this.answer(Command.statSnr, [snr])
    this.answer(Command.data, packet)
  }

  #tellPhy(): void {
    if (!this.parts.board.hasTelemetry) return
    const { symbolMs, preambleSymbols, preambleMs, slotMs, difsMs } = this.radio.timing
    const phy = {
      symbolUs: Math.floor(symbolMs * 1000),
      symbolsPerSecond: Math.floor(1000 / symbolMs),
      preambleSymbols,
      // The time of the preamble is worked out after it has been told: it is that of the settings before.
      preambleMs: this.#preambleMs,
      slotMs,
      difsMs,
    }
    this.#preambleMs = preambleMs
    this.answer(Command.statPhyParameters, encodePhyParameters(phy))
  }

  #tellChannelTime(): void {
    const { shares, levelDbm, noiseFloorDbm, hasInterference } = this.radio.watch
    const time = {
      airtimeShort: cut(shares.airtimeShort),
      airtimeLong: cut(shares.airtimeLong),
      channelShort: cut(shares.channelShort),
      channelLong: cut(shares.channelLong),
      rssiDbm: levelDbm,
      noiseFloorDbm,
      ...(hasInterference ? { interferenceDbm: levelDbm } : {}),
    }
    this.answer(Command.statChannelTime, encodeChannelTime(time))
  }

  #tellBatteryLater(): void {
    this.#battery = this.parts.clock.setTimer(BATTERY_MS, () => {
      // Its processor has no time for this while it sends.
      if (!this.radio.isSending) {
        this.answer(Command.statBattery, [CHARGED, FULL_PERCENT])
        if (this.parts.board.platform === 'esp32') {
          this.answer(Command.statTemperature, [temperatureField(CHIP_CELSIUS)])
        }
      }
      this.#tellBatteryLater()
    })
  }
}

const FEND = 0xc0
/** What the firmware has in place of an RSSI before the first packet, -292 dBm, in a byte. */
export const NEVER_HEARD_RSSI = (-292 + 157) & 0xff

/** Down to the hundredth of a per cent in which it is told. */
function cut(share: number): number {
  return Math.floor(share * 10_000) / 10_000
}
