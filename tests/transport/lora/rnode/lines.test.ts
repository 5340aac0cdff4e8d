import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { access, mkdtemp, open as openFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { systemClock } from '../../../../src/runtime/clock.ts'
import { VirtualClock } from '../../../../src/sim/clock.ts'
import type { Line, LineListener } from '../../../../src/transport/lora/rnode/line.ts'
import { modemLine } from '../../../../src/transport/lora/rnode/open-line.ts'
import { readSerialPort, type SerialPort } from '../../../../src/transport/lora/rnode/serial-port.ts'
import { MemoryPort } from './line-memory.ts'

const HAS_SOCAT = spawnSync('socat', ['-V']).status === 0
const NO_SOCAT = HAS_SOCAT ? false : 'socat is not installed'

/** What came over a line; tests wait for as much as they expect. */
class Ear implements LineListener {
  heard = Buffer.alloc(0)
  closedFor: string | undefined
  #news = Promise.withResolvers<void>()

  bytes(data: Uint8Array): void {
    this.heard = Buffer.concat([this.heard, data])
    this.#tell()
  }

  closed(reason: string): void {
    assert.equal(this.closedFor, undefined, 'closed is told once')
    this.closedFor = reason
    this.#tell()
  }

  async until(done: () => boolean): Promise<void> {
    while (!done()) await this.#news.promise
  }

  #tell(): void {
    this.#news.resolve()
    this.#news = Promise.withResolvers()
  }
}

async function open(port: string, ear: LineListener, clock = systemClock): Promise<Line> {
  return await modemLine(port, clock).open(ear, new AbortController().signal)
}

/** The host leaves at the end, or the test would not. */
async function withLine(port: string, ear: Ear, use: (line: Line) => Promise<void>): Promise<void> {
  const line = await open(port, ear)
  try {
    await use(line)
  } finally {
    line.close()
  }
}

describe('the name of a port', () => {
  it('is that of a serial port, or an address with a port that may be left out', () => {
    assert.equal(modemLine('/dev/ttyACM0', systemClock).bootMs, 2000)
    assert.equal(modemLine('COM3', systemClock).gapMs, 100)
    assert.equal(modemLine('tcp://192.168.4.1', systemClock).gapMs, 1500)
    assert.equal(modemLine('tcp://[::1]:7634', systemClock).bootMs, 0)
  })

  it('is refused when it can be neither', () => {
    for (const port of ['', 'udp://x:1', 'tcp://', 'tcp://h:99999', 'tcp://h/x', 'http://h', '/dev/a\0b']) {
      assert.throws(
        () => modemLine(port, systemClock),
        { code: 'ERR_USAGE', message: /is no port: give/ },
        port,
      )
    }
  })
})

describe('a line over TCP', () => {
  async function listen(onHost: (socket: Socket) => void): Promise<{ server: Server; port: string }> {
    const server = createServer(onHost).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return { server, port: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}` }
  }

  it('says what it may be when the modem sends it away without a word', async () => {
    const { server, port } = await listen((socket) => socket.end())
    const ear = new Ear()
    await withLine(port, ear, async () => {
      await ear.until(() => ear.closedFor !== undefined)
      assert.equal(ear.closedFor, 'the modem closed the connection at once; does another program use it?')
    })
    server.close()
  })

  it('carries bytes both ways, and tells when the modem hangs up', async () => {
    const { server, port } = await listen((socket) => {
      socket.on('data', (data) => socket.end(data))
    })
    const ear = new Ear()
    await withLine(port, ear, async (line) => {
      assert.equal(line.write(Uint8Array.of(1, 2, 3)), true)
      await ear.until(() => ear.closedFor !== undefined)
      assert.deepEqual([...ear.heard], [1, 2, 3])
      assert.equal(ear.closedFor, 'the modem closed the connection')
      assert.equal(line.write(Uint8Array.of(4)), false)
    })
    server.close()
  })

  it('sends what was written before it was closed, and tells nothing of the closing', async () => {
    const heard: Buffer[] = []
    const ended = Promise.withResolvers<void>()
    const { server, port } = await listen((socket) => {
      socket.on('data', (data) => heard.push(data)).on('end', () => socket.end())
      socket.on('close', () => ended.resolve())
    })
    const ear = new Ear()
    const line = await open(port, ear)
    line.write(Uint8Array.of(7))
    line.close()
    line.close()
    await ended.promise
    assert.deepEqual([...Buffer.concat(heard)], [7])
    assert.equal(ear.closedFor, undefined)
    server.close()
  })

  it('takes nothing further when the modem does not read', async () => {
    const { server, port } = await listen((socket) => {
      socket.pause()
      server.on('drop-all', () => socket.destroy())
    })
    await withLine(port, new Ear(), async (line) => {
      const chunk = new Uint8Array(8000)
      let writes = 0
      while (line.write(chunk) && writes < 10_000) writes += 1
      assert.ok(writes < 10_000)
    })
    server.emit('drop-all')
    server.close()
  })

  it('asks for a sign of life when nothing was written for 3.5 s', async () => {
    const heard: number[] = []
    const news = new Ear()
    const { server, port } = await listen((socket) => socket.on('data', (data) => news.bytes(data)))
    const clock = new VirtualClock()
    const line = await open(port, new Ear(), clock as typeof systemClock)
    clock.advance(2000)
    line.write(Uint8Array.of(9))
    clock.advance(3400)
    line.write(Uint8Array.of(8))
    clock.advance(3501)
    clock.advance(3501)
    await news.until(() => news.heard.length >= 10)
    heard.push(...news.heard)
    assert.deepEqual(heard, [9, 8, 0xc0, 0x08, 0x73, 0xc0, 0xc0, 0x08, 0x73, 0xc0])
    line.close()
    clock.advance(60_000)
    server.close()
  })

  it('does not open where nothing listens, and says so', async () => {
    const { server, port } = await listen(() => undefined)
    server.close()
    await once(server, 'close')
    await assert.rejects(open(port, new Ear()), {
      code: 'ERR_TRANSPORT',
      message: `${port}: nothing listens there; is the modem on, and its WiFi?`,
    })
  })

  it('gives up opening when it is told to', async () => {
    const { server, port } = await listen(() => undefined)
    await assert.rejects(modemLine(port, systemClock).open(new Ear(), AbortSignal.abort()), {
      message: `${port}: it does not answer`,
    })
    server.close()
  })
})

describe('a line over a serial port', () => {
  const folders: string[] = []
  const children: ChildProcess[] = []
  after(async () => {
    for (const child of children) child.kill('SIGKILL')
    for (const folder of folders) await rm(folder, { recursive: true, force: true })
  })

  /** Two pseudo-terminals that are joined, and the program that joins them. */
  async function terminals(): Promise<{ a: string; b: string; unplug: () => void }> {
    const folder = await mkdtemp(join(tmpdir(), 'hopwire-lines-'))
    folders.push(folder)
    const [a, b] = [join(folder, 'a'), join(folder, 'b')]
    const socat = spawn('socat', [`PTY,rawer,link=${a}`, `PTY,rawer,link=${b}`], { stdio: 'ignore' })
    children.push(socat)
    for (const path of [a, b]) await appears(path)
    return { a, b, unplug: () => socat.kill('SIGKILL') }
  }

  async function appears(path: string): Promise<void> {
    while (
      !(await access(path).then(
        () => true,
        () => false,
      ))
    )
      await new Promise((next) => setImmediate(next))
  }

  it('carries bytes both ways, at once though nothing else happens', { skip: NO_SOCAT }, async () => {
    const { a, b } = await terminals()
    const ears = [new Ear(), new Ear()] as const
    await withLine(a, ears[0], async (left) => {
      await withLine(b, ears[1], async (right) => {
        const bytes = Uint8Array.from({ length: 507 }, (_, index) => index)
        left.write(bytes)
        await ears[1].until(() => ears[1].heard.length === 507)
        assert.deepEqual(Uint8Array.from(ears[1].heard), bytes)
        right.write(Uint8Array.of(0xc0, 0x11, 0x13, 0x0d, 0x0a, 0x03, 0x1a, 0xff))
        await ears[0].until(() => ears[0].heard.length === 8)
        assert.deepEqual([...ears[0].heard], [0xc0, 0x11, 0x13, 0x0d, 0x0a, 0x03, 0x1a, 0xff])
      })
    })
  })

  it('tells when it is unplugged, and takes nothing then', { skip: NO_SOCAT }, async () => {
    const { a, unplug } = await terminals()
    const ear = new Ear()
    await withLine(a, ear, async (line) => {
      unplug()
      await ear.until(() => ear.closedFor !== undefined)
      assert.equal(ear.closedFor, 'it was unplugged')
      assert.equal(line.write(Uint8Array.of(1)), false)
    })
  })

  it('is gone when there is nothing to read and the system does not say so', async () => {
    const file = await openFile('/dev/null')
    const port = { poller: new EventEmitter(), fd: file.fd, isOpen: true } as unknown as SerialPort
    await assert.rejects(readSerialPort(port, Buffer.alloc(9), systemClock), {
      message: 'the port was hung up',
    })
    await file.close()
  })

  it('is opened by one program at a time', { skip: NO_SOCAT }, async () => {
    const { a } = await terminals()
    await withLine(a, new Ear(), async () => {
      await assert.rejects(open(a, new Ear()), {
        code: 'ERR_TRANSPORT',
        message: `${a}: it is in use by another program: end that one first`,
      })
    })
    await withLine(a, new Ear(), async (line) => assert.equal(line.write(Uint8Array.of(1)), true))
  })

  it('names what is wrong with a port', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hopwire-lines-'))
    folders.push(folder)
    const file = join(folder, 'file')
    await writeFile(file, '')
    for (const [path, reason] of [
      [join(folder, 'none'), 'there is no such port; is the modem plugged in?'],
      [file, 'that is not a serial port'],
      [folder, 'that is not a serial port'],
    ] as const) {
      await assert.rejects(open(path, new Ear()), { code: 'ERR_TRANSPORT', message: `${path}: ${reason}` })
    }
  })
})

describe('a line in memory', () => {
  it('carries copies both ways, in order, and not from within a call', () => {
    const clock = new VirtualClock()
    const port = new MemoryPort('memory', clock)
    const [host, modem] = [new Ear(), new Ear()]
    let device: Line | undefined
    port.plug((line) => {
      device = line
      return modem
    })
    return port.open(host, new AbortController().signal).then((line) => {
      const bytes = Uint8Array.of(1, 2)
      line.write(bytes)
      bytes.fill(9)
      line.write(Uint8Array.of(3))
      device?.write(Uint8Array.of(4))
      assert.equal(modem.heard.length, 0)
      clock.advance(0)
      assert.deepEqual([...modem.heard], [1, 2, 3])
      assert.deepEqual([...host.heard], [4])
      port.unplug()
      clock.advance(0)
      assert.deepEqual([host.closedFor, modem.closedFor], ['it was unplugged', 'it was unplugged'])
      assert.equal(line.write(bytes), false)
    })
  })

  it('is opened once at a time, and not at all without a modem', async () => {
    const clock = new VirtualClock()
    const port = new MemoryPort('memory', clock)
    const { signal } = new AbortController()
    await assert.rejects(port.open(new Ear(), signal), { code: 'ERR_TRANSPORT', message: /no such port/ })
    const modem = new Ear()
    port.plug(() => modem)
    const line = await port.open(new Ear(), signal)
    await assert.rejects(port.open(new Ear(), signal), { code: 'ERR_TRANSPORT', message: /in use/ })
    line.close()
    clock.advance(0)
    assert.equal(modem.closedFor, 'the host closed the line')
    await port.open(new Ear(), signal)
  })
})
