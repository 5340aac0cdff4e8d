import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it, type TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { MessageStore } from '../../src/store/store.ts'
import { BOB, message } from './fixtures/messages.ts'
import { StoreFiles } from './fixtures/sqlite-files.ts'

const PROGRAM = join(import.meta.dirname, 'fixtures', 'store-process.ts')

class StoreProcess {
  readonly #child: ChildProcess
  readonly lines: AsyncIterableIterator<string>

  constructor(test: TestContext, command: string, ...args: string[]) {
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    test.after(() => this.#child.kill('SIGKILL'))
    assert.ok(this.#child.stdout)
    this.lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  static run(test: TestContext, task: 'hold' | 'put', file: string): StoreProcess {
    return new StoreProcess(test, process.execPath, PROGRAM, task, file)
  }

  async next(): Promise<string | undefined> {
    const { value, done } = await this.lines.next()
    return done === true ? undefined : value
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }
}

/** Every acknowledged message is there once and whole; what was not acknowledged may be there, whole. */
function assertKept(store: MessageStore, acknowledged: ReadonlySet<number>): void {
  const found = new Set<number>()
  for (const { sequence, frame } of store.pendingFor(BOB, 1e6)) {
    assert.deepEqual(frame, message(sequence).frame)
    assert.ok(!found.has(sequence), `message ${sequence} is there twice`)
    found.add(sequence)
  }
  assert.deepEqual(
    [...acknowledged].filter((sequence) => !found.has(sequence)),
    [],
  )
  assert.equal(store.stats().messages, found.size)
}

describe('sqlite stores of several processes', () => {
  for (const enough of [1, 400, 3000]) {
    it(`keep every acknowledged message when killed after ${enough}`, async (test) => {
      const files = await StoreFiles.make(test)
      const writer = StoreProcess.run(test, 'put', files.file)
      assert.equal(await writer.next(), 'open')
      const acknowledged = new Set<number>()
      const note = (line: string | undefined): void => {
        const [what, sequence] = line?.split(' ') ?? []
        assert.equal(what, 'stored', line)
        acknowledged.add(Number(sequence))
      }
      while (acknowledged.size < enough) note(await writer.next())
      await writer.kill()
      for (let line = await writer.next(); line !== undefined; line = await writer.next()) note(line)

      const store = await files.open()
      assertKept(store, acknowledged)
      assert.deepEqual(await files.put(store, message(1e6)), ['stored'])
      await store.close()
      assert.deepEqual(files.log, [])
    })
  }

  it('lock each other out, and a killed one leaves no lock', async (test) => {
    const files = await StoreFiles.make(test)
    const owner = StoreProcess.run(test, 'hold', files.file)
    assert.equal(await owner.next(), 'open')
    await assert.rejects(files.open(), { code: 'ERR_STORE', message: /another process has it open/ })
    const second = StoreProcess.run(test, 'hold', files.file)
    assert.match((await second.next()) ?? '', /^failed .*another process has it open/)
    await owner.kill()
    const store = await files.open()
    assert.deepEqual(await files.put(store, message(1)), ['stored'])
    await store.close()
    assert.deepEqual(files.log, [])
  })

  it('reject what they cannot write, and keep the rest', {
    skip: process.platform === 'win32',
  }, async (test) => {
    const files = await StoreFiles.make(test)
    // A real failure of write(): the system refuses to let any file of this process grow further.
    const limited = 'ulimit -f 2000 && exec "$@"'
    const writer = new StoreProcess(
      test,
      'sh',
      ...['-c', limited, 'sh', process.execPath, PROGRAM, 'put', files.file],
    )
    assert.equal(await writer.next(), 'open')
    const acknowledged = new Set<number>()
    let last = await writer.next()
    for (; last?.startsWith('stored '); last = await writer.next()) acknowledged.add(Number(last.slice(7)))
    assert.match(last ?? '', /^failed message store .*messages\.db cannot be written: /)
    assert.ok(acknowledged.size > 100)
    while ((await writer.next()) !== undefined) {
      // until it is gone
    }
    const store = await files.open()
    assertKept(store, acknowledged)
    await store.close()
    assert.deepEqual(files.log, [])
  })

  it('print no warning of Node about SQLite, and no fewer of others', async (test) => {
    const files = await StoreFiles.make(test)
    const module = pathToFileURL(join(import.meta.dirname, '../../src/store/sqlite/module.ts')).href
    const script = `
      const emitWarning = process.emitWarning
      const { loadSqlite } = await import(${JSON.stringify(module)})
      const { DatabaseSync } = loadSqlite()
      new DatabaseSync(${JSON.stringify(files.file)}).close()
      if (process.emitWarning !== emitWarning) throw new Error('left behind')
      process.emitWarning('SQLite is mine', 'ExperimentalWarning')`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const text = (await child.stderr.toArray()).join('')
    assert.deepEqual(text.match(/ExperimentalWarning: SQLite.*/g), ['ExperimentalWarning: SQLite is mine'])
  })
})
