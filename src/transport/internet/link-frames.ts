/**
 * The four frames by which a link begins (docs/specs/link.md): byte 0 says that it is a frame of the link
 * itself, byte 1 which, and a CBOR array follows. Elements behind those known here are ignored.
 */
import { type CborValue, decodeCbor, encodeCbor } from '../../wire/cbor.ts'
import { FrameKind, firstByte } from '../../wire/frame.ts'

export const LINK_VERSION = 1

/** A longer one is no handshake frame. */
export const MAX_HANDSHAKE_FRAME_BYTES = 1024
/** No link may offer less: the longest announce has 290 bytes. */
const MIN_FRAME_LIMIT = 512
const MAX_AGENT_CHARACTERS = 64

const FRAME_TYPE = { hello: 1, accept: 2, refuse: 3, ready: 4 } as const

/** Why a link is refused. A number is never reused; one that is not known here counts as `refused`. */
export const REFUSALS = { version: 1, duplicate: 2, full: 3, stopping: 4, denied: 5, busy: 6 } as const
export type Refusal = keyof typeof REFUSALS

/** Bits. What both ends offer holds for the link; one that is not known here means nothing. */
export const FEATURES = {
  /** It acknowledges what it receives and gives signs of life. */
  acknowledges: 1,
} as const

/** What each end says of itself. */
export interface LinkTerms {
  /** Of the link protocol. */
  readonly version: number
  /** The longest frame it takes, bytes. */
  readonly maxFrameBytes: number
  /** The program, for people; it proves nothing. */
  readonly agent: string
  /** What it can do beyond version and limit: a sum of {@link FEATURES}. Default none. */
  readonly features?: number
  /** Drawn when the transport starts: with another one the neighbour has lost what it had. 0 says nothing. */
  readonly session?: number
}

export type LinkFrame =
  | { readonly type: 'hello' | 'accept'; readonly terms: LinkTerms }
  | { readonly type: 'refuse'; readonly refusal: Refusal | undefined }
  | { readonly type: 'ready' }

export function encodeTerms(type: 'hello' | 'accept', terms: LinkTerms): Uint8Array {
  return encode(type, [
    terms.version,
    terms.maxFrameBytes,
    terms.agent,
    terms.features ?? 0,
    terms.session ?? 0,
  ])
}

export function encodeRefusal(refusal: Refusal): Uint8Array {
  return encode('refuse', [REFUSALS[refusal]])
}

export function encodeReady(): Uint8Array {
  return encode('ready', [])
}

/** Undefined for anything that is no well-formed handshake frame. */
export function decodeLinkFrame(frame: Uint8Array): LinkFrame | undefined {
  if (frame.length > MAX_HANDSHAKE_FRAME_BYTES || frame[0] !== firstByte(FrameKind.link)) return undefined
  const body = decodeCbor(frame.subarray(2), { depth: 4, items: 64 })
  if (!Array.isArray(body)) return undefined
  switch (frame[1]) {
    case FRAME_TYPE.hello:
      return withTerms('hello', body)
    case FRAME_TYPE.accept:
      return withTerms('accept', body)
    case FRAME_TYPE.refuse:
      return Number.isInteger(body[0]) ? { type: 'refuse', refusal: refusalOf(body[0]) } : undefined
    case FRAME_TYPE.ready:
      return { type: 'ready' }
    default:
      return undefined
  }
}

function encode(type: keyof typeof FRAME_TYPE, body: CborValue): Uint8Array {
  return Uint8Array.from([firstByte(FrameKind.link), FRAME_TYPE[type], ...encodeCbor(body)])
}

function withTerms(type: 'hello' | 'accept', body: CborValue[]): LinkFrame | undefined {
  const [version, maxFrameBytes, agent, features = 0, session = 0] = body
  if (!isCount(version) || !isCount(maxFrameBytes) || typeof agent !== 'string') return undefined
  if (maxFrameBytes < MIN_FRAME_LIMIT || agent.length > MAX_AGENT_CHARACTERS) return undefined
  if (!isCount(features) || !isCount(session)) return undefined
  return { type, terms: { version, maxFrameBytes, agent, features, session } }
}

function isCount(value: CborValue | undefined): value is number {
  return Number.isInteger(value) && Number(value) >= 0
}

function refusalOf(code: CborValue | undefined): Refusal | undefined {
  return Object.entries(REFUSALS).find(([, known]) => known === code)?.[0] as Refusal | undefined
}
