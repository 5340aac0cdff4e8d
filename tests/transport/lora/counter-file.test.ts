import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { counterFile } from '../../../src/transport/lora/counter-file.ts'
import { FileMedium } from '../../../src/transport/lora/ledger/ledger-medium.ts'

describe('the file of counters', () => {
  let folder = ''
  const open = (name = 'radio.counter') => counterFile(new FileMedium(join(folder, name)), silentLogger)

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hopwire-counter-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('gives back what was reserved last', () => {
    assert.equal(open().last, 0)
    open().reserve(70_000)
    open().reserve(0xffff_fffe)
    assert.equal(open().last, 0xffff_fffe)
  })

  it('that is damaged counts as none, and is written anew', async () => {
    open().reserve(70_000)
    const file = join(folder, 'radio.counter')
    const bytes = await readFile(file)
    for (const bad of [
      bytes.subarray(1),
      Buffer.alloc(0),
      bytes.map((byte, at) => (at === 2 ? byte ^ 1 : byte)),
    ]) {
      await writeFile(file, bad)
      const floor = open()
      assert.equal(floor.last, 0)
      floor.reserve(5)
      assert.equal(open().last, 5)
    }
  })

  it('that cannot be written keeps nobody from sending', async () => {
    await writeFile(join(folder, 'not-a-folder'), '')
    const floor = open('not-a-folder/radio.counter')
    assert.equal(floor.last, 0)
    floor.reserve(5)
  })
})
