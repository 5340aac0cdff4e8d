/** What every CryptoProvider must do: `cryptoProviderCompliance('mine', provider)` in a test file of node:test. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import type { CryptoProvider } from '../crypto/provider/provider.ts'
import { seededRandom } from '../runtime/random.ts'

interface Ed25519Vectors {
  sign: { name: string; seed: string; publicKey: string; message: string; signature: string }[]
  accept: SignatureVector[]
  refuse: SignatureVector[]
}

interface SignatureVector {
  name: string
  publicKey: string
  message: string
  signature: string
}

interface X25519Vectors {
  multiply: { secret: string; publicKey: string; shared: string }[]
  iterate: { start: string; results: { times: number; result: string }[] }
  exchange: { secretA: string; publicKeyA: string; secretB: string; publicKeyB: string; shared: string }
  refuse: { name: string; publicKey: string }[]
}

interface AeadVectors {
  vectors: {
    name: string
    key: string
    nonce: string
    associatedData: string
    plaintext: string
    ciphertext: string
    tag: string
  }[]
}

interface HkdfVectors {
  vectors: { name: string; secret: string; salt: string; info: string; length: number; output: string }[]
}

const NONE = new Uint8Array(0)

/** Registers the tests. The vectors are those of RFC 8032, 7748, 8439 and 5869 in docs/specs/vectors. */
export function cryptoProviderCompliance(name: string, provider: CryptoProvider): void {
  describe(`crypto provider ${name}`, () => {
    test('has a name to show', () => assert.match(provider.name, /^[a-z0-9-]+$/))
    describe('SHA-256', () => sha256Tests(provider))
    describe('Ed25519', () => ed25519Tests(provider))
    describe('X25519', () => x25519Tests(provider))
    describe('ChaCha20-Poly1305', () => aeadTests(provider))
    describe('HKDF-SHA256', () => hkdfTests(provider))
  })
}

function sha256Tests(provider: CryptoProvider): void {
  test('gives the digests of FIPS 180-4', () => {
    const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
    const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    assert.equal(hex(provider.sha256(NONE)), empty)
    assert.equal(hex(provider.sha256(bytes('616263'))), abc)
    assert.equal(hex(provider.sha256(inTheMiddle(bytes('616263')))), abc)
  })

  test('gives plain memory of its own', () => {
    const first = provider.sha256(NONE)
    assertPlain(first)
    const before = hex(first)
    provider.sha256(bytes('00'))
    assert.equal(hex(first), before)
  })
}

function ed25519Tests(provider: CryptoProvider): void {
  const vectors = load<Ed25519Vectors>('ed25519')

  for (const vector of vectors.sign) {
    test(`RFC 8032, section 7.1, ${vector.name}`, () => {
      const [seed, message] = [bytes(vector.seed), bytes(vector.message)]
      const publicKey = provider.ed25519PublicKey(seed)
      assert.equal(hex(publicKey), vector.publicKey)
      const signature = provider.ed25519Sign(message, seed, publicKey)
      assert.equal(hex(signature), vector.signature)
      assert.equal(provider.ed25519Verify(signature, message, publicKey), true)
      assertPlain(publicKey)
      assertPlain(signature)
      assert.equal(hex(seed), vector.seed, 'the seed must be left as it was')
    })
  }

  for (const vector of vectors.accept) {
    test(`accepts: ${vector.name}`, () => assert.equal(verdict(provider, vector), true))
  }

  for (const vector of vectors.refuse) {
    test(`refuses: ${vector.name}`, () => assert.equal(verdict(provider, vector), false))
  }

  test('refuses a signature when any one bit of it, the message or the key is flipped', () => {
    const random = seededRandom('tampering')
    const seed = random.bytes(32)
    const publicKey = provider.ed25519PublicKey(seed)
    const message = random.bytes(100)
    const signature = provider.ed25519Sign(message, seed, publicKey)
    for (const part of [signature, message, publicKey]) {
      for (let i = 0; i < part.length; i += 7) {
        const mask = 1 << random.below(8)
        flip(part, i, mask)
        assert.equal(provider.ed25519Verify(signature, message, publicKey), false, `byte ${i}`)
        flip(part, i, mask)
      }
    }
    assert.equal(provider.ed25519Verify(signature, message, publicKey), true)
  })

  test('checks a signature where it stands in a larger buffer', () => {
    const { seed, publicKey, message, signature } = at(vectors.sign, 2)
    const frame = inTheMiddle(bytes(publicKey + message + signature))
    const [key, body] = [frame.subarray(0, 32), frame.subarray(32, 34)]
    assert.equal(provider.ed25519Verify(frame.subarray(34), body, key), true)
    assert.equal(provider.ed25519Verify(Buffer.from(signature, 'hex'), body, key), true)
    assert.equal(hex(provider.ed25519Sign(body, inTheMiddle(bytes(seed)), key)), signature)
  })

  test('throws at wrong lengths', () => {
    const { seed, publicKey, signature } = at(vectors.sign, 0)
    for (const wrong of wrongLengths(32)) {
      assert.throws(() => provider.ed25519PublicKey(wrong))
      assert.throws(() => provider.ed25519Sign(NONE, wrong, bytes(publicKey)))
      assert.throws(() => provider.ed25519Sign(NONE, bytes(seed), wrong))
      assert.throws(() => provider.ed25519Verify(bytes(signature), NONE, wrong))
    }
    for (const wrong of wrongLengths(64)) {
      assert.throws(() => provider.ed25519Verify(wrong, NONE, bytes(publicKey)))
    }
  })
}

function x25519Tests(provider: CryptoProvider): void {
  const { multiply, iterate, exchange, refuse } = load<X25519Vectors>('x25519')

  test('RFC 7748, section 5.2', () => {
    for (const { secret, publicKey, shared } of multiply) {
      assert.equal(hex(provider.x25519SharedSecret(bytes(secret), bytes(publicKey))), shared)
    }
  })

  test('RFC 7748, section 5.2, iterated', () => {
    let [scalar, u] = [bytes(iterate.start), bytes(iterate.start)]
    let done = 0
    for (const { times, result } of iterate.results) {
      for (; done < times; done++) {
        const next = provider.x25519SharedSecret(scalar, u)
        assert.ok(next !== undefined)
        u = scalar
        scalar = next
      }
      assert.equal(hex(scalar), result, `after ${times}`)
    }
  })

  test('RFC 7748, section 6.1', () => {
    const [a, b] = [bytes(exchange.secretA), bytes(exchange.secretB)]
    const [publicA, publicB] = [provider.x25519PublicKey(a), provider.x25519PublicKey(b)]
    assert.equal(hex(publicA), exchange.publicKeyA)
    assert.equal(hex(publicB), exchange.publicKeyB)
    assert.equal(hex(provider.x25519SharedSecret(a, publicB)), exchange.shared)
    assert.equal(hex(provider.x25519SharedSecret(b, publicA)), exchange.shared)
    assertPlain(publicA)
    assertPlain(provider.x25519SharedSecret(a, publicB))
  })

  for (const { name, publicKey } of refuse) {
    test(`gives no secret for a public key of small order: ${name}`, () => {
      assert.equal(provider.x25519SharedSecret(bytes(exchange.secretA), bytes(publicKey)), undefined)
    })
  }

  test('throws at wrong lengths', () => {
    const secret = bytes(exchange.secretA)
    for (const wrong of wrongLengths(32)) {
      assert.throws(() => provider.x25519PublicKey(wrong))
      assert.throws(() => provider.x25519SharedSecret(wrong, secret))
      assert.throws(() => provider.x25519SharedSecret(secret, wrong))
    }
  })
}

function aeadTests(provider: CryptoProvider): void {
  const { vectors } = load<AeadVectors>('chacha20poly1305')

  for (const vector of vectors) {
    test(`RFC 8439, ${vector.name}`, () => {
      const [key, nonce, data] = [bytes(vector.key), bytes(vector.nonce), bytes(vector.associatedData)]
      const sealed = provider.aeadEncrypt(key, nonce, bytes(vector.plaintext), data)
      assert.equal(hex(sealed), vector.ciphertext + vector.tag)
      assert.equal(hex(provider.aeadDecrypt(key, nonce, sealed, data)), vector.plaintext)
      assertPlain(sealed)
      assertPlain(provider.aeadDecrypt(key, nonce, sealed, data))
    })
  }

  test('gives back an empty plaintext and works without associated data', () => {
    const [key, nonce] = [new Uint8Array(32).fill(1), new Uint8Array(12)]
    const sealed = provider.aeadEncrypt(key, nonce, NONE, NONE)
    assert.equal(sealed.length, 16)
    assert.deepEqual(provider.aeadDecrypt(key, nonce, sealed, NONE), NONE)
  })

  test('gives nothing when any one bit of ciphertext, tag, nonce, key or associated data is flipped', () => {
    const random = seededRandom('tampering')
    const parts = [random.bytes(32), random.bytes(12), random.bytes(5)] as const
    const [key, nonce, data] = parts
    const plaintext = random.bytes(50)
    const sealed = provider.aeadEncrypt(key, nonce, plaintext, data)
    for (const part of [sealed, ...parts]) {
      for (let i = 0; i < part.length; i++) {
        const mask = 1 << random.below(8)
        flip(part, i, mask)
        assert.equal(provider.aeadDecrypt(key, nonce, sealed, data), undefined, `byte ${i}`)
        flip(part, i, mask)
      }
    }
    assert.equal(provider.aeadDecrypt(key, nonce, sealed, NONE), undefined)
    assert.deepEqual(provider.aeadDecrypt(key, nonce, sealed, data), plaintext)
  })

  test('gives nothing for a ciphertext that is cut short, down to less than a tag', () => {
    const [key, nonce] = [new Uint8Array(32), new Uint8Array(12)]
    const sealed = provider.aeadEncrypt(key, nonce, new Uint8Array(4), NONE)
    for (let length = 0; length < sealed.length; length++) {
      assert.equal(provider.aeadDecrypt(key, nonce, sealed.subarray(0, length), NONE), undefined)
    }
  })

  test('throws at wrong lengths', () => {
    const [key, nonce, sealed] = [new Uint8Array(32), new Uint8Array(12), new Uint8Array(20)]
    for (const wrong of wrongLengths(32)) {
      assert.throws(() => provider.aeadEncrypt(wrong, nonce, NONE, NONE))
      assert.throws(() => provider.aeadDecrypt(wrong, nonce, sealed, NONE))
    }
    for (const wrong of wrongLengths(12)) {
      assert.throws(() => provider.aeadEncrypt(key, wrong, NONE, NONE))
      assert.throws(() => provider.aeadDecrypt(key, wrong, sealed, NONE))
    }
  })
}

function hkdfTests(provider: CryptoProvider): void {
  for (const vector of load<HkdfVectors>('hkdf-sha256').vectors) {
    test(`RFC 5869, ${vector.name}`, () => {
      const [secret, salt, info] = [bytes(vector.secret), bytes(vector.salt), bytes(vector.info)]
      const output = provider.hkdfSha256(secret, salt, info, vector.length)
      assert.equal(hex(output), vector.output)
      assertPlain(output)
    })
  }

  test('gives up to 255 blocks, and throws beyond', () => {
    assert.equal(provider.hkdfSha256(NONE, NONE, NONE, 8160).length, 8160)
    assert.throws(() => provider.hkdfSha256(NONE, NONE, NONE, 8161))
  })
}

function verdict(provider: CryptoProvider, vector: SignatureVector): boolean {
  return provider.ed25519Verify(bytes(vector.signature), bytes(vector.message), bytes(vector.publicKey))
}

function flip(target: Uint8Array, index: number, mask: number): void {
  target[index] = at(target, index) ^ mask
}

function wrongLengths(right: number): Uint8Array[] {
  return [0, right - 1, right + 1, 2 * right].map((length) => new Uint8Array(length))
}

/** The same bytes as a view that neither begins nor ends with its buffer. */
function inTheMiddle(content: Uint8Array): Uint8Array {
  const whole = new Uint8Array(content.length + 12)
  whole.set(content, 5)
  return whole.subarray(5, 5 + content.length)
}

/** A Buffer's slice() is a view and its memory may be a shared pool: neither may reach a caller. */
function assertPlain(result: Uint8Array | undefined): void {
  assert.ok(result !== undefined)
  assert.equal(Object.getPrototypeOf(result), Uint8Array.prototype)
  assert.equal(result.buffer.byteLength, result.length)
}

function at<T>(list: ArrayLike<T>, index: number): T {
  const value = list[index]
  assert.ok(value !== undefined)
  return value
}

function bytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'))
}

function hex(value: Uint8Array | undefined): string | undefined {
  return value && Buffer.from(value).toString('hex')
}

function load<T>(name: string): T {
  const file = new URL(`../../docs/specs/vectors/${name}.json`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8')) as T
}
