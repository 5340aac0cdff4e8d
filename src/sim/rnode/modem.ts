/** An RNode that is not there: a board with its firmware, its port, its power and its faults. */
import type { Clock, Timer } from '../../runtime/clock.ts'
import { MeshError } from '../../runtime/errors.ts'
import type { Random } from '../../runtime/random.ts'
import type { Line, OpenLine } from '../../transport/lora/rnode/line.ts'
import type { ModemLine } from '../../transport/lora/rnode/open-line.ts'
import type { RadioMedium } from '../radio/medium.ts'
import type { Position } from '../radio/propagation.ts'
import { newRadioCounters, type RadioCounters } from '../radio/radio.ts'
import type { Board } from './board.ts'
import { type EchoField, Faults } from './faults.ts'
import { Firmware, type Memory } from './firmware.ts'
import { type Host, HostPort } from './host-port.ts'
import { newPacketQueueCounters, type PacketQueueCounters } from './packet-queue.ts'
import type { Settings } from './settings.ts'

export interface ModemParts {
  readonly name: string
  readonly clock: Clock
  readonly random: Random
  readonly medium: RadioMedium
  readonly position: Position
  readonly board: Board
}

/** The host's end of the port. */
export interface HostEnd {
  write(bytes: Uint8Array): void
  /** Idempotent; `closed` does not follow. */
  close(): void
}

/** `opened` and `closed` are what a host does to the port. */
export type ModemChange = 'plugged in' | 'unplugged' | 'reset' | 'opened' | 'closed'

export interface ModemStatus {
  readonly name: string
  readonly power: 'on' | 'booting' | 'unplugged'
  readonly hasHost: boolean
  readonly radio: 'on' | 'off'
  readonly settings: Readonly<Settings>
  readonly isSending: boolean
  /** Its own airtime lock keeps it from sending. */
  readonly isLocked: boolean
  readonly queuedPackets: number
  readonly queuedBytes: number
  readonly faults: readonly string[]
}

export class EmulatedModem {
  readonly name: string
  readonly board: Board
  /** What its radio has sent and received, over resets; airtime by the exact formula. */
  readonly radioCounters: RadioCounters = newRadioCounters()
  readonly queueCounters: PacketQueueCounters = newPacketQueueCounters()
  /** Opens its port, as a host in the same process does. One host at a time. */
  readonly openLine: OpenLine
  /** Called when something has happened to it. */
  readonly watchers = new Set<(change: ModemChange) => void>()
  readonly #parts: ModemParts
  readonly #clock: Clock
  readonly #garbage: Random
  readonly #faults = new Faults()
  readonly #memory: Memory = { saved: undefined, avoidsInterference: true }
  #position: Position
  #firmware: Firmware
  #power: 'on' | 'booting' | 'unplugged' = 'on'
  #powerTimer: Timer | undefined
  #host: HostPort | undefined
  #boots = 0
  #lostSerialBytes = 0

  /** It has been plugged in and has booted, and nobody has spoken to it. */
  constructor(parts: ModemParts) {
    this.#parts = parts
    this.name = parts.name
    this.board = parts.board
    this.#clock = parts.clock
    this.#garbage = parts.random.fork('garbage')
    this.#position = parts.position
    this.#firmware = this.#newFirmware()
    this.#firmware.start()
    this.openLine = async (listener, signal): Promise<Line> => {
      signal.throwIfAborted()
      let isOpen = true
      const end = this.connect({
        bytes: (data) => listener.bytes(data),
        closed: (reason) => {
          isOpen = false
          listener.closed(reason)
        },
      })
      return {
        write(bytes) {
          if (isOpen) end.write(bytes)
          return isOpen
        },
        close() {
          isOpen = false
          end.close()
        },
      }
    }
  }

  /** For `lora({ port, line })`. It is up when it is opened, and answers at once where its firmware does. */
  get line(): ModemLine {
    return { open: this.openLine, bootMs: 0, answerMs: 500, gapMs: 100 }
  }

  /** Bytes that came while it sent and that its line could not hold. */
  get lostSerialBytes(): number {
    return this.#lostSerialBytes + this.#firmware.lostSerialBytes
  }

  get isPluggedIn(): boolean {
    return this.#power !== 'unplugged'
  }

  get status(): ModemStatus {
    const { radio, queue, settings } = this.#firmware
    return {
      name: this.name,
      power: this.#power,
      hasHost: this.#host !== undefined,
      radio: radio.isOn ? 'on' : 'off',
      settings: { ...settings },
      isSending: radio.isSending,
      isLocked: radio.isAirtimeLocked,
      queuedPackets: queue.packets,
      queuedBytes: queue.bytes,
      faults: this.#faults.list,
    }
  }

  /**
   * Opens the port.
   *
   * @throws MeshError ERR_TRANSPORT when it is unplugged or another host has it open.
   */
  connect(host: Host): HostEnd {
    if (!this.isPluggedIn) throw new MeshError('ERR_TRANSPORT', `modem ${this.name} is unplugged: plug it in`)
    if (this.#host !== undefined) {
      throw new MeshError('ERR_TRANSPORT', `modem ${this.name} is in use by another program: close that one`)
    }
    const port = new HostPort(
      this.#clock,
      {
        bytes: (data) => host.bytes(data),
        closed: (reason) => host.closed(reason),
      },
      () => this.#faults.bytesPerS,
    )
    this.#host = port
    this.#tell('opened')
    if (this.board.resetsOnOpen) this.reset()
    return {
      write: (bytes) => {
        const copy = Uint8Array.from(bytes)
        this.#clock.setTimer(0, () => {
          if (this.#host === port) this.#receive(copy)
        })
      },
      close: () => {
        port.close()
        if (this.#host !== port) return
        this.#host = undefined
        this.#tell('closed')
      },
    }
  }

  moveTo(position: Position): void {
    this.#position = position
    this.#firmware.radio.moveTo(position)
  }

  /** Pulls it out; power and port are gone. @param ms after which it is plugged in again, unless told so before. */
  unplug(ms?: number): void {
    if (this.isPluggedIn) {
      this.#powerOff('unplugged')
      this.#faults.reset()
      this.#host?.breakOff('the modem was unplugged')
      this.#host = undefined
      this.#tell('unplugged')
    }
    if (ms === undefined) return
    this.#powerTimer?.cancel()
    this.#powerTimer = this.#clock.setTimer(ms, () => this.plugIn())
  }

  plugIn(): void {
    if (this.isPluggedIn) return
    this.#boot()
    this.#tell('plugged in')
  }

  /** Boots anew, as by its button or the command; the port stays open. */
  reset(): void {
    if (!this.isPluggedIn) return
    this.#powerOff('booting')
    this.#faults.reset()
    this.#boot()
    this.#tell('reset')
  }

  /** From now on it takes packets and sends none, until it is reset or healed; `forGood`: until it is healed. */
  wedge(forGood = false): void {
    this.#faults.isWedged = true
    this.#faults.isWedgedForGood = forGood
    this.#firmware.radio.wake()
  }

  /** Neither reads nor answers, until it is healed. */
  silence(): void {
    this.#faults.isSilent = true
  }

  /** Says what it says byte by byte, until it is healed. */
  slow(bytesPerS: number): void {
    this.#faults.bytesPerS = bytesPerS
  }

  /** Writes random bytes to its host, once. */
  garbage(bytes: number): void {
    this.#write(this.#garbage.bytes(bytes))
  }

  /** Echoes a setting with so much added, while the right one is in force, until it is healed. */
  wrongEcho(field: EchoField, offset: number): void {
    this.#faults.setEcho(field, offset)
  }

  /** Something near it that is no LoRa radio makes noise for a while. */
  interfere(dBm: number, ms: number): void {
    this.#parts.medium.radios.get(this.name)?.addNoise(dBm, ms)
  }

  /** Ends all faults, and plugs it in. */
  heal(): void {
    this.#faults.heal()
    this.plugIn()
    this.#firmware.radio.wake()
  }

  #receive(bytes: Uint8Array): void {
    if (this.#power === 'on' && !this.#faults.isSilent) this.#firmware.receive(bytes)
  }

  #write(bytes: Uint8Array): void {
    if (!this.#faults.isSilent) this.#host?.write(bytes)
  }

  #tell(change: ModemChange): void {
    for (const watcher of this.watchers) watcher(change)
  }

  #powerOff(power: 'booting' | 'unplugged'): void {
    this.#firmware.end()
    this.#lostSerialBytes += this.#firmware.lostSerialBytes
    this.#firmware = this.#newFirmware()
    this.#powerTimer?.cancel()
    this.#powerTimer = undefined
    this.#power = power
  }

  #boot(): void {
    this.#powerTimer?.cancel()
    this.#power = 'booting'
    const { bootText, bootMs } = this.board
    if (bootText !== '') this.#write(new TextEncoder().encode(bootText))
    this.#powerTimer = this.#clock.setTimer(bootMs, () => {
      this.#power = 'on'
      this.#firmware = this.#newFirmware()
      this.#firmware.start()
    })
  }

  /** Nothing happens in it before it is started. */
  #newFirmware(): Firmware {
    const { clock, random, medium, name, board } = this.#parts
    this.#boots += 1
    return new Firmware({
      clock,
      random: random.fork(`boot ${this.#boots}`),
      medium,
      label: name,
      position: this.#position,
      board,
      memory: this.#memory,
      radioCounters: this.radioCounters,
      queueCounters: this.queueCounters,
      isWedged: () => this.#faults.isWedged,
      echo: (command, value) => this.#faults.echo(command, value),
      write: (bytes) => this.#write(bytes),
      reset: () => this.reset(),
    })
  }
}
