/**
 * CBOR for bodies (docs/specs/cbor.md): a small deterministic subset of RFC 8949 over cbor-x. Each value has
 * exactly one encoding, and {@link decodeCbor} takes nothing else, so that whatever it gives encodes to the
 * bytes it came from.
 */
import { isUtf8 } from 'node:buffer'
// Not 'cbor-x' itself: that entry hands text to a native addon, and bytes from outside come through here.
import { Decoder, Encoder } from 'cbor-x/encode'
import { MeshError } from '../runtime/errors.ts'

/**
 * What the profile can carry. Numbers that are integers within ±(2^53 - 1) travel as integers, other finite
 * ones as float64; -0 becomes 0. Decoded maps have no prototype, so that no key of theirs means anything.
 */
export type CborValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | CborValue[]
  | { [key: string]: CborValue }

/** What an input may cost. */
export interface CborLimits {
  /** Length of the whole input, bytes. */
  bytes: number
  /** Arrays and maps inside each other: `[[]]` has depth 2. Decoding recurses this deep: keep it small. */
  depth: number
  /** Values in total: each array, map, key and element is one. */
  items: number
}

export const CBOR_LIMITS: Readonly<CborLimits> = { bytes: 65_536, depth: 8, items: 1024 }

const BYTE_ORDER_MARK = '\ufeff'

// The major types of RFC 8949, section 3.1, and the first bytes of major type 7 that the profile knows.
const UNSIGNED = 0
const NEGATIVE = 1
const BYTES = 2
const TEXT = 3
const ARRAY = 4
const TAG = 6
const SIMPLE = 7
const FALSE = 0xf4
const TRUE = 0xf5
const NULL = 0xf6
const FLOAT64 = 0xfb

/** An argument in 1, 2, 4 or 8 bytes that is below this would have fitted a shorter head. */
const SHORTER_BELOW = [24, 2 ** 8, 2 ** 16, 2 ** 32]

const OPTIONS = { useRecords: false, mapsAsObjects: false, tagUint8Array: false, copyBuffers: true }
const encoder = new Encoder(OPTIONS)
const decoder = new Decoder(OPTIONS)

/**
 * The one encoding of `value`.
 *
 * @throws MeshError ERR_WIRE for what the profile cannot carry or {@link CBOR_LIMITS} would refuse
 */
export function encodeCbor(value: CborValue): Uint8Array {
  const encoded = encoder.encode(prepare(value, 0, { ...CBOR_LIMITS }))
  if (encoded.length > CBOR_LIMITS.bytes) throw tooLong()
  return new Uint8Array(encoded) // a copy: cbor-x gives a view of its pool
}

/**
 * The value of `bytes`, or undefined where they are not exactly one value in the profile and within the
 * limits. A first pass over the bytes settles that before anything is built. Byte strings are copies.
 */
export function decodeCbor(bytes: Uint8Array, limits: Partial<CborLimits> = {}): CborValue | undefined {
  const check = new Check(bytes, { ...CBOR_LIMITS, ...limits })
  if (!check.passes()) return undefined
  // A view of our own: cbor-x leaves a property on its input, and slices a Buffer into Buffers.
  const decoded = decoder.decode(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length))
  return check.needsTranslation ? translate(decoded) : decoded
}

/** What cbor-x must be given so that it writes `value` in the profile. `left` is what the limits still allow. */
function prepare(value: unknown, depth: number, left: CborLimits): unknown {
  if (left.items-- === 0) throw notEncodable(`more than ${CBOR_LIMITS.items} values`)
  switch (typeof value) {
    case 'boolean':
      return value
    case 'number':
      return prepareNumber(value)
    case 'string':
      if (!value.isWellFormed()) throw notEncodable('text with half a surrogate pair')
      if (value.startsWith(BYTE_ORDER_MARK)) throw notEncodable('text that begins with a byte order mark')
      spend(left, value.length)
      return value
    case 'object':
      break
    default:
      throw notEncodable(`a value of type ${typeof value}`)
  }
  if (value === null) return value
  if (value instanceof Uint8Array) {
    spend(left, value.length)
    return value
  }
  if (depth === CBOR_LIMITS.depth) throw notEncodable(`arrays and maps more than ${depth} deep`)
  if (Array.isArray(value)) return Array.from(value, (element) => prepare(element, depth + 1, left))
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && prototype !== Object.prototype) throw notEncodable('an object of a class')
  const entries = Object.entries(value).map(([key, entry]) => ({ key, utf8: Buffer.from(key), entry }))
  entries.sort((a, b) => a.utf8.length - b.utf8.length || Buffer.compare(a.utf8, b.utf8))
  return new Map(
    entries.map(({ key, entry }) => [prepare(key, depth + 1, left), prepare(entry, depth + 1, left)]),
  )
}

function prepareNumber(value: number): number | bigint {
  if (!Number.isFinite(value)) throw notEncodable(`the number ${value}`)
  // As a number, cbor-x would write an integer over 32 bits as a float64.
  const wide = Number.isSafeInteger(value) && (value >= 2 ** 32 || value < -(2 ** 32))
  return wide ? BigInt(value) : value
}

/** From what cbor-x makes of maps and 64-bit integers to what callers get. */
function translate(decoded: unknown): CborValue {
  if (typeof decoded === 'bigint') return Number(decoded)
  if (Array.isArray(decoded)) return decoded.map(translate)
  if (!(decoded instanceof Map)) return decoded as CborValue
  const object = Object.create(null) as { [key: string]: CborValue }
  for (const [key, value] of decoded) object[key as string] = translate(value)
  return object
}

/** Stops before cbor-x writes what is too long, since it keeps for good the memory that took. */
function spend(left: CborLimits, bytes: number): void {
  left.bytes -= bytes
  if (left.bytes < 0) throw tooLong()
}

function tooLong(): MeshError {
  return notEncodable(`more than ${CBOR_LIMITS.bytes} bytes`)
}

function notEncodable(what: string): MeshError {
  return new MeshError('ERR_WIRE', `CBOR cannot carry ${what}`)
}

/** One pass over the bytes of an input, which builds nothing. */
class Check {
  /** Whether there is a map or a 64-bit integer, which cbor-x gives as a Map or a bigint. */
  needsTranslation = false
  readonly #bytes: Uint8Array
  readonly #limits: CborLimits
  #position = 0
  #items = 0

  constructor(bytes: Uint8Array, limits: CborLimits) {
    this.#bytes = bytes
    this.#limits = limits
  }

  passes(): boolean {
    const { length } = this.#bytes
    return length <= this.#limits.bytes && this.#value(0) && this.#position === length
  }

  #value(depth: number): boolean {
    const { length } = this.#bytes
    if (++this.#items > this.#limits.items || this.#position >= length) return false
    const major = (this.#bytes[this.#position] as number) >> 5
    if (major >= TAG) return major === SIMPLE && this.#simple()
    const argument = this.#head()
    if (argument < 0) return false
    const left = length - this.#position
    switch (major) {
      case UNSIGNED:
        return true
      case NEGATIVE:
        return argument < Number.MAX_SAFE_INTEGER // the value is -1 - argument
      case BYTES:
        this.#position += argument
        return argument <= left
      case TEXT:
        return argument <= left && this.#text(argument)
      case ARRAY:
        return argument <= left && depth < this.#limits.depth && this.#array(argument, depth + 1)
      default:
        return argument <= left / 2 && depth < this.#limits.depth && this.#map(argument, depth + 1)
    }
  }

  /** The argument of the head at the position, which goes past it; -1 unless it is in its shortest form. */
  #head(): number {
    const low = (this.#bytes[this.#position++] as number) & 31
    if (low < 24) return low
    const size = 2 ** (low - 24)
    if (low > 27 || this.#position + size > this.#bytes.length) return -1
    let argument = 0
    for (let i = 0; i < size; i++) argument = argument * 256 + (this.#bytes[this.#position++] as number)
    if (low === 27) this.needsTranslation = true
    return argument >= (SHORTER_BELOW[low - 24] as number) && argument <= Number.MAX_SAFE_INTEGER
      ? argument
      : -1
  }

  #simple(): boolean {
    const first = this.#bytes[this.#position++]
    if (first === FALSE || first === TRUE || first === NULL) return true
    if (first !== FLOAT64 || this.#position + 8 > this.#bytes.length) return false
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + this.#position, 8)
    const number = view.getFloat64(0)
    this.#position += 8
    return Number.isFinite(number) && !Number.isSafeInteger(number)
  }

  #text(length: number): boolean {
    const text = this.#bytes.subarray(this.#position, this.#position + length)
    this.#position += length
    return isUtf8(text) && !(text[0] === 0xef && text[1] === 0xbb && text[2] === 0xbf)
  }

  #array(count: number, depth: number): boolean {
    for (let i = 0; i < count; i++) {
      if (!this.#value(depth)) return false
    }
    return true
  }

  #map(count: number, depth: number): boolean {
    this.needsTranslation = true
    let before: Uint8Array | undefined
    for (let i = 0; i < count; i++) {
      const start = this.#position
      if ((this.#bytes[start] as number) >> 5 !== TEXT || !this.#value(depth)) return false
      const key = this.#bytes.subarray(start, this.#position)
      if (before !== undefined && Buffer.compare(before, key) >= 0) return false
      before = key
      if (!this.#value(depth)) return false
    }
    return true
  }
}
