/** Hosts at emulated modems, for the tests of this folder. */
import { seededRandom } from '../../../src/runtime/random.ts'
import { VirtualClock } from '../../../src/sim/clock.ts'
import type { EmulatedModem, HostEnd } from '../../../src/sim/rnode/modem.ts'
import {
  EmulatedAir,
  type EmulatedAirOptions,
  type EmulatedModemOptions,
} from '../../../src/sim/rnode/network.ts'
import { encodeKiss, KissDecoder } from '../../../src/transport/lora/rnode/kiss.ts'

/** SF 8, 125 kHz, 4/5, 868.1 MHz, 14 dBm, and on. */
export const BRING_UP = hex('c00133be27a0c0 c0020001e848c0 c0030ec0 c00408c0 c00505c0 c00601c0')

export class Host {
  readonly modem: EmulatedModem
  readonly #clock: VirtualClock
  readonly #end: HostEnd
  /** Everything since it was last taken. */
  #bytes: number[] = []
  readonly packets: { readonly at: number; readonly bytes: Uint8Array }[] = []
  readonly frames: { readonly at: number; readonly command: number; readonly args: Uint8Array }[] = []
  closed: string | undefined

  constructor(clock: VirtualClock, modem: EmulatedModem) {
    this.modem = modem
    this.#clock = clock
    const decoder = new KissDecoder((command, args) => {
      const at = clock.monotonic()
      this.frames.push({ at, command, args: args.slice() })
      if (command === 0) this.packets.push({ at, bytes: args.slice() })
    }, 600)
    this.#end = modem.connect({
      bytes: (data) => {
        this.#bytes.push(...data)
        decoder.push(data)
      },
      closed: (reason) => {
        this.closed = reason
      },
    })
  }

  write(bytes: Uint8Array): void {
    this.#end.write(bytes)
  }

  send(packet: Uint8Array): void {
    this.#end.write(encodeKiss(0, packet))
  }

  /** What it says within `ms` after these bytes, in hexadecimal. */
  ask(bytes: string, ms = 1): string {
    this.take()
    this.#end.write(hex(bytes))
    this.#clock.advance(ms)
    return this.take()
  }

  take(): string {
    const text = Buffer.from(this.#bytes).toString('hex')
    this.#bytes = []
    return text
  }

  /** The arguments of all frames of a command so far. */
  of(command: number): Uint8Array[] {
    return this.frames.filter((frame) => frame.command === command).map(({ args }) => args)
  }

  close(): void {
    this.#end.close()
  }
}

export class RNodeBench {
  readonly clock = new VirtualClock()
  readonly air: EmulatedAir

  constructor(options: Partial<EmulatedAirOptions> = {}, seed = 'rnode bench') {
    this.air = new EmulatedAir({ clock: this.clock, random: seededRandom(seed), ...options })
  }

  /** A modem with a host. */
  host(name: string, options: Partial<EmulatedModemOptions> = {}): Host {
    return new Host(this.clock, this.air.modem({ name, ...options }))
  }

  /** The same, switched on: SF 8 at 125 kHz unless another spreading factor is given. */
  radio(name: string, options: Partial<EmulatedModemOptions> & { sf?: number; kHz?: number } = {}): Host {
    const { sf = 8, kHz = 125, ...board } = options
    const host = this.host(name, board)
    host.write(BRING_UP)
    host.write(encodeKiss(4, [sf]))
    const hz = Buffer.alloc(4)
    hz.writeUInt32BE(kHz * 1000)
    host.write(encodeKiss(2, hz))
    this.clock.advance(10)
    host.take()
    return host
  }
}

export function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
}

export function packetOf(length: number, first = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, n) => (n === 0 ? first : n & 0xff))
}
