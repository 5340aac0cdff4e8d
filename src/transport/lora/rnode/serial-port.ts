/**
 * Bytes to and from a serial port through the bindings of an optional package, which is loaded at the first use.
 * Its own way of reading is passed over: on a port that was hung up it reads nothing for ever, and the promises
 * that it waits with are not run on Node 26 before something else happens.
 */
import { read } from 'node:fs'
import { promisify } from 'node:util'
import type { AutoDetectTypes } from '@serialport/bindings-cpp'
import type { Clock } from '../../../runtime/clock.ts'
import { MeshError, systemCodeOf } from '../../../runtime/errors.ts'

export type SerialPort = Awaited<ReturnType<AutoDetectTypes['open']>>
type UnixPort = Extract<SerialPort, { readonly poller: unknown }>

const readDescriptor = promisify(read)
const NOTHING_THERE: ReadonlySet<string | undefined> = new Set(['EAGAIN', 'EWOULDBLOCK', 'EINTR'])

/** @throws what the bindings do, in words only; MeshError ERR_TRANSPORT where they are not installed. */
export async function openSerialPort(path: string, baudRate: number): Promise<SerialPort> {
  const { autoDetect } = await loadBindings(path)
  return await autoDetect().open({ path, baudRate })
}

async function loadBindings(path: string) {
  try {
    return await import('@serialport/bindings-cpp')
  } catch (error) {
    const fix = 'npm install @serialport/bindings-cpp'
    throw new MeshError('ERR_TRANSPORT', `${path}: serial ports need an optional package: ${fix}`, {
      cause: error,
    })
  }
}

/** Waits for bytes. @returns how many there are in `buffer` now. @throws when the port is gone. */
export async function readSerialPort(port: SerialPort, buffer: Buffer, clock: Clock): Promise<number> {
  if (!('poller' in port)) return (await port.read(buffer, 0, buffer.length)).bytesRead
  for (;;) {
    const bytesRead = await readWhatIsThere(port, buffer)
    if (bytesRead > 0) return bytesRead
    // It may have been closed meanwhile, and a closed port that is waited for ends the process.
    if (!port.isOpen) throw new Error('the port is closed')
    await readable(port, clock)
  }
}

async function readWhatIsThere({ fd }: UnixPort, buffer: Buffer): Promise<number> {
  if (fd === null) throw new Error('the port is closed')
  try {
    const { bytesRead } = await readDescriptor(fd, buffer, 0, buffer.length, null)
    // Where there is nothing to read the system says so; nothing at all is the end.
    if (bytesRead === 0) throw new Error('the port was hung up')
    return bytesRead
  } catch (error) {
    if (NOTHING_THERE.has(systemCodeOf(error))) return 0
    throw error
  }
}

function readable({ poller }: UnixPort, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    poller.once('readable', (error) => runPromises(clock, () => (error === null ? resolve() : reject(error))))
  })
}

/** Sees to it that a write that has to wait goes on as soon as it can. */
export function attendWrites(port: SerialPort, clock: Clock): void {
  if ('poller' in port) port.poller.on('writable', () => runPromises(clock, () => undefined))
}

/** A callback of the event loop's own, unlike one of the bindings, is followed by those of promises. */
function runPromises(clock: Clock, task: () => void): void {
  clock.defer(task)
}
