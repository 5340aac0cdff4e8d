/** `hopwire rnode-emulator` as it is run: a process, its stdin and stdout, real ports and terminals. */
import assert from 'node:assert/strict'
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, open, rm, symlink, writeFile } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { BRING_UP, hex } from './bench.ts'

const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url))

interface Ready {
  readonly event: string
  readonly modems: readonly { readonly name: string; readonly tcp: string; readonly pty?: string }[]
}

class Program implements AsyncDisposable {
  readonly child: ChildProcessWithoutNullStreams
  readonly ended: Promise<number | null>
  readonly #lines: AsyncIterator<string>
  stderr = ''

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    this.child = spawn(process.execPath, [MAIN, 'rnode-emulator', ...args], { env })
    this.child.stdin.on('error', () => undefined)
    this.child.stderr.on('data', (data) => {
      this.stderr += String(data)
    })
    this.#lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]()
    this.ended = once(this.child, 'close').then(([code]) => code as number | null)
  }

  async line(): Promise<string> {
    const { value, done } = await this.#lines.next()
    assert.ok(done !== true, `it has ended: ${this.stderr}`)
    return value
  }

  /** The next line that this is in. */
  async lineWith(text: string): Promise<string> {
    for (;;) {
      const line = await this.line()
      if (line.includes(text)) return line
    }
  }

  async ready(): Promise<Ready> {
    return JSON.parse(await this.line()) as Ready
  }

  order(line: string): void {
    this.child.stdin.write(`${line}\n`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGTERM')
    await this.ended
  }
}

async function on(address: string | undefined, text: string): Promise<Socket> {
  const [host, port] = (address ?? '').split(':')
  const socket = connect(Number(port), host)
  socket.on('error', () => undefined) // `close` follows
  await once(socket, 'connect')
  socket.write(BRING_UP)
  let got = ''
  while (!got.endsWith(text)) got += ((await once(socket, 'data')) as [Buffer])[0].toString('hex')
  return socket
}

describe('hopwire rnode-emulator', () => {
  it('says where its modems are, carries packets, and tells of each in JSON', async () => {
    await using program = new Program([
      '--port-base',
      '0',
      '--modems',
      '3',
      '--reach',
      '1-2@-100,2-3',
      '--json',
    ])
    const { event, modems } = await program.ready()
    assert.deepEqual([event, modems.map(({ name }) => name)], ['ready', ['1', '2', '3']])
    assert.ok(modems.every(({ tcp, pty }) => /^127\.0\.0\.1:\d+$/.test(tcp) && pty === undefined))
    const a = await on(modems[0]?.tcp, 'c00601c0')
    const b = await on(modems[1]?.tcp, 'c00601c0')
    a.write(hex('c0000102030405c0'))
    const heard = await once(b, 'data')
    assert.match((heard as [Buffer])[0].toString('hex'), /c0000102030405c0$/)
    const sent = JSON.parse(await program.lineWith('transmission'))
    assert.match(sent.time, /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/)
    assert.deepEqual(
      { ...sent, time: undefined },
      {
        event: 'transmission',
        time: undefined,
        modem: '1',
        bytes: 6,
        airtime_ms: 82.432,
        broken: false,
        outcomes: [{ modem: '2', fate: 'received', dbm: -100 }],
      },
    )
    program.order('wedge 2')
    assert.deepEqual(JSON.parse(await program.lineWith('answer')), {
      event: 'answer',
      ok: true,
      text: 'modem 2 is wedged',
    })
    program.order('wedge 7')
    assert.deepEqual(JSON.parse(await program.lineWith('answer')), {
      event: 'answer',
      ok: false,
      text: 'there is no modem "7": 1, 2, 3',
    })
    const gone = once(a, 'close')
    program.order('unplug 1 100ms')
    await gone
    await program.lineWith('"event":"unplugged"')
    await program.lineWith('"event":"plugged_in"')
    b.destroy()
    program.child.kill('SIGTERM')
    assert.deepEqual([await program.ended, program.stderr], [0, ''])
  })

  it('writes a log for people, and goes on when its stdin ends', async () => {
    await using program = new Program(['--port-base', '0', '--airtime-scale', '0', '--seed', 'log'])
    const { modems } = await program.ready()
    program.child.stdin.end('status\n')
    assert.equal(
      await program.line(),
      '1: radio off, port closed, 0 packets (0 bytes) queued, ' +
        'sent 0 in 0.000 s of airtime, heard 0, 0 collided, 0 while it sent, 0 lost',
    )
    await program.line()
    const a = await on(modems[0]?.tcp, 'c00601c0')
    assert.match(await program.line(), /^\d\d:\d\d:\d\d\.\d{3} {3}1 {2}a program has opened its port$/)
    a.write(hex('c000aac0'))
    assert.match(await program.line(), / 1 {4}2 bytes in {4}72\.2 ms -> nobody in reach$/)
    a.destroy()
    assert.match(await program.line(), /its port was closed$/)
  })

  it('refuses what makes no sense, and names the option', () => {
    for (const [args, why] of [
      [['--modems', '0'], /--modems: expected a whole number, 1 to 200/],
      [['--modems', '3', '--tcp', '127.0.0.1:0'], /--tcp: 1 addresses for 3 modems/],
      [['--tcp', '127.0.0.1:0', '--port-base', '1'], /give one of them/],
      [['--loss', '1.5'], /--loss: expected a number from 0 to 1/],
      [['--airtime-scale', '-1'], /airtime-scale/],
      [['--reach', '1-9'], /there is no modem "9"/],
      [['--reach', '/nowhere.json'], /--reach: \/nowhere\.json cannot be read/],
    ] as const) {
      const { status, stderr, stdout } = spawnSync(process.execPath, [MAIN, 'rnode-emulator', ...args], {
        encoding: 'utf8',
      })
      assert.deepEqual([status, stdout], [2, ''])
      assert.match(stderr, why)
      assert.match(stderr, /^hopwire: .*\n$/)
    }
  })

  it('reads who hears whom from a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hopwire-reach-'))
    const file = join(folder, 'reach.json')
    await writeFile(file, '{"pairs": [{"from": "1", "to": "2", "dbm": -120, "one_way": true}]}')
    {
      await using program = new Program(['--port-base', '0', '--reach', file, '--airtime-scale', '0'])
      const { modems } = await program.ready()
      const [a, b] = [await on(modems[0]?.tcp, 'c00601c0'), await on(modems[1]?.tcp, 'c00601c0')]
      a.write(hex('c000aac0'))
      assert.match(await program.lineWith('bytes in'), /-> 2 at -120 dBm$/)
      a.destroy()
      b.destroy()
    }
    await rm(folder, { recursive: true })
  })

  it('says which port it cannot have, and leaves nothing behind', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const program = new Program(['--tcp', `127.0.0.1:0,127.0.0.1:${port}`])
    assert.equal(await program.ended, 1)
    assert.match(
      program.stderr,
      new RegExp(`^hopwire: 127\\.0\\.0\\.1:${port} for modem 2: another program has it`),
    )
    server.close()
  })

  it('says in one line how to get socat where it is missing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hopwire-no-socat-'))
    // A shell, and nothing else on the path.
    await symlink('/bin/sh', join(folder, 'sh'))
    const program = new Program(['--port-base', '0', '--pty'], { ...process.env, PATH: folder })
    assert.equal(await program.ended, 1)
    assert.equal(
      program.stderr,
      "hopwire: no pseudo-terminal: socat is not installed: 'apt install socat' or 'brew install socat', " +
        'or use the TCP ports\n',
    )
    await rm(folder, { recursive: true })
  })

  const skip = spawnSync('socat', ['-V']).status === 0 ? false : 'socat is not installed'
  it('gives its modems terminals, and takes them away again at the end', { skip }, async () => {
    await using program = new Program(['--port-base', '0', '--modems', '1', '--pty', '--json'])
    const { modems } = await program.ready()
    const path = modems[0]?.pty ?? ''
    const file = await open(path, 'r+')
    await file.write(hex('c00873c0'))
    const buffer = Buffer.alloc(4)
    for (let at = 0; at < 4; ) at += (await file.read(buffer, at, 4 - at, null)).bytesRead
    assert.equal(buffer.toString('hex'), 'c00846c0')
    await program.lineWith('"event":"opened"')
    await file.close()
    await program.lineWith('"event":"closed"')
    program.child.kill('SIGINT')
    assert.deepEqual([await program.ended, program.stderr, existsSync(path)], [0, '', false])
  })
})
