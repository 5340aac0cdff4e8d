/**
 * Headers in short. What two nodes say to each other has the same header again and again, but for sequence and
 * creation time: so a neighbour is sent the whole once, and then a number for it. A sender uses the short form
 * only when it knows that the neighbour has the long one, and every retransmission is long again: whoever has
 * lost its memory is understood at the latest with the frame that would have to be repeated anyway.
 */
import { readU32, textKey, writeU32 } from '../../../wire/bytes.ts'
import { checkEnvelope, HEADER_BYTES, TRAILER_BYTES } from '../../../wire/envelope.ts'
import { WIRE_VERSION } from '../../../wire/frame.ts'
import { crc16 } from './tag.ts'

/** Contexts of one direction between two neighbours. */
export const MAX_CONTEXTS = 64
const DEFINES = 0x40
const SHORT = 0x80
const NUMBER = 0x3f

const SEQUENCE_AT = 34
const LIFETIME_AT = 42
/** Sequence and creation time may have moved on by so much since the header was sent whole. */
const MAX_DELTA = 2 ** 14
/** Up to 14 hops and 15 attempts fit into one byte; a byte from here on says that two follow. */
const WIDE_TRAILER = 0xf0

interface Context {
  readonly number: number
  /** The header as it was sent whole last, and whether the neighbour is known to have it. */
  header: Uint8Array
  isKnown: boolean
}

/** What was made of a frame, and what to do when the neighbour is known to have it. */
export interface Item {
  readonly bytes: Uint8Array
  readonly received?: () => void
}

/** The sender's side. */
export class HeaderCompressor {
  /** By what stays the same in the header; those used last come last. */
  readonly #contexts = new Map<string, Context>()

  /** @param mayShorten false for a retransmission. */
  compress(frame: Uint8Array, mayShorten: boolean): Item {
    if (checkEnvelope(frame) !== undefined) return { bytes: frame }
    const name = textKey(frame, 0, SEQUENCE_AT) + textKey(frame, LIFETIME_AT, HEADER_BYTES - LIFETIME_AT)
    const context = this.#contexts.get(name) ?? this.#create()
    this.#contexts.delete(name)
    this.#contexts.set(name, context)
    const short = context.isKnown && mayShorten ? shorten(frame, context) : undefined
    if (short !== undefined) return { bytes: short }
    const header = frame.slice(0, HEADER_BYTES)
    context.header = header
    context.isKnown = false
    const bytes = new Uint8Array(1 + frame.length)
    bytes[0] = DEFINES | context.number
    bytes.set(frame, 1)
    const received = (): void => {
      if (context.header === header) context.isKnown = true
    }
    return { bytes, received }
  }

  #create(): Context {
    const oldest = this.#contexts.size < MAX_CONTEXTS ? undefined : this.#contexts.entries().next().value
    if (oldest === undefined)
      return { number: this.#contexts.size, header: new Uint8Array(0), isKnown: false }
    this.#contexts.delete(oldest[0])
    return { number: oldest[1].number, header: new Uint8Array(0), isKnown: false }
  }
}

function shorten(frame: Uint8Array, { number, header }: Context): Uint8Array | undefined {
  const sequence = (readU32(frame, SEQUENCE_AT) - readU32(header, SEQUENCE_AT)) >>> 0
  const created = (readU32(frame, SEQUENCE_AT + 4) - readU32(header, SEQUENCE_AT + 4)) >>> 0
  if (sequence >= MAX_DELTA || created >= MAX_DELTA) return undefined
  const end = frame.length - TRAILER_BYTES
  const [hops, attempt] = [frame[end] as number, frame[end + 1] as number]
  const head = [SHORT | number, crc16(frame.subarray(0, HEADER_BYTES)) & 0xff]
  pushDelta(head, sequence)
  pushDelta(head, created)
  if (hops < 15 && attempt < 16) head.push((hops << 4) | attempt)
  else head.push(WIDE_TRAILER, hops, attempt)
  const bytes = new Uint8Array(head.length + end - HEADER_BYTES)
  bytes.set(head)
  bytes.set(frame.subarray(HEADER_BYTES, end), head.length)
  return bytes
}

/** Seven bits in one byte, fourteen in two. */
function pushDelta(bytes: number[], delta: number): void {
  if (delta >= 0x80) bytes.push(0x80 | (delta >>> 7))
  bytes.push(delta & 0x7f)
}

/** The receiver's side. */
export class HeaderExpander {
  readonly #headers = new Map<number, Uint8Array>()

  /**
   * The frame that a neighbour has sent in short.
   *
   * @returns undefined where the context is not known here or is another one there: the frame counts as not
   *   received, and comes again whole.
   */
  expand(item: Uint8Array): Uint8Array | undefined {
    const first = item[0]
    if (first === undefined) return undefined
    if (first >>> 4 === WIRE_VERSION) return item.slice()
    const number = first & NUMBER
    if ((first & ~NUMBER) === DEFINES) {
      const frame = item.slice(1)
      if (checkEnvelope(frame) !== undefined) return undefined
      this.#headers.set(number, frame.slice(0, HEADER_BYTES))
      return frame
    }
    const header = this.#headers.get(number)
    return (first & ~NUMBER) === SHORT && header !== undefined ? lengthen(item, header) : undefined
  }
}

function lengthen(item: Uint8Array, header: Uint8Array): Uint8Array | undefined {
  let at = 2
  const delta = (): number => {
    const first = item[at++] ?? 0
    return first < 0x80 ? first : ((first & 0x7f) << 7) | (item[at++] ?? 0)
  }
  const sequence = delta()
  const created = delta()
  const packed = item[at++] ?? 0
  const isWide = packed >= WIDE_TRAILER
  const hops = isWide ? (item[at++] ?? 0) : packed >>> 4
  const attempt = isWide ? (item[at++] ?? 0) : packed & 0x0f
  if (at > item.length) return undefined
  const end = HEADER_BYTES + item.length - at
  const frame = new Uint8Array(end + TRAILER_BYTES)
  frame.set(header)
  writeU32(frame, SEQUENCE_AT, (readU32(header, SEQUENCE_AT) + sequence) >>> 0)
  writeU32(frame, SEQUENCE_AT + 4, (readU32(header, SEQUENCE_AT + 4) + created) >>> 0)
  frame.set(item.subarray(at), HEADER_BYTES)
  frame[end] = hops
  frame[end + 1] = attempt
  return (crc16(frame.subarray(0, HEADER_BYTES)) & 0xff) === item[1] ? frame : undefined
}
