/** Whether a configured peer can be reached: its name, its port, and who answers there. */
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { createConnection, isIP, isIPv6 } from 'node:net'
import { formatMilliseconds } from '../../observability/format.ts'
import { systemClock } from '../../runtime/clock.ts'
import { messageOf, systemCodeOf } from '../../runtime/errors.ts'
import { LINK_VERSION } from '../../transport/internet/link-frames.ts'
import { type Finding, fail, note, ok } from './finding.ts'
import type { Answer, Prober } from './prober.ts'
import { parseTarget, type Target } from './target.ts'

/** Addresses of one name that are tried. */
const MAX_ADDRESSES = 4

export interface PeerCheck {
  readonly prober: Prober
  /** Of this node, which is no peer of itself. */
  readonly ownPeerId: string
  /** Why there is no QUIC, where that is so. */
  readonly quicProblem: string | undefined
  /** For each step. */
  readonly timeoutMs: number
}

export async function checkPeer(text: string, check: PeerCheck): Promise<Finding> {
  const target = parseTarget(text)
  if (target === undefined) return fail('peer', text, 'no address that this version can dial')
  const { carrier, peerId, behind } = target
  if (peerId === check.ownPeerId || behind === check.ownPeerId) {
    return fail('peer', text, 'this is the node itself: take it out')
  }
  if (carrier === 'quic' && check.quicProblem !== undefined) {
    return fail('peer', text, 'not tried: there is no QUIC on this machine')
  }
  const steps: string[] = []
  try {
    const addresses = await resolve(target, check.timeoutMs)
    if (isIP(target.host) === 0) steps.push(addresses.join(' '))
    const { address, tookMs } =
      carrier === 'tcp' ? await firstOpen(addresses, target.port, check) : first(addresses)
    if (tookMs !== undefined) steps.push(`TCP in ${formatMilliseconds(tookMs)}`)
    const answer = await check.prober.ask(multiaddrOf(address, target), within(check.timeoutMs))
    return judge(text, target, steps, answer)
  } catch (error) {
    return fail('peer', text, [...steps, inWords(error, target)].join(', '))
  }
}

function judge(text: string, { peerId, behind }: Target, steps: readonly string[], answer: Answer): Finding {
  const after = `after ${formatMilliseconds(answer.tookMs)}`
  const say = (what: string): string => [...steps, what].join(', ')
  if (peerId !== undefined && answer.peerId !== peerId) {
    return fail(
      'peer',
      text,
      say(`another node answers, ${answer.peerId}: correct the address or its /p2p/ part`),
    )
  }
  const { link } = answer
  if (link === undefined) return fail('peer', text, say(`a libp2p node answers that is no node of a mesh`))
  if ('refusal' in link && link.refusal === 'denied') {
    return note(
      'peer',
      text,
      say(`answers ${after}, and takes listed nodes only; netcheck comes as a stranger`),
    )
  }
  if ('refusal' in link) {
    return note('peer', text, say(`answers ${after}, and refuses the link at this moment: ${link.refusal}`))
  }
  if (link.version !== LINK_VERSION) {
    return fail(
      'peer',
      text,
      say(`speaks version ${link.version} of the link protocol, this is ${LINK_VERSION}`),
    )
  }
  const who = peerId === undefined ? `${link.agent} as ${answer.peerId}` : link.agent
  const finding = say(`${who} answers ${after}, link protocol ${link.version}`)
  if (behind === undefined) return ok('peer', text, finding)
  return note('peer', text, `the relay: ${finding}; the node behind it is not asked`)
}

async function resolve({ host, family }: Target, timeoutMs: number): Promise<string[]> {
  if (isIP(host) !== 0) return [host]
  const found = await Promise.race([lookup(host, { all: true, family }), aborted(within(timeoutMs))])
  return found.slice(0, MAX_ADDRESSES).map(({ address }) => address)
}

/** The first address whose port opens. @throws the error of the last */
async function firstOpen(
  addresses: readonly string[],
  port: number,
  { timeoutMs }: PeerCheck,
): Promise<{ address: string; tookMs: number }> {
  let last: unknown
  for (const address of addresses) {
    const start = systemClock.monotonic()
    const socket = createConnection({ host: address, port })
    try {
      await once(socket, 'connect', { signal: within(timeoutMs) })
      return { address, tookMs: systemClock.monotonic() - start }
    } catch (error) {
      last = error
    } finally {
      socket.destroy()
    }
  }
  throw last
}

function first([address = '']: readonly string[]): { address: string; tookMs: undefined } {
  return { address, tookMs: undefined }
}

function multiaddrOf(address: string, { port, carrier }: Target): string {
  const host = `/${isIPv6(address) ? 'ip6' : 'ip4'}/${address}`
  return carrier === 'tcp' ? `${host}/tcp/${port}` : `${host}/udp/${port}/quic-v1`
}

function inWords(error: unknown, { host, port, carrier }: Target): string {
  switch (systemCodeOf(error)) {
    case 'ENOTFOUND':
    case 'ENODATA':
      return `the name ${host} is unknown: misspelt, or the name server does not know it`
    case 'EAI_AGAIN':
      return `no name server answers for ${host}`
    case 'ECONNREFUSED':
      return `the machine is up, and nothing listens on TCP port ${port}`
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'no way there: the network or the machine is down, or a firewall says no'
    case 'ECONNRESET':
      return 'the connection is cut off: by the peer, or a firewall'
  }
  if (!isTimeout(error)) return `no handshake: ${messageOf(error)}`
  const port_ = `${carrier === 'tcp' ? 'TCP' : 'UDP'} port ${port}`
  return `no answer in time: the machine is down, or a firewall or NAT drops what comes to ${port_}`
}

function within(timeoutMs: number): AbortSignal {
  return AbortSignal.timeout(timeoutMs)
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && /^(TimeoutError|AbortError)$/.test(error.name)
}

function aborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  return promise
}
