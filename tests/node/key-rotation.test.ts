import assert from 'node:assert/strict'
import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { defaultProvider } from '../../src/crypto/provider/select.ts'
import { Identity } from '../../src/identity/identity.ts'
import { loadFormerKeys, rotateKey } from '../../src/node/key-rotation.ts'
import { Blocklist } from '../../src/routing/blocklist.ts'
import { LONGEST_CHAIN, SuccessionTable } from '../../src/routing/succession-table.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { SuccessionView } from '../../src/wire/succession.ts'

const NOW_S = 1_767_225_600
const crypto = defaultProvider()

interface Place {
  readonly folder: string
  readonly keyFile: string
  readonly first: Identity
}

async function withKey(test: (place: Place) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'hopwire-rotation-'))
  try {
    const keyFile = join(folder, 'identity.key')
    const first = Identity.generate(seededRandom('first'))
    await first.save(keyFile)
    await test({ folder, keyFile, first })
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Whether the folder is one that a node can start from, and by which addresses it was known before. */
async function formersIn(keyFile: string): Promise<string[]> {
  const identity = await Identity.load(keyFile)
  return (await loadFormerKeys(keyFile, identity)).map(({ identity }) => identity.address.toString())
}

describe('the rotation of a key', () => {
  it('leaves the new key in the key file, and the old one beside it with a record both have signed', async () => {
    await withKey(async ({ folder, keyFile, first }) => {
      const { from, to } = await rotateKey({ keyFile, nowS: NOW_S })
      const now = await Identity.load(keyFile)
      assert.ok(from.equals(first.address) && to.equals(now.address) && !to.equals(from))
      const [former, ...more] = await loadFormerKeys(keyFile, now)
      assert.deepEqual(more, [])
      assert.ok(former)
      assert.ok(former.identity.address.equals(first.address))
      assert.deepEqual(former.identity.exportSeed(), first.exportSeed())
      const view = new SuccessionView(former.succession)
      assert.equal(view.created, NOW_S)
      assert.deepEqual([view.oldKey, view.newKey], [first.publicKey, now.publicKey])
      assert.ok(view.isSigned(crypto.ed25519Verify.bind(crypto)))
      assert.deepEqual((await readdir(folder)).toSorted(), ['identity.key', 'identity.key.former'])
      for (const file of ['identity.key', 'identity.key.former']) {
        assert.equal((await stat(join(folder, file))).mode & 0o777, 0o600)
      }
    })
  })

  it('is a chain from the first address to the last, of the latest keys only', async () => {
    await withKey(async ({ keyFile }) => {
      const addresses: string[] = []
      for (let time = 0; time < LONGEST_CHAIN + 2; time++) {
        addresses.push((await rotateKey({ keyFile, nowS: NOW_S + time })).from.toString())
      }
      assert.deepEqual(await formersIn(keyFile), addresses.slice(-LONGEST_CHAIN))
      const now = await Identity.load(keyFile)
      const formers = await loadFormerKeys(keyFile, now)
      const table = new SuccessionTable(
        { blocklist: new Blocklist(seededRandom('blocklist')) },
        seededRandom('table'),
      )
      for (const { succession } of formers) table.acceptOwn(succession, 0)
      assert.ok(formers[0] && table.newest(formers[0].identity.address, 0).equals(now.address))
    })
  })

  it('of a key that was never rotated has nothing to tell', async () => {
    await withKey(async ({ keyFile }) => assert.deepEqual(await formersIn(keyFile), []))
  })

  it('cut short before the key file has its new key is as if it had not begun', async () => {
    await withKey(async ({ keyFile, first }) => {
      const { from } = await rotateKey({ keyFile, nowS: NOW_S })
      const second = await readFile(keyFile)
      await rotateKey({ keyFile, nowS: NOW_S + 1 })
      await writeFile(keyFile, second) // the last step has not been taken
      assert.deepEqual(await formersIn(keyFile), [from.toString()])
      const again = await rotateKey({ keyFile, nowS: NOW_S + 2 })
      assert.deepEqual(await formersIn(keyFile), [first.address.toString(), again.from.toString()])
    })
  })

  it('is refused while another is under way or was cut short, and changes nothing', async () => {
    await withKey(async ({ folder, keyFile, first }) => {
      await writeFile(`${keyFile}.next`, 'whatever')
      await assert.rejects(rotateKey({ keyFile, nowS: NOW_S }), {
        code: 'ERR_IDENTITY_FILE',
        message: `key file ${keyFile}.next exists: if no other rotation is under way, one was cut short before it changed anything: delete it, and try again`,
      })
      assert.ok((await Identity.load(keyFile)).address.equals(first.address))
      assert.deepEqual((await readdir(folder)).toSorted(), ['identity.key', 'identity.key.next'])
      assert.equal(await readFile(`${keyFile}.next`, 'utf8'), 'whatever')
    })
  })

  it('keeps a symbolic link one, and changes the file behind it', async () => {
    await withKey(async ({ folder, keyFile }) => {
      const alias = join(folder, 'alias')
      await symlink(keyFile, alias)
      const { to } = await rotateKey({ keyFile: alias, nowS: NOW_S })
      assert.ok((await Identity.load(keyFile)).address.equals(to))
      assert.deepEqual(await formersIn(alias), await formersIn(keyFile))
      assert.equal((await formersIn(alias)).length, 1)
      assert.deepEqual((await readdir(folder)).toSorted(), ['alias', 'identity.key', 'identity.key.former'])
    })
  })

  it('leaves no new key lying about when it fails', async () => {
    await withKey(async ({ folder, first }) => {
      // A name with room for what stands behind it while .next is written, and none for .former.
      const keyFile = join(folder, 'k'.repeat(232))
      await first.save(keyFile)
      await assert.rejects(rotateKey({ keyFile, nowS: NOW_S }), {
        code: 'ERR_IDENTITY_FILE',
        message: /could not be given its next key: ENAMETOOLONG/,
      })
      assert.ok((await Identity.load(keyFile)).address.equals(first.address))
      assert.deepEqual((await readdir(folder)).toSorted(), ['identity.key', 'k'.repeat(232)])
    })
  })
})

describe('the file of former keys', () => {
  async function refused(change: (text: string) => string, message: RegExp, mode = 0o600): Promise<void> {
    await withKey(async ({ keyFile }) => {
      await rotateKey({ keyFile, nowS: NOW_S })
      await rotateKey({ keyFile, nowS: NOW_S + 1 })
      const file = `${keyFile}.former`
      const text = await readFile(file, 'utf8')
      await writeFile(file, change(text))
      await chmod(file, mode)
      const identity = await Identity.load(keyFile)
      await assert.rejects(loadFormerKeys(keyFile, identity), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'ERR_IDENTITY_FILE')
        assert.match(error.message, message)
        for (const secret of text.match(/(?<= )[0-9a-f]{64} /g) ?? [])
          assert.ok(!error.message.includes(secret.trim()))
        return true
      })
    })
  }

  const lines = (text: string): string[] => text.trimEnd().split('\n')

  it('is refused with anything else in a line, naming it', async () => {
    await refused((text) => `${text}x\n`, /identity\.key\.former has something else in line 3$/)
    await refused((text) => text.replace('v1', 'v2'), /in line 1$/)
  })

  it('is refused with another seed than that of the record, or a wrong signature', async () => {
    await refused(
      (text) => text.replace(/(?<=v1 )[0-9a-f]{2}/, (byte) => (byte === '00' ? '01' : '00')),
      /in line 1$/,
    )
    await refused((text) => text.replace(/[0-9a-f]{6}(?=\n$)/, '000000'), /in line 2$/)
  })

  it('is refused when the chain has a gap, or leads elsewhere', async () => {
    await refused(
      (text) => `${lines(text).toReversed().join('\n')}\n`,
      /breaks off at line 2: it is not for the key/,
    )
    await refused(
      (text) => `${lines(text)[0]}\n`,
      /is for another key than that of .*identity\.key: move it away/,
    )
  })

  it('is refused when others can read it', async () => {
    await refused((text) => text, /can be read by others, and it holds keys: chmod 600 /, 0o640)
  })

  it('is refused when it is larger than it can be', async () => {
    await refused((text) => text.repeat(10), /is too large for what it should hold$/)
  })
})
