/** The line to a modem on a serial or USB port. */
import { readFile, stat } from 'node:fs/promises'
import type { Clock } from '../../../runtime/clock.ts'
import { MeshError, messageOf, systemCodeOf } from '../../../runtime/errors.ts'
import { type Line, type LineListener, MAX_BACKLOG_BYTES, type OpenLine } from './line.ts'
import { attendWrites, openSerialPort, readSerialPort, type SerialPort } from './serial-port.ts'

const BAUD_RATE = 115_200
const READ_BYTES = 4096

/** @param path such as `/dev/ttyACM0` or `COM3`. */
export function serialLine(path: string, clock: Clock): OpenLine {
  return async (listener, signal) => {
    const opening = openSerialPort(path, BAUD_RATE)
    try {
      const port = await Promise.race([opening, aborted(signal)])
      return new SerialLine(port, listener, clock)
    } catch (error) {
      // It may still open; then nobody wants it any more.
      opening.then(closeQuietly, () => undefined)
      if (error instanceof MeshError) throw error
      const reason = signal.aborted ? 'the port does not open' : await reasonOf(path, error)
      throw new MeshError('ERR_TRANSPORT', `${path}: ${reason}`, { cause: error })
    }
  }
}

class SerialLine implements Line {
  readonly #port: SerialPort
  readonly #listener: LineListener
  readonly #clock: Clock
  #isOpen = true
  #unwritten: Uint8Array[] = []
  #unwrittenBytes = 0
  #isWriting = false

  constructor(port: SerialPort, listener: LineListener, clock: Clock) {
    this.#port = port
    this.#listener = listener
    this.#clock = clock
    attendWrites(port, clock)
    void this.#readAll()
  }

  write(bytes: Uint8Array): boolean {
    if (!this.#isOpen || this.#unwrittenBytes > MAX_BACKLOG_BYTES) return false
    this.#unwritten.push(bytes)
    this.#unwrittenBytes += bytes.length
    if (!this.#isWriting) this.#writeAll().catch(() => this.#gone())
    return true
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    closeQuietly(this.#port)
  }

  async #readAll(): Promise<void> {
    const buffer = Buffer.allocUnsafe(READ_BYTES)
    while (this.#isOpen) {
      const length = await readSerialPort(this.#port, buffer, this.#clock).catch(() => this.#gone())
      if (length !== undefined && this.#isOpen) {
        this.#listener.bytes(Uint8Array.from(buffer.subarray(0, length)))
      }
    }
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true
    while (this.#isOpen && this.#unwritten.length > 0) {
      const bytes = Buffer.concat(this.#unwritten)
      this.#unwritten = []
      await this.#port.write(bytes)
      this.#unwrittenBytes -= bytes.length
    }
    this.#isWriting = false
  }

  #gone(): void {
    if (!this.#isOpen) return
    this.close()
    this.#listener.closed('it was unplugged')
  }
}

function closeQuietly(port: SerialPort): void {
  // It fails where the port is gone already, which is what was asked for.
  port.close().catch(() => undefined)
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

/** The bindings tell what is wrong in words only. */
async function reasonOf(path: string, error: unknown): Promise<string> {
  const text = messageOf(error)
  if (/no such|not found/i.test(text)) return 'there is no such port; is the modem plugged in?'
  if (/lock|busy|access denied/i.test(text)) return 'it is in use by another program: end that one first'
  if (/permission denied/i.test(text)) return await permissionAdvice(path)
  if (/inappropriate ioctl|is a directory/i.test(text)) return 'that is not a serial port'
  return text.replace(/^Error:? /, '')
}

async function permissionAdvice(path: string): Promise<string> {
  const group = await groupOf(path)
  if (group === undefined || group === 'root') {
    return 'you may not use this port, and no group may: see docs/hardware.md for a udev rule'
  }
  return `you may not use this port; to join its group: sudo usermod -aG ${group} $USER, then log in again`
}

/** The name of the group that a device belongs to: `dialout` on Debian, `uucp` on Arch. */
async function groupOf(path: string): Promise<string | undefined> {
  try {
    const { gid } = await stat(path)
    const groups = await readFile('/etc/group', 'utf8')
    const fields = groups.split('\n').map((line) => line.split(':'))
    return fields.find(([, , id]) => id === String(gid))?.[0]
  } catch (error) {
    if (systemCodeOf(error) !== undefined) return undefined
    throw error
  }
}
