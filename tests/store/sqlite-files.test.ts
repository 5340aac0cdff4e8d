import assert from 'node:assert/strict'
import { chmod, mkdir, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { MeshError } from '../../src/runtime/errors.ts'
import { BOB, message, messages, sequences } from './fixtures/messages.ts'
import { StoreFiles } from './fixtures/sqlite-files.ts'

const { DatabaseSync } = process.getBuiltinModule('node:sqlite')

function storeError(...parts: (string | RegExp)[]): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof MeshError)
    assert.equal(error.code, 'ERR_STORE')
    assert.doesNotMatch(error.message, /\n/)
    for (const part of parts) {
      assert.ok(
        part instanceof RegExp ? part.test(error.message) : error.message.includes(part),
        error.message,
      )
    }
    return true
  }
}

/** A store file with 200 messages in it, closed. */
async function filled(test: Parameters<typeof StoreFiles.make>[0]): Promise<StoreFiles> {
  const files = await StoreFiles.make(test)
  const store = await files.open()
  await files.put(store, ...messages(200))
  await store.close()
  return files
}

/** Opens what is corrupt: the store has to be empty and to work, and the bytes to be set aside. */
async function opensAnew(files: StoreFiles, reason: RegExp, number = 1): Promise<void> {
  const before = await readFile(files.file).catch(() => undefined)
  const store = await files.open()
  const aside = `${files.file}.corrupt-${number}`
  const entry = files.log.findLast(({ level }) => level === 50)
  assert.equal(entry?.file, files.file)
  assert.equal(entry.setAside, aside)
  assert.match(String(entry.reason), reason)
  if (before !== undefined) assert.deepEqual(await readFile(aside), before)
  assert.equal(store.stats().messages, 0)
  assert.deepEqual(await files.put(store, message(1)), ['stored'])
  assert.deepEqual(sequences(store.pendingFor(BOB, 10)), [1])
  await store.close()
}

describe('the files of the sqlite store', () => {
  it('are made with their folder, for their owner alone', async (test) => {
    const files = await StoreFiles.make(test)
    const file = join(files.folder, 'new', 'folder', 'messages.db')
    const store = await files.open({ file })
    await files.put(store, message(1))
    for (const name of [file, `${file}-wal`]) assert.equal((await stat(name)).mode & 0o777, 0o600, name)
    assert.equal((await stat(join(files.folder, 'new'))).mode & 0o777, 0o700)
    await store.close()
    assert.deepEqual(await readdir(join(files.folder, 'new', 'folder')), ['messages.db'])
  })

  it('are closed to others when they were open', async (test) => {
    const files = await filled(test)
    await chmod(files.file, 0o644)
    const store = await files.open()
    assert.equal((await stat(files.file)).mode & 0o777, 0o600)
    assert.equal(store.stats().messages, 200)
    await store.close()
  })

  it('belong to one store at a time', async (test) => {
    const files = await StoreFiles.make(test)
    const store = await files.open()
    for (let attempt = 0; attempt < 2; attempt++) {
      await assert.rejects(files.open(), storeError(files.file, 'another process has it open'))
    }
    assert.deepEqual(await files.put(store, message(1)), ['stored'])
    await store.close()
    const next = await files.open()
    assert.equal(next.stats().messages, 1)
    await next.close()
    assert.deepEqual(files.log, [])
  })

  it('are refused where they cannot be', async (test) => {
    const files = await StoreFiles.make(test)
    const folder = join(files.folder, 'folder')
    await mkdir(folder, { mode: 0o755 })
    await assert.rejects(files.open({ file: folder }), storeError(folder, 'not a regular file'))
    assert.equal((await stat(folder)).mode & 0o777, 0o755)
    await writeFile(join(files.folder, 'plain'), 'x')
    const below = join(files.folder, 'plain', 'messages.db')
    await assert.rejects(files.open({ file: below }), storeError(below, /ENOTDIR|EEXIST/))
    assert.deepEqual(files.log, [])
  })
})

describe('a corrupt file of the sqlite store is set aside and reported', () => {
  it('when it is no database', async (test) => {
    const files = await StoreFiles.make(test)
    await writeFile(files.file, 'Dear diary, '.repeat(1000))
    await opensAnew(files, /not a database/)
    await writeFile(files.file, 'x')
    await opensAnew(files, /cut off after byte 1/, 2)
    await writeFile(files.file, new Uint8Array(100_000))
    await opensAnew(files, /./, 3)
  })

  it('when it was cut off, wherever', async (test) => {
    const files = await filled(test)
    const whole = await readFile(files.file)
    let number = 0
    for (const keep of [1, 99, 100, 101, 4095, 4096, 20_000, whole.length - 4096, whole.length - 1]) {
      await writeFile(files.file, whole.subarray(0, keep))
      number += 1
      await opensAnew(files, /./, number)
    }
  })

  it('when pages in its middle were overwritten', async (test) => {
    const files = await filled(test)
    for (const [page, fill] of [
      [1, 0],
      [2, 0xff],
      [9, 0x5a],
    ] as const) {
      const copy = await StoreFiles.make(test)
      await writeFile(copy.file, await readFile(files.file))
      const handle = await open(copy.file, 'r+')
      await handle.write(new Uint8Array(4096).fill(fill), 0, 4096, page * 4096)
      await handle.close()
      await opensAnew(copy, /./)
    }
  })

  it('when its schema is of another version, or of none', async (test) => {
    const files = await filled(test)
    const alter = (sql: string): void => {
      const db = new DatabaseSync(files.file)
      db.exec(sql)
      db.close()
    }
    alter('PRAGMA user_version = 2')
    await opensAnew(files, /schema version 2, this hopwire reads 1/)
    alter('PRAGMA application_id = 1')
    await opensAnew(files, /another program/, 2)
    alter('ALTER TABLE messages RENAME COLUMN frame TO body')
    await opensAnew(files, /tables are not those/, 3)
    alter('DELETE FROM settings')
    await opensAnew(files, /hash key/, 4)
    alter("UPDATE settings SET hash_key = x'00'")
    await opensAnew(files, /hash key/, 5)
  })

  it('when only its log is left, with the messages in it', async (test) => {
    for (const spoil of [(file: string) => truncate(file, 0), (file: string) => rm(file)]) {
      const files = await StoreFiles.make(test)
      const store = await files.open()
      await files.put(store, ...messages(10))
      const log = await readFile(`${files.file}-wal`)
      await store.close()
      await spoil(files.file)
      await writeFile(`${files.file}-wal`, log)
      await opensAnew(files, /log/)
      assert.deepEqual(await readFile(`${files.file}.corrupt-1-wal`), log)
    }
  })

  it('and where that is impossible, opening fails and nothing is touched', async (test) => {
    const files = await StoreFiles.make(test)
    await writeFile(files.file, 'no database')
    for (let n = 1; n <= 1000; n++) await writeFile(`${files.file}.corrupt-${n}`, '')
    await assert.rejects(files.open(), storeError(files.file, 'is corrupt', 'cannot be set aside', '1000'))
    assert.equal(await readFile(files.file, 'utf8'), 'no database')
  })

  it('but not when it is merely interrupted: what was committed is there', async (test) => {
    const files = await StoreFiles.make(test)
    const store = await files.open()
    await files.put(store, ...messages(10))
    const [database, log] = [await readFile(files.file), await readFile(`${files.file}-wal`)]
    await store.close()
    await writeFile(files.file, database)
    await writeFile(`${files.file}-wal`, Buffer.concat([log, log.subarray(0, 3000)]))
    const again = await files.open()
    assert.deepEqual(sequences(again.pendingFor(BOB, 100)), sequences(messages(10)))
    await again.close()
    assert.deepEqual(files.log, [])
  })
})
