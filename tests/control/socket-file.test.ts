import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { bindSocket } from '../../src/control/socket-file.ts'

describe('the file of a control socket', () => {
  let dir: string
  let path: string
  const servers: Server[] = []

  const server = (): Server => {
    const made = createServer()
    servers.push(made)
    return made
  }

  /** Binds as a process that is then killed, so that nobody removes the file. */
  const leaveBehind = async (): Promise<void> => {
    const code = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('bound'))`
    const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'close')
    assert.equal((await stat(path)).isSocket(), true)
  }

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'hopwire-socket-'))
    path = join(dir, 'control.sock')
  })

  afterEach(async () => {
    for (const made of servers.splice(0)) made.close()
    await rm(dir, { recursive: true, force: true })
  })

  test('is its owner’s alone from the moment it exists, whatever the umask', async () => {
    const before = process.umask(0)
    try {
      const bound = bindSocket(server(), path)
      let modes = new Set<number>()
      for (let done = false; !done; ) {
        if (existsSync(path)) modes = modes.add((await stat(path)).mode & 0o777)
        done = await Promise.race([
          bound.then(() => true),
          new Promise<false>((next) => setImmediate(next, false)),
        ])
      }
      modes.add((await stat(path)).mode & 0o777)
      assert.deepEqual([...modes], [0o600])
      assert.equal(process.umask(), 0, 'the umask is back')
    } finally {
      process.umask(before)
    }
  })

  test('is made with its folder, which is its owner’s alone, too', async () => {
    const deep = join(dir, 'a', 'b', 'control.sock')
    await bindSocket(server(), deep)
    assert.equal((await stat(join(dir, 'a', 'b'))).mode & 0o777, 0o700)
  })

  test('is replaced where its process is gone', async () => {
    await leaveBehind()
    await bindSocket(server(), path)
    assert.equal((await stat(path)).mode & 0o777, 0o600)
  })

  test('is not taken from a node that answers', async () => {
    const first = server()
    await bindSocket(first, path)
    const message = `control socket ${path} answers, so another node runs here: stop it, or give this one its own node.data_dir`
    await assert.rejects(bindSocket(server(), path), { code: 'ERR_CONTROL', message })
    assert.equal(first.listening, true)
    assert.equal(existsSync(path), true)
  })

  test('does not replace what is no socket, nor what a link points to', async () => {
    await writeFile(path, 'mine')
    const message = `control socket ${path} exists and is no socket: remove it, or set control.socket`
    await assert.rejects(bindSocket(server(), path), { code: 'ERR_CONTROL', message })
    assert.equal(await readFile(path, 'utf8'), 'mine')
    await rm(path)
    await symlink('nowhere', path)
    await assert.rejects(bindSocket(server(), path), { code: 'ERR_CONTROL', message })
  })

  test('names what the system does not allow', async () => {
    await writeFile(join(dir, 'file'), '')
    await assert.rejects(bindSocket(server(), join(dir, 'file', 'control.sock')), {
      code: 'ERR_CONTROL',
      message: /^control socket \S+ cannot be bound: (ENOTDIR|EEXIST)/,
    })
    if (process.getuid?.() === 0) return // nothing is forbidden to root
    await chmod(dir, 0o500)
    await assert.rejects(bindSocket(server(), path), {
      code: 'ERR_CONTROL',
      message: /cannot be bound: .*EACCES/,
    })
    await chmod(dir, 0o700)
  })
})
