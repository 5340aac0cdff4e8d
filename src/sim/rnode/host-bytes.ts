/**
 * How RNode firmware reads its line, byte by byte, with what hosts stumble over: a command acts as soon as the
 * argument byte is there that it needs, not when its frame ends; the C0 that ends a packet does not begin the
 * next frame; and an escape that a C0 cuts off is applied to the frame after it.
 */
import { Command } from '../../transport/lora/rnode/commands.ts'

const FEND = 0xc0
const FESC = 0xdb
const ESCAPED_FEND = 0xdc
const ESCAPED_FESC = 0xdd
/** What the firmware takes for the absence of a command. */
const NO_COMMAND = 0xfe
/** Commands of displays and of provisioning: taken, so that their arguments are not mistaken for others. */
const FRAME_BUFFER_WRITE = 0x43
export const ROM_WRITE = 0x52
/** Arguments beyond this are not kept, bytes. */
const ARGUMENT_BYTES = 64

export interface HostBytesListener {
  /** A byte of a packet. */
  packetByte(byte: number): void
  packetEnd(): void
  /** A command whose arguments are complete. `args` is only valid within the call. */
  command(command: number, args: Uint8Array): void
}

/** Commands whose arguments are escaped, and the number of bytes at which they act. All others act on each byte. */
const LENGTHS: ReadonlyMap<number, number> = new Map([
  [Command.frequency, 4],
  [Command.bandwidth, 4],
  [Command.shortAirtimeLock, 2],
  [Command.longAirtimeLock, 2],
  [FRAME_BUFFER_WRITE, 9],
  [ROM_WRITE, 2],
])

export class HostBytes {
  readonly #listener: HostBytesListener
  readonly #args = new Uint8Array(ARGUMENT_BYTES)
  #length = 0
  #command = NO_COMMAND
  #isInFrame = false
  #isEscaped = false

  constructor(listener: HostBytesListener) {
    this.#listener = listener
  }

  take(byte: number): void {
    if (byte === FEND) this.#delimiter()
    else if (!this.#isInFrame) return
    else if (this.#command === NO_COMMAND) this.#command = byte
    else if (this.#command === Command.data) this.#packetByte(byte)
    else this.#argument(byte)
  }

  #delimiter(): void {
    if (this.#isInFrame && this.#command === Command.data) {
      this.#isInFrame = false
      this.#listener.packetEnd()
      return
    }
    this.#isInFrame = true
    this.#command = NO_COMMAND
    this.#length = 0
  }

  #packetByte(byte: number): void {
    const plain = this.#unescaped(byte)
    if (plain !== undefined) this.#listener.packetByte(plain)
  }

  #argument(byte: number): void {
    const wanted = LENGTHS.get(this.#command)
    if (wanted === undefined) {
      this.#args[0] = byte
      this.#listener.command(this.#command, this.#args.subarray(0, 1))
      return
    }
    const plain = this.#unescaped(byte)
    if (plain === undefined || this.#length === ARGUMENT_BYTES) return
    this.#args[this.#length++] = plain
    if (this.#length === wanted) this.#listener.command(this.#command, this.#args.subarray(0, wanted))
  }

  #unescaped(byte: number): number | undefined {
    if (byte === FESC) {
      this.#isEscaped = true
      return undefined
    }
    if (!this.#isEscaped) return byte
    this.#isEscaped = false
    if (byte === ESCAPED_FEND) return FEND
    return byte === ESCAPED_FESC ? FESC : byte
  }
}
