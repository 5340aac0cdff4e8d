/** Multiaddrs as the configuration gives them, checked before anything is opened. */
import { peerIdFromString } from '@libp2p/peer-id'
import { CODE_P2P, type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { Address } from '../../identity/address.ts'
import { type ErrorCode, MeshError, messageOf } from '../../runtime/errors.ts'

/** The multiaddrs one kind of transport can listen on and dial. */
export interface AddressForm {
  /** What the names of the address' parts must match, joined by slashes and without a final `p2p`. */
  readonly protocols: RegExp
  /** For the error message. */
  readonly example: string
  /** Whether an address to dial has to name the peer, and is dialled with its name. */
  readonly namesPeer?: boolean
}

/** A neighbour to stay connected to. */
export interface PeerAddress {
  /** As configured. */
  readonly text: string
  /** What is dialled, one after another: without the `/p2p/` part, since we compare the peer id ourselves. */
  readonly dial: readonly Multiaddr[]
  /** The peer id that must answer there, if the address names one. */
  readonly peerId: string | undefined
  /** The same as the mesh knows it. */
  readonly neighbour: Address | undefined
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
    const last = address.getComponents().at(-1)
    const peerId = last?.code === CODE_P2P ? last.value : undefined
    const neighbour = peerId === undefined ? undefined : neighbourOf(peerId)
    if (form.namesPeer !== true) return { text, dial: [address.decapsulateCode(CODE_P2P)], peerId, neighbour }
    if (peerId !== undefined) return { text, dial: [address], peerId, neighbour }
    const message = `peer '${text}' does not name the node to reach: write peers like ${form.example}`
    throw new MeshError('ERR_TRANSPORT', message, { context: { address: text } })
  })
  return [...new Map(peers.map((peer) => [peer.text, peer])).values()]
}

/** Undefined for a peer that cannot be a node: the dial will tell. */
function neighbourOf(peerId: string): Address | undefined {
  const id = peerIdFromString(peerId)
  return id.type === 'Ed25519' ? Address.ofPublicKey(id.publicKey.raw) : undefined
}

/** Whether an address, with a final `p2p` or without, is of this form. */
export function hasForm(address: Multiaddr, form: AddressForm): boolean {
  const names = address.getComponents().map(({ name }) => name)
  if (names.at(-1) === 'p2p') names.pop()
  return form.protocols.test(names.join('/'))
}

function parse(text: string, form: AddressForm, code: ErrorCode, what: string, key: string): Multiaddr {
  const context = { address: text }
  try {
    const address = multiaddr(text)
    const last = address.getComponents().at(-1)
    if (last?.code === CODE_P2P) peerIdFromString(last.value ?? '')
    if (hasForm(address, form)) return address
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
  const reason = /\b(EADDRINUSE|EADDRNOTAVAIL|EACCES|E[A-Z]{3,})\b/.exec(text)?.[1] ?? nativeReason(text)
  const address = listen.map(String).find((candidate) => text.includes(`${candidate}:`)) ?? listen.join(', ')
  const fix = (reason && LISTEN_FIXES[reason]) ?? 'see the cause'
  return new MeshError('ERR_LISTEN', `cannot listen on ${address}${reason ? ` (${reason})` : ''}: ${fix}`, {
    cause: error,
    context: { address, ...(reason && { reason }) },
  })
}

/** Node's word for what native code says in its own ones. */
function nativeReason(text: string): string | undefined {
  if (/address (already )?in use/i.test(text)) return 'EADDRINUSE'
  if (/cannot assign requested address|address not available/i.test(text)) return 'EADDRNOTAVAIL'
  return /permission denied/i.test(text) ? 'EACCES' : undefined
}

const LISTEN_FIXES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program, or another node, listens there: stop it or choose another port',
  EADDRNOTAVAIL: 'this machine has no such address: use one of its own, or /ip4/0.0.0.0',
  EACCES: 'ports below 1024 are for the administrator: choose a higher one',
}
