/** A modem in memory that does what a test tells it, written from the protocol and not from the emulator. */
import type { VirtualClock } from '../../../../src/sim/clock.ts'
import type { Modulation } from '../../../../src/transport/lora/airtime.ts'
import type { Line, LineListener } from '../../../../src/transport/lora/rnode/line.ts'
import type { ModemLine } from '../../../../src/transport/lora/rnode/open-line.ts'
import {
  chargedAirtimeMs,
  packetAirtimeMs,
  rnodeModulation,
} from '../../../../src/transport/lora/rnode-timing.ts'
import { MemoryPort } from './line-memory.ts'

const FEND = 0xc0

/** What can be told to be otherwise. Commands are the numbers of the protocol. */
export interface Script {
  firmware: readonly [number, number]
  platform: number
  board: number | undefined
  maxPowerDbm: number
  /** What to answer instead of the truth, by command. */
  lies: Map<number, readonly number[]>
  /** Commands that get no answer. */
  deafTo: Set<number>
  isSilent: boolean
  /** Reports its channel each second, and after each packet. */
  reports: boolean
  isWedged: boolean
  isFull: boolean
  /** How long it does not listen after it was plugged in or reset, ms. */
  bootMs: number
  /** What it says meanwhile. */
  bootText: string
  /** How much it says at a time, bytes. */
  chunkBytes: number
  /** How long it waits before it sends a packet, ms. */
  accessMs: number
}

export class ScriptedModem {
  readonly script: Script = {
    firmware: [1, 86],
    platform: 0x80,
    board: 0x3a,
    maxPowerDbm: 22,
    lies: new Map(),
    deafTo: new Set(),
    isSilent: false,
    reports: true,
    isWedged: false,
    isFull: false,
    bootMs: 300,
    bootText: '',
    chunkBytes: 1000,
    accessMs: 100,
  }
  readonly port: MemoryPort
  /** Each frame of the host, unescaped: the command, then its arguments. */
  readonly heard: number[][] = []
  /** Packets that went on the air. */
  readonly onAir: Uint8Array[] = []
  /** Called with each byte that the host writes: tests pull the plug in it. */
  onByte: (() => void) | undefined
  /** Called before it says that its radio is on. */
  onSwitchedOn: (() => void) | undefined
  settings = { frequency: 0, bandwidth: 0, power: 0xff, sf: 0, cr: 5 }
  isOn = false
  resets = 0
  readonly #clock: VirtualClock
  #line: Line | undefined
  #frame: number[] | undefined
  #isEscaped = false
  #queue: Uint8Array[] = []
  #isSending = false
  #power = 0
  #bootedAt = 0
  /** When own airtime was used, and how much, ms. */
  #used: { at: number; ms: number }[] = []

  constructor(clock: VirtualClock) {
    this.#clock = clock
    this.port = new MemoryPort('memory', clock)
    this.plugIn()
    this.#reportEachSecond()
  }

  get line(): ModemLine {
    return { open: this.port.open, bootMs: 500, answerMs: 500, gapMs: 100 }
  }

  get queued(): number {
    return this.#queue.length
  }

  plugIn(): void {
    this.#boot()
    this.port.plug((line) => {
      this.#line = line
      return { bytes: (data) => this.#takeBytes(data), closed: () => this.#hostLeft() } satisfies LineListener
    })
  }

  unplug(): void {
    this.#boot()
    this.#line = undefined
    this.port.unplug('it was unplugged')
  }

  /** As by its button: it tells that it has restarted once it has. */
  reset(): void {
    this.resets += 1
    this.#boot()
    this.script.isWedged = false
    this.#write(new TextEncoder().encode(this.script.bootText))
    const power = this.#power
    this.#clock.setTimer(this.script.bootMs, () => {
      if (power === this.#power) this.say(0x55, [0xf8])
    })
  }

  /** A packet from the air. */
  deliver(packet: Uint8Array, rssi = 0x40, snr = 0xf4): void {
    this.say(0x23, [rssi])
    this.say(0x24, [snr])
    this.say(0x00, [...packet])
  }

  say(command: number, args: readonly number[]): void {
    const escaped = args.flatMap((byte) => {
      if (byte === FEND) return [0xdb, 0xdc]
      return byte === 0xdb ? [0xdb, 0xdd] : [byte]
    })
    this.#write(Uint8Array.from([FEND, command, ...escaped, FEND]))
  }

  raw(bytes: Uint8Array): void {
    this.#write(bytes)
  }

  #hostLeft(): void {
    this.#line = undefined
    this.#frame = undefined
  }

  #boot(): void {
    this.#power += 1
    this.#bootedAt = this.#clock.monotonic() + this.script.bootMs
    this.settings = { frequency: 0, bandwidth: 0, power: 0xff, sf: 0, cr: 5 }
    this.isOn = false
    this.#queue = []
    this.#isSending = false
    this.#used = []
    this.#frame = undefined
  }

  #write(bytes: Uint8Array): void {
    if (this.script.isSilent) return
    for (let at = 0; at < bytes.length; at += this.script.chunkBytes) {
      this.#line?.write(bytes.subarray(at, at + this.script.chunkBytes))
    }
  }

  #takeBytes(data: Uint8Array): void {
    for (const byte of data) {
      this.onByte?.()
      if (this.#line !== undefined && this.#clock.monotonic() >= this.#bootedAt) this.#takeByte(byte)
    }
  }

  #takeByte(byte: number): void {
    if (byte === FEND) {
      const frame = this.#frame
      this.#frame = []
      if (frame !== undefined && frame.length > 0) this.#takeFrame(frame)
    } else if (byte === 0xdb) {
      this.#isEscaped = true
    } else {
      this.#frame?.push(this.#isEscaped ? (byte === 0xdc ? 0xc0 : 0xdb) : byte)
      this.#isEscaped = false
    }
  }

  #takeFrame(frame: number[]): void {
    this.heard.push(frame)
    const [command = 0, ...args] = frame
    if (this.script.deafTo.has(command)) return
    const answer = this.#answerTo(command, args)
    if (answer !== undefined) this.say(command, this.script.lies.get(command) ?? answer)
  }

  #answerTo(command: number, args: readonly number[]): readonly number[] | undefined {
    const { script, settings } = this
    const value = args.reduce((sum, byte) => sum * 256 + byte, 0)
    switch (command) {
      case 0x00:
        this.#enqueue(Uint8Array.from(args))
        return undefined
      case 0x01:
        if (value !== 0) settings.frequency = value
        return long(settings.frequency)
      case 0x02:
        if (value !== 0) settings.bandwidth = value
        return long(settings.bandwidth)
      case 0x03:
        if (value !== 0xff) settings.power = Math.min(value, script.maxPowerDbm)
        return [settings.power]
      case 0x04:
        if (value !== 0xff) settings.sf = value
        return [settings.sf]
      case 0x05:
        if (value !== 0xff) settings.cr = value
        return [settings.cr]
      case 0x06:
        if (value === 0xff) return [this.isOn ? 1 : 0]
        this.isOn = value === 1 && !this.#isLocked
        if (this.isOn) this.onSwitchedOn?.()
        this.#send()
        return [this.isOn ? 1 : 0]
      case 0x07:
        return [this.#isLocked ? 1 : 0]
      case 0x08:
        return [0x46]
      case 0x0b:
      case 0x0c:
        return args
      case 0x0f:
        return [script.isFull ? 0 : 1]
      case 0x47:
        return script.board === undefined ? undefined : [script.board]
      case 0x48:
        return [script.platform]
      case 0x49:
        return [0x81]
      case 0x50:
        return script.firmware
      case 0x55:
        this.reset()
        return undefined
      default:
        return undefined
    }
  }

  get #isLocked(): boolean {
    const { frequency, bandwidth, power, sf } = this.settings
    return frequency === 0 || bandwidth === 0 || power === 0xff || sf === 0
  }

  get #modulation(): Modulation {
    return rnodeModulation(this.settings.sf, this.settings.bandwidth, this.settings.cr)
  }

  #enqueue(packet: Uint8Array): void {
    this.#queue.push(packet)
    this.#send()
  }

  #send(): void {
    const [packet] = this.#queue
    if (!this.isOn || this.#isSending || packet === undefined || this.script.isWedged) return
    this.#isSending = true
    const power = this.#power
    this.#clock.setTimer(this.script.accessMs + packetAirtimeMs(this.#modulation, packet.length), () => {
      if (power !== this.#power) return
      this.#isSending = false
      this.#queue.shift()
      this.onAir.push(packet)
      this.#used.push({ at: this.#clock.monotonic(), ms: chargedAirtimeMs(this.#modulation, packet.length) })
      this.#report()
      this.#send()
    })
  }

  #reportEachSecond(): void {
    this.#clock.setTimer(1000, () => {
      this.#report()
      this.#reportEachSecond()
    })
  }

  #report(): void {
    const now = this.#clock.monotonic()
    if (!this.isOn || !this.script.reports || now < this.#bootedAt) return
    const bin = Math.floor(now / 7500)
    const shortMs = this.#used.filter(({ at }) => Math.floor(at / 7500) >= bin - 1)
    const share = (used: readonly { ms: number }[], windowMs: number): number => {
      return Math.floor((used.reduce((sum, { ms }) => sum + ms, 0) / windowMs) * 10_000)
    }
    const short = share(shortMs, 15_000)
    this.say(0x25, [
      ...pair(short),
      ...pair(share(this.#used, 3_600_000)),
      ...pair(short),
      0,
      0,
      60,
      45,
      0xff,
    ])
  }
}

function pair(value: number): readonly number[] {
  return [value >>> 8, value & 0xff]
}

function long(value: number): readonly number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]
}
