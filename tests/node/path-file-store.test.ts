import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { nobleProvider } from '../../src/crypto/provider/noble.ts'
import { PathFileStore } from '../../src/node/path-file-store.ts'
import { MAX_PATH_FILE_BYTES, type SavedPath } from '../../src/routing/path-file.ts'
import { type Logger, silentLogger } from '../../src/runtime/logger.ts'
import { VirtualClock } from '../../src/sim/clock.ts'
import { AnnounceView } from '../../src/wire/announce.ts'
import { announceBy, identityOf } from '../support/frames.ts'

const maxAgeMs = 1_800_000
const EVERY = { verify: () => true, maxAgeMs }

interface Place {
  readonly folder: string
  readonly file: string
  readonly clock: VirtualClock
  readonly logged: string[]
  readonly store: PathFileStore
}

async function inFolder(run: (place: Place) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'hopwire-paths-'))
  try {
    const file = join(folder, 'paths')
    const clock = new VirtualClock()
    const logged: string[] = []
    const note = (fields: object, message: string): void => {
      logged.push(`${message}: ${'error' in fields ? fields.error : ''}`)
    }
    const logger: Logger = { ...silentLogger, warn: note, error: note }
    await run({ folder, file, clock, logged, store: new PathFileStore(file, clock, logger) })
  } finally {
    await rm(folder, { recursive: true })
  }
}

function saved(clock: VirtualClock, ...names: string[]): SavedPath[] {
  return names.map((name) => ({
    announce: new AnnounceView(announceBy(identityOf(name))),
    expiresAt: clock.now() + 60_000,
  }))
}

function frames(paths: readonly SavedPath[]): Uint8Array[] {
  return paths.map(({ announce }) => announce.frame)
}

describe('the store of the file of paths', () => {
  it('gives back what was saved last, and nothing where nothing was', async () => {
    await inFolder(async ({ folder, file, clock, logged, store }) => {
      assert.deepEqual(await store.load(EVERY), [])
      await store.save(saved(clock, 'alice'))
      await store.save(saved(clock, 'bob', 'carol'))
      assert.deepEqual(frames(await store.load(EVERY)), frames(saved(clock, 'bob', 'carol')))
      assert.equal((await stat(file)).mode & 0o777, 0o600)
      assert.deepEqual(await readdir(folder), ['paths'])
      assert.deepEqual(logged, [])
    })
  })

  it('leaves the last of several saves that were begun at once', async () => {
    await inFolder(async ({ clock, store }) => {
      const names = Array.from({ length: 10 }, (_, n) => `node ${n}`)
      await Promise.all(names.map((name) => store.save(saved(clock, name))))
      assert.deepEqual(frames(await store.load(EVERY)), frames(saved(clock, 'node 9')))
    })
  })

  it('drops announces whose signature is wrong, keeps the others, and says so', async () => {
    await inFolder(async ({ clock, logged, store }) => {
      const [good, bad] = saved(clock, 'alice', 'mallory') as [SavedPath, SavedPath]
      bad.announce.frame[2] = 0xff
      await store.save([bad, good])
      const crypto = nobleProvider()
      const verify = ({ signature, signedPart, publicKey }: AnnounceView): boolean =>
        crypto.ed25519Verify(signature, signedPart, publicKey)
      assert.deepEqual(frames(await store.load({ verify, maxAgeMs })), frames([good]))
      assert.equal(logged.length, 1)
    })
  })

  it('checks signatures for a quarter of a second at most', async () => {
    await inFolder(async ({ clock, store }) => {
      await store.save(saved(clock, 'a', 'b', 'c', 'd', 'e'))
      const verify = (): boolean => {
        clock.advance(100)
        return true
      }
      assert.deepEqual(frames(await store.load({ verify, maxAgeMs })), frames(saved(clock, 'a', 'b', 'c')))
    })
  })

  it('sets a file aside that cannot be used, says so, and goes on without', async () => {
    await inFolder(async ({ folder, file, clock, logged, store }) => {
      await store.save(saved(clock, 'alice'))
      const bytes = await readFile(file)
      bytes[40] = (bytes[40] as number) ^ 1
      await writeFile(file, bytes)
      assert.deepEqual(await store.load(EVERY), [])
      assert.deepEqual(await readdir(folder), ['paths.corrupt-20260101T000000Z'])
      assert.deepEqual(await readFile(`${file}.corrupt-20260101T000000Z`), bytes)
      assert.match(logged.join(), /set aside: .*checksum/)
      await store.save(saved(clock, 'bob'))
      assert.equal((await store.load(EVERY)).length, 1)
    })
  })

  it('does not read a file that is far too long, nor a folder', async () => {
    await inFolder(async ({ folder, file, clock, logged, store }) => {
      await writeFile(file, new Uint8Array(MAX_PATH_FILE_BYTES + 1))
      assert.deepEqual(await store.load(EVERY), [])
      clock.advance(1000)
      await mkdir(file)
      assert.deepEqual(await store.load(EVERY), [])
      assert.equal(logged.length, 2)
      assert.equal((await readdir(folder)).length, 2)
    })
  })

  it('does not wait for a pipe', async (context) => {
    if (process.platform === 'win32') return context.skip('Windows has no such files')
    await inFolder(async ({ folder, file, logged, store }) => {
      execFileSync('mkfifo', [file])
      assert.deepEqual(await store.load(EVERY), [])
      assert.match(logged.join(), /no regular file/)
      assert.deepEqual(await readdir(folder), ['paths.corrupt-20260101T000000Z'])
    })
  })

  it('survives a folder that is gone or cannot be written', async () => {
    await inFolder(async ({ folder, clock, logged }) => {
      const logger: Logger = { ...silentLogger, error: (_, message) => void logged.push(message) }
      const gone = new PathFileStore(join(folder, 'gone', 'paths'), clock, logger)
      assert.deepEqual(await gone.load(EVERY), [])
      await gone.save(saved(clock, 'alice'))
      assert.deepEqual(logged, ['paths could not be saved'])
    })
  })

  it('leaves the old file whole when the new one cannot be written', async (context) => {
    if (process.getuid?.() === 0) return context.skip('root writes wherever it likes')
    await inFolder(async ({ folder, clock, logged, store }) => {
      await store.save(saved(clock, 'alice'))
      await chmod(folder, 0o500)
      await store.save(saved(clock, 'bob'))
      await chmod(folder, 0o700)
      assert.equal(logged.length, 1)
      assert.deepEqual(frames(await store.load(EVERY)), frames(saved(clock, 'alice')))
    })
  })
})
