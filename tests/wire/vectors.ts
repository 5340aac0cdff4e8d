/** The vectors of docs/specs/vectors, and Ed25519 by node:crypto to check them independently. */
import { createPrivateKey, createPublicKey, hash, sign, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

export type PersonName = 'alice' | 'bob' | 'relay' | 'mallory'

export interface PersonVector {
  readonly seed: string
  readonly publicKey: string
  readonly address: string
}

/** More than 1,024 bytes of body are not written out: its byte i is i mod 251. */
export type LongBody = { readonly length: number; readonly sha256: string }
export type FrameVector = string | LongFrame
export interface LongFrame {
  readonly head: string
  readonly bodyLength: number
  readonly tail: string
  readonly length: number
  readonly sha256: string
}

/** A frame at a receiver that has taken in the frames `before` and heard those it `knows`. */
export interface ArrivalVector {
  readonly name: string
  readonly receiver: PersonName
  readonly knows?: readonly PersonName[]
  readonly now: number
  readonly before?: readonly string[]
  readonly frame: FrameVector
}

export interface RefusedVector extends ArrivalVector {
  readonly refusal: string
}

export interface EnvelopeVector {
  readonly name: string
  readonly fields: {
    readonly kind: 'message' | 'report' | 'trace'
    readonly priority: 'control' | 'receipt' | 'text' | 'bulk'
    readonly receipt: boolean
    readonly destination: string
    readonly source: string
    readonly sequence: number
    readonly created: number
    readonly lifetime: number
    readonly service: number
    readonly body: string | LongBody
    readonly key?: string
  }
  readonly signer: PersonName | null
  readonly hops: number
  readonly attempt: number
  readonly carriedLifetime: number
  readonly id: string
  readonly signature?: string
  readonly frame: FrameVector
}

export interface AnnounceVector {
  readonly name: string
  readonly fields: {
    readonly capabilities: number
    readonly sequence: number
    readonly created: number
    readonly lifetime: number
    readonly publicKey: string
    readonly sealingKey?: string
    readonly keyPackageHash?: string
    readonly data?: string
  }
  readonly signer: PersonName
  readonly origin: string
  readonly hops: number
  readonly metric: number
  readonly carriedLifetime: number
  readonly carriedMetric: number
  readonly length: number
  readonly signature: string
  readonly frame: string
}

export interface ReportVector {
  readonly name: string
  readonly type: 'delivered' | 'stored' | 'failed' | 'hop'
  readonly detail: number
  readonly created: number
  readonly sequence: number
  readonly reason?: string
  readonly body: string
}

interface FrameVectors<V> {
  readonly identities: Readonly<Record<PersonName, PersonVector>>
  readonly valid: readonly V[]
  readonly refused: readonly RefusedVector[]
  readonly accepted: readonly ArrivalVector[]
}

interface ReportVectors {
  readonly valid: readonly ReportVector[]
  readonly longer: readonly ReportVector[]
  readonly refused: readonly { readonly name: string; readonly body: string }[]
}

export interface SuccessionArrival {
  readonly name: string
  readonly now: number
  readonly before?: readonly string[]
  readonly frame: string
}

export interface SuccessionVector {
  readonly name: string
  readonly created: number
  readonly oldKey: string
  readonly newKey: string
  readonly from: string
  readonly to: string
  readonly signers: readonly [PersonName, PersonName]
  readonly hops: number
  readonly oldSignature: string
  readonly newSignature: string
  readonly frame: string
}

interface SuccessionVectors {
  readonly identities: Readonly<Record<PersonName, PersonVector>>
  readonly valid: readonly SuccessionVector[]
  readonly refused: readonly (SuccessionArrival & { readonly refusal: string })[]
  readonly accepted: readonly (SuccessionArrival & {
    readonly newest: Readonly<Partial<Record<PersonName, PersonName>>>
  })[]
}

interface MinifloatVectors {
  readonly encode: readonly { readonly value: number; readonly code: string; readonly carried: number }[]
  readonly decode: readonly { readonly code: string; readonly value: number }[]
  readonly beyond: readonly { readonly value: number; readonly code: string }[]
}

function read<T>(name: string): T {
  const file = resolve(import.meta.dirname, `../../docs/specs/vectors/${name}.json`)
  return JSON.parse(readFileSync(file, 'utf8')) as T
}

export const envelopeVectors = read<FrameVectors<EnvelopeVector>>('envelope')
export const announceVectors = read<FrameVectors<AnnounceVector>>('announce')
export const reportVectors = read<ReportVectors>('report')
export interface PathRequestVectors {
  readonly valid: readonly {
    readonly name: string
    readonly reach: number
    readonly target: string
    readonly newerThan: number
    readonly number: number
    readonly frame: string
  }[]
  readonly refused: readonly { readonly name: string; readonly frame: string; readonly reason: string }[]
}

export const pathRequestVectors = read<PathRequestVectors>('path-request')
export const successionVectors = read<SuccessionVectors>('succession')
export const minifloatVectors = read<MinifloatVectors>('minifloat')

export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'))
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

export function sha256Of(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex')
}

export function bodyOf(vector: string | LongBody): Uint8Array {
  return typeof vector === 'string' ? fromHex(vector) : countedBytes(vector.length)
}

export function frameOf(vector: FrameVector): Uint8Array {
  if (typeof vector === 'string') return fromHex(vector)
  const { head, bodyLength, tail } = vector
  return Uint8Array.from(Buffer.concat([fromHex(head), countedBytes(bodyLength), fromHex(tail)]))
}

function countedBytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i % 251)
}

// The fixed beginnings of an Ed25519 key in PKCS #8 and in SubjectPublicKeyInfo (RFC 8410).
const PKCS8 = fromHex('302e020100300506032b657004220420')
const SPKI = fromHex('302a300506032b6570032100')

export function opensslSign(message: Uint8Array, seed: Uint8Array): Uint8Array {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' })
  return Uint8Array.from(sign(null, message, key))
}

export function opensslVerify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  const key = createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: 'der', type: 'spki' })
  return verify(null, message, key, signature)
}
