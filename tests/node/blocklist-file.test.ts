import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseBlocklist, readBlocklist } from '../../src/node/blocklist-file.ts'
import { MAX_BLOCKED } from '../../src/routing/blocklist.ts'
import { MeshError } from '../../src/runtime/errors.ts'
import { identityOf } from '../support/frames.ts'

const own = identityOf('own').address
const alice = identityOf('alice')
const bob = identityOf('bob')
const aliceKey = Buffer.from(alice.publicKey).toString('hex')

function parse(text: string): string[] {
  return parseBlocklist(text, 'blocked', own).map(String)
}

function refusal(message: string): object {
  return { code: 'ERR_CONFIG', message }
}

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'hopwire-blocklist-'))
  try {
    await test(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

describe('a blocklist file', () => {
  it('names nodes by key or by address, in either case, with comments and empty lines', () => {
    const text = `# neighbours from hell\n\n  ${aliceKey.toUpperCase()}  # alice\r\n${bob.address}#bob\n\t\n`
    assert.deepEqual(parse(text), [alice.address.toString(), bob.address.toString()])
    assert.deepEqual(parse(''), [])
    assert.deepEqual(parse('#'), [])
  })

  it('is refused with a line for each problem, naming file and line', () => {
    const expected = 'expected an address of 32 hexadecimal digits or a public key of 64'
    assert.throws(
      () => parse(`${bob.address}\nalice\n${aliceKey} ${aliceKey}\n${aliceKey.slice(1)}\n`),
      refusal(
        [
          `blocked:2: ${expected}, got "alice"`,
          `blocked:3: ${expected}, got "${aliceKey} ${aliceKey.slice(0, 7)}…"`,
          `blocked:4: ${expected}, got "${aliceKey.slice(1)}"`,
        ].join('\n'),
      ),
    )
  })

  it('is refused when it blocks the node itself', () => {
    assert.throws(() => parse(`\n${own}`), refusal(`blocked:2: ${own} is this very node: take it out`))
  })

  it('tells ten problems, and how many more there are', () => {
    assert.throws(
      () => parse('x\n'.repeat(25)),
      (error: Error) => error.message.split('\n').length === 11 && error.message.endsWith('\nand 15 more'),
    )
  })

  it('has an end to its length', () => {
    assert.equal(parse(`${bob.address}\n`.repeat(MAX_BLOCKED)).length, MAX_BLOCKED)
    const message = `blocked: ${MAX_BLOCKED + 1} entries are too many: a blocklist holds ${MAX_BLOCKED}`
    assert.throws(() => parse(`${bob.address}\n`.repeat(MAX_BLOCKED + 1)), refusal(message))
  })

  it('gives a list or a coded error for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        try {
          parse(text)
        } catch (error) {
          assert.ok(error instanceof MeshError && error.code === 'ERR_CONFIG', String(error))
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('is read from the disk', async () => {
    await inFolder(async (folder) => {
      const file = join(folder, 'blocked')
      await writeFile(file, `${bob.address}\n`)
      assert.deepEqual((await readBlocklist(file, own)).map(String), [bob.address.toString()])
    })
  })

  it('that is missing, no file, too large or no text is refused by name', async () => {
    await inFolder(async (folder) => {
      const file = join(folder, 'blocked')
      const missing = `${file}: does not exist: make it, or leave blocklist.file empty`
      await assert.rejects(readBlocklist(file, own), refusal(missing))
      await assert.rejects(readBlocklist(folder, own), refusal(`${folder}: is no regular file`))
      await writeFile(file, Buffer.alloc(8 * 2 ** 20 + 1, '\n'))
      await assert.rejects(readBlocklist(file, own), refusal(`${file}: is larger than 8388608 bytes`))
      await writeFile(file, Uint8Array.of(0xff, 0xfe))
      await assert.rejects(readBlocklist(file, own), refusal(`${file}: is not UTF-8 text`))
    })
  })
})
