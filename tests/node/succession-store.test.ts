import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Identity } from '../../src/identity/identity.ts'
import { KeyChanges } from '../../src/node/key-changes.ts'
import { SuccessionStore } from '../../src/node/succession-store.ts'
import { Blocklist } from '../../src/routing/blocklist.ts'
import { SuccessionTable } from '../../src/routing/succession-table.ts'
import type { Logger } from '../../src/runtime/logger.ts'
import { silentLogger } from '../../src/runtime/logger.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { VirtualClock } from '../../src/sim/clock.ts'
import { encodeSuccession } from '../../src/wire/succession.ts'
import { identityOf, T0 } from '../support/frames.ts'

async function inFolder(test: (file: string, folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'hopwire-successions-'))
  try {
    await test(join(folder, 'successions'), folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

function frame(n: number): Uint8Array {
  const none = (): Uint8Array => new Uint8Array(64).fill(n)
  const keys = { oldKey: new Uint8Array(32).fill(n), newKey: new Uint8Array(32).fill(n + 1) }
  return encodeSuccession({ created: n, ...keys }, none, none)
}

function table(version: number, ...frames: Uint8Array[]): { version: number; frames(): Uint8Array[] } {
  return { version, frames: () => frames }
}

function loggerTo(lines: string[]): Logger {
  const note = (_fields: object, message: string): void => void lines.push(message)
  return { ...silentLogger, warn: note, error: note, child: () => loggerTo(lines) }
}

describe('the file of successions', () => {
  it('gives back what was saved, and nothing where nothing was', async () => {
    await inFolder(async (file) => {
      const store = new SuccessionStore(file, silentLogger)
      assert.deepEqual(await store.load(), [])
      await store.save(table(1, frame(1), frame(2)))
      assert.deepEqual(await new SuccessionStore(file, silentLogger).load(), [frame(1), frame(2)])
      assert.equal((await stat(file)).mode & 0o777, 0o600)
      await store.save(table(2))
      assert.deepEqual(await store.load(), [])
    })
  })

  it('is written only when the table has changed, and leaves nothing else behind', async () => {
    await inFolder(async (file, folder) => {
      const store = new SuccessionStore(file, silentLogger)
      await store.save(table(1, frame(1)))
      await writeFile(file, 'touched')
      await store.save(table(1, frame(1)))
      assert.equal(await readFile(file, 'utf8'), 'touched')
      store.loaded(7)
      await store.save(table(7, frame(3)))
      assert.equal(await readFile(file, 'utf8'), 'touched')
      await store.save(table(8, frame(3)))
      assert.deepEqual(await store.load(), [frame(3)])
      assert.deepEqual(await readdir(folder), ['successions'])
    })
  })

  it('is set aside and reported with any one byte changed, or any length cut or added', async () => {
    await inFolder(async (file) => {
      await new SuccessionStore(file, silentLogger).save(table(1, frame(1), frame(2)))
      const whole = Uint8Array.from(await readFile(file))
      const at = fc.integer({ min: 0, max: whole.length - 1 })
      const damaged = fc.oneof(
        fc
          .tuple(at, fc.integer({ min: 1, max: 255 }))
          .map(([i, bits]) => whole.with(i, (whole[i] ?? 0) ^ bits)),
        at.map((length) => whole.slice(0, length)),
        fc.uint8Array({ minLength: 1, maxLength: 300 }).map((more) => Uint8Array.of(...whole, ...more)),
        fc.uint8Array({ maxLength: 300 }),
      )
      await fc.assert(
        fc.asyncProperty(damaged, async (content) => {
          await writeFile(file, content)
          const lines: string[] = []
          assert.deepEqual(await new SuccessionStore(file, loggerTo(lines)).load(), [])
          assert.deepEqual(lines, ['successions not read: set aside'])
          assert.deepEqual(Uint8Array.from(await readFile(`${file}.corrupt`)), content)
          await assert.rejects(stat(file), { code: 'ENOENT' })
        }),
        { numRuns: 60 },
      )
    })
  })

  it('that cannot be written is reported, and tried again', async () => {
    await inFolder(async (_file, folder) => {
      const lines: string[] = []
      const store = new SuccessionStore(join(folder, 'none', 'successions'), loggerTo(lines))
      await store.save(table(1, frame(1)))
      await store.save(table(1, frame(1)))
      assert.deepEqual(lines, ['successions could not be saved', 'successions could not be saved'])
    })
  })
})

describe('key changes', () => {
  const [alice, bob, own] = ['alice', 'bob', 'own'].map(identityOf) as [Identity, Identity, Identity]

  function changes(store: SuccessionStore | undefined, lines: string[] = []) {
    const table = new SuccessionTable({ blocklist: new Blocklist(seededRandom('b')) }, seededRandom('t'))
    const moves: string[] = []
    const keyChanges = new KeyChanges({
      own: own.address,
      table,
      ownSuccessions: [],
      clock: new VirtualClock(),
      logger: loggerTo(lines),
      store,
      moved: (from, to) => void moves.push(`${from} ${to}`),
    })
    return { table, keyChanges, moves }
  }

  function moving(from: Identity, to: Identity, created = T0): Uint8Array {
    const keys = { created, oldKey: from.publicKey, newKey: to.publicKey }
    return encodeSuccession(
      keys,
      (part) => from.sign(part),
      (part) => to.sign(part),
    )
  }

  it('lead messages to the newest address, over a restart, and pass on what is heard again', async () => {
    await inFolder(async (file) => {
      const { table, keyChanges, moves } = changes(new SuccessionStore(file, silentLogger))
      const frame = moving(alice, bob)
      keyChanges.heard(table.accept(frame, 0, 0))
      assert.deepEqual(moves, [`${alice.address} ${bob.address}`])
      await keyChanges.save()
      const later = changes(new SuccessionStore(file, silentLogger))
      assert.ok(later.keyChanges.newest(alice.address).equals(alice.address))
      await later.keyChanges.load()
      assert.ok(later.keyChanges.newest(alice.address).equals(bob.address))
      assert.equal(later.table.inspect(frame, T0 * 1000), undefined)
    })
  })

  it('tell of a fork, and of a successor of the very key that the node runs with', () => {
    const lines: string[] = []
    const { table, keyChanges } = changes(undefined, lines)
    keyChanges.heard(table.accept(moving(alice, bob), 0, 0))
    assert.deepEqual(lines, [])
    keyChanges.heard(table.accept(moving(alice, own, T0 + 1), 0, 0))
    assert.deepEqual(lines.splice(0), [
      'a key has signed two successors: ask its owner, somebody else may have it',
    ])
    keyChanges.heard(table.accept(moving(own, bob), 0, 0))
    assert.deepEqual(lines, ["this node's own key has signed a successor"])
    assert.ok(keyChanges.newest(own.address).equals(own.address))
  })
})
