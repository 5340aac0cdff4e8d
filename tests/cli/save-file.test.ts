import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { saveFile } from '../../src/cli/save-file.ts'

let dir: string
const bytes = (text: string): Uint8Array => Buffer.from(text)

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hopwire-save-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

describe('a received file', () => {
  test('is its owner’s alone, in a folder that is made for it', async () => {
    const path = saveFile(join(dir, 'new', 'folder'), 'a.txt', bytes('hello'))
    assert.equal(path, join(dir, 'new', 'folder', 'a.txt'))
    assert.equal(await readFile(path, 'utf8'), 'hello')
    assert.equal((await stat(path)).mode & 0o777, 0o600)
  })

  test('is never saved over another', async () => {
    await writeFile(join(dir, 'a.txt'), 'mine')
    assert.equal(saveFile(dir, 'a.txt', bytes('1')), join(dir, 'a-1.txt'))
    assert.equal(saveFile(dir, 'a.txt', bytes('2')), join(dir, 'a-2.txt'))
    assert.equal(saveFile(dir, 'README', bytes('3')), join(dir, 'README'))
    assert.equal(saveFile(dir, 'README', bytes('4')), join(dir, 'README-1'))
    assert.equal(await readFile(join(dir, 'a.txt'), 'utf8'), 'mine')
    assert.equal(await readFile(join(dir, 'a-2.txt'), 'utf8'), '2')
  })

  test('is not written through a link', async () => {
    await symlink(join(dir, 'elsewhere'), join(dir, 'a.txt'))
    assert.equal(saveFile(dir, 'a.txt', bytes('hello')), join(dir, 'a-1.txt'))
    assert.deepEqual((await readdir(dir)).toSorted(), ['a-1.txt', 'a.txt'])
  })

  test('stays in its folder and in sight', async () => {
    assert.equal(saveFile(dir, '../../x', bytes('')), join(dir, 'x'))
    assert.equal(saveFile(dir, '.bashrc', bytes('')), join(dir, '_.bashrc'))
    assert.deepEqual((await readdir(dir)).toSorted(), ['_.bashrc', 'x'])
  })
})
