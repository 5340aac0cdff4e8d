import assert from 'node:assert/strict'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { makeFolder } from '../../src/runtime/make-folder.ts'

let place: string
before(async () => {
  place = await mkdtemp(join(tmpdir(), 'hopwire-folder-'))
})
after(() => rm(place, { recursive: true }))

test('a folder is made with those it lies in, and may be there already', async () => {
  const deep = join(place, 'a', 'b', 'c')
  await makeFolder(deep, 0o700)
  await makeFolder(deep)
  for (const folder of [deep, join(place, 'a')]) assert.equal((await stat(folder)).mode & 0o777, 0o700)
})

test('a file in the way is refused', async () => {
  await writeFile(join(place, 'file'), '')
  await assert.rejects(makeFolder(join(place, 'file')), { code: 'EEXIST' })
  await assert.rejects(makeFolder(join(place, 'file', 'x')), { code: 'ENOTDIR' })
})

const skip = process.platform === 'linux' ? false : 'needs the /proc of Linux'
test('a place where nothing can be made is refused, and not tried for ever', { skip }, async () => {
  await assert.rejects(makeFolder('/proc/hopwire/x'), { code: 'ENOENT' })
})
