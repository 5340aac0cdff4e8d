/** Emulated modems on real TCP ports and real pseudo-terminals. Where socat is missing, the latter are left out. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { constants, existsSync } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { after, describe, it } from 'node:test'
import { systemClock } from '../../../src/runtime/clock.ts'
import { seededRandom } from '../../../src/runtime/random.ts'
import type { EmulatedModem } from '../../../src/sim/rnode/modem.ts'
import { EmulatedAir } from '../../../src/sim/rnode/network.ts'
import { makePtyFolder, PtyPort } from '../../../src/sim/rnode/pty-port.ts'
import { TcpPort } from '../../../src/sim/rnode/tcp-port.ts'
import { BRING_UP, hex, RNodeBench } from './bench.ts'

const DETECT = hex('c00873c0')
const DETECTED = 'c00846c0'

/** Reads until what has come ends with this. */
async function until(socket: Socket, end: string): Promise<string> {
  let got = ''
  while (!got.endsWith(end)) {
    const [data] = (await once(socket, 'data')) as [Buffer]
    got += data.toString('hex')
  }
  return got
}

async function connected(address: string): Promise<Socket> {
  const [host, port] = address.split(':')
  const socket = connect(Number(port), host)
  await once(socket, 'connect')
  socket.on('error', () => undefined) // `close` follows
  return socket
}

describe('an emulated modem on TCP', () => {
  it('speaks to one program after another, carries packets, and hangs up when unplugged', async () => {
    const air = new EmulatedAir({ clock: systemClock, random: seededRandom('tcp'), airtimeScale: 0 })
    const ports = [
      await TcpPort.listen(air.modem({ name: 'a' }), air.clock, '127.0.0.1', 0),
      await TcpPort.listen(air.modem({ name: 'b' }), air.clock, '127.0.0.1', 0),
    ]
    const [toA = '', toB = ''] = ports.map(({ address }) => address)
    const first = await connected(toA)
    first.write(DETECT)
    assert.equal(await until(first, DETECTED), DETECTED)
    const refused = await connected(toA)
    await once(refused, 'close')
    first.destroy()
    await once(first, 'close')
    const b = await connected(toB)
    b.write(BRING_UP)
    await until(b, 'c00601c0')
    let a = await connected(toA)
    // The port may not know yet that the one before has gone.
    while (a.destroyed || !(await answers(a))) a = await connected(toA)
    a.write(BRING_UP)
    await until(a, 'c00601c0')
    a.write(hex('c000010203c0'))
    assert.match(await until(b, 'c000010203c0'), /^c02343c0c0246cc0/)
    const gone = once(a, 'close')
    air.modems.get('a')?.unplug(0)
    await gone
    air.stop()
    await Promise.all(ports.map((port) => port.close()))
  })

  it('hangs up on a program that says nothing for 6.5 s', async () => {
    const bench = new RNodeBench()
    const modem = bench.air.modem({ name: 'a' })
    const port = await TcpPort.listen(modem, bench.clock, '127.0.0.1', 0)
    const opened = new Promise<void>((resolve) => modem.watchers.add(() => resolve()))
    const socket = await connected(port.address)
    await opened
    bench.clock.advance(6000)
    let got = ''
    socket.on('data', (data) => {
      got += data.toString('hex')
    })
    socket.write(DETECT)
    while (!got.endsWith(DETECTED)) {
      bench.clock.advance(0)
      await turn()
    }
    bench.clock.advance(6499)
    assert.ok(modem.status.hasHost)
    bench.clock.advance(1)
    await once(socket, 'close')
    await port.close()
  })

  it('says which address it cannot have', async () => {
    const bench = new RNodeBench()
    const port = await TcpPort.listen(bench.air.modem({ name: 'a' }), bench.clock, '127.0.0.1', 0)
    const taken = Number(port.address.split(':')[1])
    await assert.rejects(TcpPort.listen(bench.air.modem({ name: 'b' }), bench.clock, '127.0.0.1', taken), {
      code: 'ERR_LISTEN',
      message: `127.0.0.1:${taken} for modem b: another program has it; take another port`,
    })
    await port.close()
  })
})

async function answers(socket: Socket): Promise<boolean> {
  socket.write(DETECT)
  const closed = once(socket, 'close').then(() => false)
  return await Promise.race([until(socket, DETECTED).then(() => true), closed])
}

const hasSocat = spawnSync('socat', ['-V']).status === 0

describe('an emulated modem on a pseudo-terminal', {
  skip: hasSocat ? false : 'socat is not installed',
}, () => {
  const folders: string[] = []
  const ports: PtyPort[] = []
  // Also of a test that has failed: its terminals would keep this process alive.
  after(async () => {
    for (const port of ports) await port.close()
    for (const folder of folders) await rm(folder, { recursive: true, force: true })
  })

  async function made() {
    const air = new EmulatedAir({ clock: systemClock, random: seededRandom('pty') })
    const modem = air.modem({ name: 'a' })
    const folder = await makePtyFolder()
    folders.push(folder)
    const troubles: string[] = []
    const port = await PtyPort.open(modem, folder, (trouble) => troubles.push(trouble))
    ports.push(port)
    return { air, modem, port, troubles }
  }

  it('is opened and closed again and again under one name', async () => {
    const { air, modem, port, troubles } = await made()
    for (let n = 0; n < 3; n++) {
      // By then socat has made it raw; programs for serial ports do that themselves.
      const file = await openLiveTerminal(port.path, modem)
      await file.write(hex('c00873c0 c050 0a 0d 03 04 11 13 c0'))
      // The version once for each byte: none of the control characters is touched on the way.
      assert.equal(await readHex(file, 4 + 6 * 5), DETECTED + 'c0500156c0'.repeat(6))
      await file.close()
      while (modem.status.hasHost) await turn()
    }
    air.stop()
    await port.close()
    assert.deepEqual([troubles, existsSync(port.path)], [[], false])
  })

  it('hangs up when unplugged, is not there then, and is back under its name', async () => {
    const { air, modem, port, troubles } = await made()
    const file = await openTerminal(port.path)
    await file.write(DETECT)
    await readHex(file, 4)
    modem.unplug()
    await hungUp(file)
    await file.close()
    while (existsSync(port.path)) await turn()
    modem.plugIn()
    while (!existsSync(port.path)) await turn()
    const again = await openTerminal(port.path)
    // Until it has booted it does not answer.
    let got = ''
    while (!got.includes(DETECTED)) {
      await again.write(DETECT)
      got += await readHex(again, 1)
    }
    await again.close()
    air.stop()
    await port.close()
    assert.deepEqual(troubles, [])
  })

  it('sends a program away while another one has the modem', async () => {
    const { air, modem, port, troubles } = await made()
    const end = modem.connect({ bytes: () => undefined, closed: () => undefined })
    const file = await openTerminal(port.path)
    await hungUp(file)
    await file.close()
    end.close()
    air.stop()
    await port.close()
    assert.deepEqual(troubles, ['modem a is in use by another program: close that one'])
  })
})

/** The one before may still be there, about to end. */
async function openLiveTerminal(path: string, modem: EmulatedModem): Promise<FileHandle> {
  for (;;) {
    const file = await openTerminal(path)
    while (!modem.status.hasHost && !(await isHungUp(file))) await turn()
    if (modem.status.hasHost) return file
    await file.close()
  }
}

async function isHungUp(file: FileHandle): Promise<boolean> {
  try {
    return (await file.read(Buffer.alloc(1), 0, 1, null)).bytesRead === 0
  } catch (error) {
    return (error as { code?: string }).code !== 'EAGAIN'
  }
}

async function openTerminal(path: string): Promise<FileHandle> {
  for (;;) {
    try {
      return await open(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK)
    } catch (error) {
      // The terminal before it has ended, and the next one is not there yet.
      if (!['ENOENT', 'EIO', 'ENXIO'].includes((error as { code?: string }).code ?? '')) throw error
      await turn()
    }
  }
}

/** At least so many bytes. */
async function readHex(file: FileHandle, length: number): Promise<string> {
  const buffer = Buffer.alloc(4096)
  let got = 0
  while (got < length) got += await readSome(file, buffer, got)
  return buffer.subarray(0, got).toString('hex')
}

async function hungUp(file: FileHandle): Promise<void> {
  const buffer = Buffer.alloc(4096)
  for (;;) {
    try {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null)
      if (bytesRead === 0) return
    } catch (error) {
      const code = (error as { code?: string }).code
      if (code === 'EIO') return
      if (code !== 'EAGAIN') throw error
      await turn()
    }
  }
}

async function readSome(file: FileHandle, buffer: Buffer, at: number): Promise<number> {
  try {
    return (await file.read(buffer, at, buffer.length - at, null)).bytesRead
  } catch (error) {
    if ((error as { code?: string }).code !== 'EAGAIN') throw error
    await turn()
    return 0
  }
}

/** A moment for the other processes. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5))
}
