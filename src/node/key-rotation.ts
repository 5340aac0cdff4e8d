/**
 * How a node comes to its next key. Beside the key file lies `<key file>.former` with the keys that the node
 * had before, a line for each, oldest first: the old seed and the succession that both keys have signed.
 *
 * `hopwire-former-key-v1 <64 hexadecimal digits> <398 hexadecimal digits>`
 */
import { lstat, open, realpath, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { CryptoProvider } from '../crypto/provider/provider.ts'
import { defaultProvider } from '../crypto/provider/select.ts'
import type { Address } from '../identity/address.ts'
import { Identity } from '../identity/identity.ts'
import { LONGEST_CHAIN } from '../routing/succession-table.ts'
import { MeshError, messageOf, systemCodeOf } from '../runtime/errors.ts'
import { type Random, systemRandom } from '../runtime/random.ts'
import { type Owner, replaceFile, syncFolder } from '../runtime/replace-file.ts'
import { checkSuccession, encodeSuccession, SUCCESSION_BYTES, SuccessionView } from '../wire/succession.ts'

const LINE = new RegExp(`^hopwire-former-key-v1 ([0-9a-f]{64}) ([0-9a-f]{${2 * SUCCESSION_BYTES}})$`)
const MAX_FILE_BYTES = 1024 * LONGEST_CHAIN
const OTHERS = 0o077

/** A key that a node had before, and what moves its contacts on from there. */
export interface FormerKey {
  readonly identity: Identity
  /** The frame, with zero hops. */
  readonly succession: Uint8Array
}

export interface RotateOptions {
  readonly keyFile: string
  /** Wall clock, seconds since the Unix epoch. */
  readonly nowS: number
  readonly random?: Random
  readonly crypto?: CryptoProvider
}

/**
 * Gives the key file a new key, and keeps the old one with the succession. In whatever moment it is cut short,
 * the key file holds the old key or the new one, and in the latter case the succession is there too.
 *
 * @throws MeshError ERR_IDENTITY_FILE: then the key file is as it was.
 */
export async function rotateKey(options: RotateOptions): Promise<{ from: Address; to: Address }> {
  const { nowS, random = systemRandom, crypto = defaultProvider() } = options
  const old = await Identity.load(options.keyFile, crypto)
  const formers = await loadFormerKeys(options.keyFile, old, crypto)
  const next = Identity.generate(random, crypto)
  const succession = encodeSuccession(
    { created: nowS, oldKey: old.publicKey, newKey: next.publicKey },
    (signed) => old.sign(signed),
    (signed) => next.sign(signed),
  )
  // The file itself: to replace a symbolic link would leave the old key where it was.
  const keyFile = await realpath(options.keyFile)
  const nextFile = `${keyFile}.next`
  await saveNext(next, nextFile)
  try {
    const owner = await ownerOf(keyFile)
    if (owner !== undefined) await chown(nextFile, owner)
    const kept = [...formers, { identity: old, succession }].slice(-LONGEST_CHAIN)
    await replaceFile(formerFileOf(keyFile), kept.map(lineOf).join(''), owner)
    await rename(nextFile, keyFile)
  } catch (error) {
    await rm(nextFile, { force: true })
    throw fileError(keyFile, `could not be given its next key: ${messageOf(error)}`, error)
  }
  await syncFolder(dirname(keyFile))
  return { from: old.address, to: next.address }
}

/**
 * The keys that led to `identity`, oldest first; none where its key was never rotated.
 *
 * @throws MeshError ERR_IDENTITY_FILE, naming the file and its line, where others can read it or it was
 *   changed.
 */
export async function loadFormerKeys(
  keyFile: string,
  identity: Identity,
  crypto: CryptoProvider = defaultProvider(),
): Promise<readonly FormerKey[]> {
  const file = formerFileOf(await realpath(keyFile))
  const text = await readSecret(file)
  const formers: FormerKey[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '') continue
    const former = formerIn(line, crypto)
    if (former === undefined) throw fileError(file, `has something else in line ${index + 1}`)
    const before = formers.at(-1)
    if (before !== undefined && !leadsTo(before, former.identity)) {
      throw fileError(
        file,
        `breaks off at line ${index + 1}: it is not for the key that the line above leads to`,
      )
    }
    formers.push(former)
  }
  // A rotation that was cut short before the key file had its new key: nobody has heard of it.
  if (formers.at(-1)?.identity.address.equals(identity.address)) formers.pop()
  const last = formers.at(-1)
  if (last !== undefined && !leadsTo(last, identity)) {
    throw fileError(
      file,
      `is for another key than that of ${keyFile}: move it away if it does not belong here`,
    )
  }
  return formers
}

function formerFileOf(keyFile: string): string {
  return `${keyFile}.former`
}

function lineOf({ identity, succession }: FormerKey): string {
  const seed = Buffer.from(identity.exportSeed()).toString('hex')
  return `hopwire-former-key-v1 ${seed} ${Buffer.from(succession).toString('hex')}\n`
}

function formerIn(line: string, crypto: CryptoProvider): FormerKey | undefined {
  const [, seed = '', frame = ''] = LINE.exec(line) ?? []
  const succession = Uint8Array.from(Buffer.from(frame, 'hex'))
  if (checkSuccession(succession) !== undefined) return undefined
  const identity = Identity.fromSeed(Buffer.from(seed, 'hex'), crypto)
  const view = new SuccessionView(succession)
  if (Buffer.compare(view.oldKey, identity.publicKey) !== 0) return undefined
  return view.isSigned((...signed) => crypto.ed25519Verify(...signed)) ? { identity, succession } : undefined
}

function leadsTo({ succession }: FormerKey, { publicKey }: Identity): boolean {
  return Buffer.compare(new SuccessionView(succession).newKey, publicKey) === 0
}

async function saveNext(next: Identity, file: string): Promise<void> {
  try {
    await next.save(file)
  } catch (error) {
    if (!(await exists(file))) throw error
    // Whether the other one still runs cannot be told; the key it holds is nobody's yet in either case.
    const fix = 'if no other rotation is under way, one was cut short before it changed anything: delete it'
    throw fileError(file, `exists: ${fix}, and try again`, error)
  }
}

async function exists(file: string): Promise<boolean> {
  return await lstat(file).then(
    () => true,
    () => false,
  )
}

/** Whom the key file belongs to, where that is not who runs this: root may rotate the key of a service. */
async function ownerOf(file: string): Promise<Owner | undefined> {
  if (process.getuid === undefined) return undefined
  const { uid, gid } = await lstat(file)
  return uid === process.getuid() ? undefined : { uid, gid }
}

async function chown(file: string, { uid, gid }: Owner): Promise<void> {
  await using handle = await open(file, 'r+')
  await handle.chown(uid, gid)
}

/** The text of a file that nobody else may read; empty where there is none. */
async function readSecret(file: string): Promise<string> {
  try {
    await using handle = await open(file, 'r')
    const { mode, size } = await handle.stat()
    if (process.platform !== 'win32' && (mode & OTHERS) !== 0) {
      throw fileError(file, `can be read by others, and it holds keys: chmod 600 ${file}`)
    }
    if (size > MAX_FILE_BYTES) throw fileError(file, 'is too large for what it should hold')
    return await handle.readFile('utf8')
  } catch (error) {
    if (error instanceof MeshError) throw error
    if (systemCodeOf(error) === 'ENOENT') return ''
    throw fileError(file, `cannot be read: ${messageOf(error)}`, error)
  }
}

function fileError(file: string, what: string, cause?: unknown): MeshError {
  return new MeshError('ERR_IDENTITY_FILE', `key file ${file} ${what}`, { cause, context: { file } })
}
