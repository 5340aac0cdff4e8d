/** All checks, in the order in which a person looks for a fault: this machine first, then the peers. */
import { networkInterfaces } from 'node:os'
import { tcp } from '@libp2p/tcp'
import type { LoadedConfig } from '../../config/config.ts'
import { Identity } from '../../identity/identity.ts'
import { messageOf } from '../../runtime/errors.ts'
import { boundedQuic, loadQuic } from '../../transport/internet/bounded-quic.ts'
import { type Finding, fail, note, ok } from './finding.ts'
import { checkInterfaces, systemMtu } from './interfaces.ts'
import { checkListening } from './listening.ts'
import { checkClock, checkNode, type RunningNode } from './node.ts'
import { checkPeer, type PeerCheck } from './peers.ts'
import { MAX_CALLS, Prober } from './prober.ts'

/**
 * Contacts the configured peers and nobody else.
 *
 * @param timeoutMs for each step that waits for somebody else
 * @throws MeshError ERR_IDENTITY_FILE
 */
export async function* netcheck(
  { config, keyFile }: LoadedConfig,
  node: RunningNode,
  timeoutMs: number,
): AsyncGenerator<Finding> {
  const { peerId } = await Identity.load(keyFile)
  const { tcp, quic, relay, lora } = config.transport
  const direct = [tcp, quic].filter(({ enabled }) => enabled)
  yield* await checkNode(node)
  yield await checkClock(node)
  yield* await checkInterfaces(networkInterfaces(), systemMtu)
  const loaded = await tryQuic()
  yield quicFinding(loaded.problem, quic.enabled)
  for (const address of direct.flatMap(({ listen }) => listen)) {
    yield await checkListening(address, !('absent' in node))
  }
  const dialled = relay.enabled ? [...direct, relay] : direct
  const peers = [...new Set(dialled.flatMap((transport) => transport.peers))]
  const waits = lora.length === 0 ? 'to be dialled' : 'to be dialled, or heard by radio'
  if (peers.length === 0) yield note('peer', '', `none is configured: this node waits ${waits}`)
  else yield* checkPeers(peers, loaded, { ownPeerId: peerId, timeoutMs })
}

interface LoadedQuic {
  readonly transport: Awaited<ReturnType<typeof boundedQuic>> | undefined
  readonly problem: string | undefined
}

async function tryQuic(): Promise<LoadedQuic> {
  try {
    return { transport: await boundedQuic(loadQuic), problem: undefined }
  } catch (error) {
    const [firstLine = ''] = messageOf(error).split('\n')
    return { transport: undefined, problem: firstLine }
  }
}

function quicFinding(problem: string | undefined, isEnabled: boolean): Finding {
  if (problem === undefined) {
    return ok(
      'quic',
      '',
      isEnabled ? 'its native part loads' : 'its native part loads; transport.quic is not enabled',
    )
  }
  const what = `its native part does not load: ${problem}`
  return isEnabled ? fail('quic', '', what) : note('quic', '', `${what}; transport.quic is not enabled`)
}

async function* checkPeers(
  peers: readonly string[],
  { transport, problem }: LoadedQuic,
  options: Pick<PeerCheck, 'ownPeerId' | 'timeoutMs'>,
): AsyncGenerator<Finding> {
  const transports = transport === undefined ? [tcp()] : [tcp(), transport]
  await using prober = await Prober.start(transports)
  const check = { ...options, prober, quicProblem: problem }
  for (let at = 0; at < peers.length; at += MAX_CALLS) {
    yield* await Promise.all(peers.slice(at, at + MAX_CALLS).map((peer) => checkPeer(peer, check)))
  }
}
