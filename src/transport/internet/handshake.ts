/**
 * How a link begins on a fresh stream (docs/specs/link.md): HELLO, then ACCEPT or REFUSE, then READY. No
 * data flows before, so a link that is refused has lost none. Each end measures one round trip on the way.
 */
import type { Clock } from '../../runtime/clock.ts'
import { MAX_FRAME_BYTES } from '../../wire/frame.ts'
import { linkFailure } from './failure.ts'
import type { FrameExchange } from './frame-exchange.ts'
import {
  decodeLinkFrame,
  encodeReady,
  encodeRefusal,
  encodeTerms,
  FEATURES,
  LINK_VERSION,
  type LinkFrame,
  type LinkTerms,
  type Refusal,
} from './link-frames.ts'

export const OWN_TERMS: LinkTerms = {
  version: LINK_VERSION,
  maxFrameBytes: MAX_FRAME_BYTES,
  agent: 'hopwire',
  features: FEATURES.acknowledges,
}

export interface HandshakeResult {
  /** The longest frame that both ends take, bytes. */
  readonly mtu: number
  /** Half of the measured round trip, ms. */
  readonly latencyMs: number
  readonly agent: string
  /** The neighbour's; 0 where it does not say. */
  readonly session: number
}

/** @throws MeshError whose reason is `refused_<code>`, `malformed` or that of {@link FrameExchange.receive} */
export async function dialHandshake(
  exchange: FrameExchange,
  clock: Clock,
  session: number,
  signal: AbortSignal,
): Promise<HandshakeResult> {
  const sentAt = clock.monotonic()
  exchange.send(encodeTerms('hello', { ...OWN_TERMS, session }))
  const answer = await receive(exchange, signal)
  const roundTripMs = clock.monotonic() - sentAt
  if (answer.type === 'refuse') {
    const code = answer.refusal ?? 'other'
    throw linkFailure(`refused_${code}`, `the neighbour refuses the link: ${REFUSAL_TEXT[code]}`)
  }
  if (answer.type !== 'accept' || !isSpoken(answer.terms)) throw unexpected(answer)
  exchange.send(encodeReady())
  return result(answer.terms, roundTripMs)
}

/**
 * @param session this end's
 * @param decide says whether the neighbour, with its session, may have this link, once it has asked in a
 *   version we speak.
 * @throws MeshError whose reason is the refusal, `malformed` or that of {@link FrameExchange.receive}. The
 *   neighbour has been told of a refusal.
 */
export async function acceptHandshake(
  exchange: FrameExchange,
  clock: Clock,
  session: number,
  decide: (session: number) => Refusal | undefined,
  signal: AbortSignal,
): Promise<HandshakeResult> {
  const hello = await receive(exchange, signal)
  if (hello.type !== 'hello') throw unexpected(hello)
  const refusal = isSpoken(hello.terms) ? decide(hello.terms.session ?? 0) : 'version'
  if (refusal !== undefined) {
    exchange.send(encodeRefusal(refusal))
    throw linkFailure(`refused_${refusal}`, `refused: ${REFUSAL_TEXT[refusal]}`)
  }
  const sentAt = clock.monotonic()
  exchange.send(encodeTerms('accept', { ...OWN_TERMS, session }))
  const ready = await receive(exchange, signal)
  if (ready.type !== 'ready') throw unexpected(ready)
  return result(hello.terms, clock.monotonic() - sentAt)
}

const REFUSAL_TEXT: Readonly<Record<Refusal | 'other', string>> = {
  version: `it does not speak version ${LINK_VERSION} of the link protocol`,
  duplicate: 'there is a link between the two already',
  full: 'it has as many links as it allows',
  stopping: 'it is shutting down',
  denied: 'it has no link with this node',
  busy: 'it takes no more links from here at this moment',
  other: 'for a reason this version does not know',
}

/** A link without acknowledgements would lose frames in silence: there is none. */
function isSpoken({ version, features = 0 }: LinkTerms): boolean {
  return version === LINK_VERSION && (features & FEATURES.acknowledges) !== 0
}

async function receive(exchange: FrameExchange, signal: AbortSignal): Promise<LinkFrame> {
  const frame = decodeLinkFrame(await exchange.receive(signal))
  if (frame === undefined) throw linkFailure('malformed', 'the neighbour sent no handshake frame')
  return frame
}

function unexpected(frame: LinkFrame): Error {
  return linkFailure('malformed', `the neighbour sent an unexpected '${frame.type}' in the handshake`)
}

function result(theirs: LinkTerms, roundTripMs: number): HandshakeResult {
  return {
    mtu: Math.min(theirs.maxFrameBytes, OWN_TERMS.maxFrameBytes),
    latencyMs: roundTripMs / 2,
    agent: theirs.agent,
    session: theirs.session ?? 0,
  }
}
