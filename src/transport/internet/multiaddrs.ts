/** Multiaddrs as the configuration gives them, checked before anything is opened. */
import { peerIdFromString } from '@libp2p/peer-id'
import { CODE_P2P, type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { type ErrorCode, MeshError, messageOf } from '../../runtime/errors.ts'

/** The multiaddrs one kind of transport can listen on and dial. */
export interface AddressForm {
  /** What the names of the address' parts must match, joined by slashes and without a final `p2p`. */
  readonly protocols: RegExp
  /** For the error message. */
  readonly example: string
}

/** A neighbour to stay connected to. */
export interface PeerAddress {
  /** As configured. */
  readonly text: string
  /** What is dialled: without the `/p2p/` part, since we compare the peer id ourselves. */
  readonly dial: Multiaddr
  /** The peer id that must answer there, if the address names one. */
  readonly peerId: string | undefined
}

/** @throws MeshError ERR_LISTEN that names the first address this transport cannot listen on, and the fix. */
export function parseListen(texts: readonly string[], form: AddressForm): Multiaddr[] {
  return texts.map((text) => parse(text, form, 'ERR_LISTEN', 'listen address', 'listen'))
}

/**
 * The peers, each once.
 *
 * @throws MeshError ERR_TRANSPORT that names the first address this transport cannot dial, and the fix.
 */
export function parsePeers(texts: readonly string[], form: AddressForm): PeerAddress[] {
  const peers = texts.map((text) => {
    const address = parse(text, form, 'ERR_TRANSPORT', 'peer', 'peers')
    const peerId = address.getComponents().findLast(({ code }) => code === CODE_P2P)?.value
    return { text, dial: address.decapsulateCode(CODE_P2P), peerId }
  })
  return [...new Map(peers.map((peer) => [peer.text, peer])).values()]
}

function parse(text: string, form: AddressForm, code: ErrorCode, what: string, key: string): Multiaddr {
  const context = { address: text }
  try {
    const address = multiaddr(text)
    const parts = address.getComponents()
    const last = parts.at(-1)
    if (last?.code === CODE_P2P) {
      peerIdFromString(last.value ?? '')
      parts.pop()
    }
    if (form.protocols.test(parts.map(({ name }) => name).join('/'))) return address
  } catch (error) {
    const message = `${what} '${text}' is no multiaddr (${messageOf(error)}): write ${key} like ${form.example}`
    throw new MeshError(code, message, { cause: error, context })
  }
  throw new MeshError(code, `${what} '${text}' is of another transport: write ${key} like ${form.example}`, {
    context,
  })
}

/**
 * libp2p says why it could not listen in the stack traces of a long message: this finds the address and
 * Node's own word for the reason in it.
 */
export function listenFailure(error: unknown, listen: readonly Multiaddr[]): MeshError {
  const text = messageOf(error)
  const reason = /\b(EADDRINUSE|EADDRNOTAVAIL|EACCES|E[A-Z]{3,})\b/.exec(text)?.[1]
  const address = listen.map(String).find((candidate) => text.includes(`${candidate}:`)) ?? listen.join(', ')
  const fix = (reason && LISTEN_FIXES[reason]) ?? 'see the cause'
  return new MeshError('ERR_LISTEN', `cannot listen on ${address}${reason ? ` (${reason})` : ''}: ${fix}`, {
    cause: error,
    context: { address, ...(reason && { reason }) },
  })
}

const LISTEN_FIXES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program, or another node, listens there: stop it or choose another port',
  EADDRNOTAVAIL: 'this machine has no such address: use one of its own, or /ip4/0.0.0.0',
  EACCES: 'ports below 1024 are for the administrator: choose a higher one',
}
