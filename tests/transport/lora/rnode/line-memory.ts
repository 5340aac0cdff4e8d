/** A line in memory, for scripted modems. */
import type { Clock } from '../../../../src/runtime/clock.ts'
import { MeshError } from '../../../../src/runtime/errors.ts'
import type { Line, LineListener, OpenLine } from '../../../../src/transport/lora/rnode/line.ts'

/** What stands at the other end: told of each line that is opened, it says who hears what is written. */
export type AcceptLine = (line: Line) => LineListener

/** A port that a modem can be plugged into and pulled out of. */
export class MemoryPort {
  readonly name: string
  readonly #clock: Clock
  #accept: AcceptLine | undefined
  #hangUp: ((reason: string) => void) | undefined

  constructor(name: string, clock: Clock) {
    this.name = name
    this.#clock = clock
  }

  plug(accept: AcceptLine): void {
    this.#accept = accept
  }

  /** Both ends of an open line are told. */
  unplug(reason = 'it was unplugged'): void {
    this.#accept = undefined
    this.#hangUp?.(reason)
  }

  /** One line at a time, as on a serial port. */
  readonly open: OpenLine = async (listener) => {
    const accept = this.#accept
    if (accept === undefined) throw new MeshError('ERR_TRANSPORT', `${this.name}: there is no such port`)
    if (this.#hangUp !== undefined) throw new MeshError('ERR_TRANSPORT', `${this.name}: it is in use already`)
    return this.#connect(listener, accept)
  }

  #connect(host: LineListener, accept: AcceptLine): Line {
    let isOpen = true
    const write = (bytes: Uint8Array, to: () => LineListener): boolean => {
      const copy = bytes.slice()
      if (isOpen) this.#clock.defer(() => isOpen && to().bytes(copy))
      return isOpen
    }
    const end = (reason: string, to: () => readonly LineListener[]): void => {
      if (!isOpen) return
      isOpen = false
      this.#hangUp = undefined
      this.#clock.defer(() => {
        for (const listener of to()) listener.closed(reason)
      })
    }
    const modem = accept({
      write: (bytes) => write(bytes, () => host),
      close: () => end('the modem closed the line', () => [host]),
    })
    this.#hangUp = (reason) => end(reason, () => [host, modem])
    return {
      write: (bytes) => write(bytes, () => modem),
      close: () => end('the host closed the line', () => [modem]),
    }
  }
}
