/** The networks this machine is on, and what they mean for being reached. */
import { readFile } from 'node:fs/promises'
import type { NetworkInterfaceInfo } from 'node:os'
import { type AddressKind, addressKind } from '../../transport/address-kind.ts'
import { type Finding, fail, note, ok } from './finding.ts'

/** Below this IPv6 does not work, and a QUIC packet of 1,200 bytes with its headers barely fits. */
const LEAST_MTU = 1280
const ETHERNET_MTU = 1500

export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>

/** The largest packet an interface takes, bytes; undefined where the system does not say. */
export type MtuOf = (name: string) => Promise<number | undefined>

/** Linux tells it in a file; elsewhere it stays unknown. */
export const systemMtu: MtuOf = async (name) => {
  const text = await readFile(`/sys/class/net/${name}/mtu`, 'utf8').catch(() => '')
  const mtu = Number.parseInt(text, 10)
  return mtu > 0 ? mtu : undefined
}

/** One finding for each address beyond the machine itself, then one for each IP version. */
export async function checkInterfaces(interfaces: Interfaces, mtuOf: MtuOf): Promise<Finding[]> {
  const findings: Finding[] = []
  const kinds = { IPv4: new Set<AddressKind>(), IPv6: new Set<AddressKind>() }
  for (const [name, addresses = []] of Object.entries(interfaces)) {
    for (const { address, internal, family } of addresses) {
      const kind = addressKind(address)
      if (internal || kind === 'link-local') continue
      kinds[family].add(kind)
      findings.push(addressFinding(`${name} ${address}`, kind, await mtuOf(name)))
    }
  }
  if (findings.length === 0)
    return [fail('interface', '', 'no network: this machine has no address but its own')]
  return [...findings, reachFinding('IPv4', kinds.IPv4), reachFinding('IPv6', kinds.IPv6)]
}

function addressFinding(subject: string, kind: AddressKind, mtu: number | undefined): Finding {
  if (mtu === undefined) return ok('interface', subject, kind)
  if (mtu < LEAST_MTU) {
    return note(
      'interface',
      subject,
      `${kind}, MTU ${mtu}: below ${LEAST_MTU}, QUIC may fail here; TCP works`,
    )
  }
  const hint = mtu < ETHERNET_MTU ? ', as in a tunnel' : ''
  return ok('interface', subject, `${kind}, MTU ${mtu}${hint}`)
}

function reachFinding(version: 'IPv4' | 'IPv6', kinds: ReadonlySet<AddressKind>): Finding {
  if (kinds.has('public')) {
    return ok(
      'reach',
      version,
      'a public address: others can dial this node, unless a firewall is in the way',
    )
  }
  if (kinds.has('carrier NAT')) {
    return note(
      'reach',
      version,
      "behind the carrier's NAT: nobody can dial this node, no router can change that",
    )
  }
  if (kinds.has('private') && version === 'IPv4') {
    return note(
      'reach',
      version,
      'private addresses only: others can dial this node if the router forwards its port',
    )
  }
  if (kinds.has('private')) return note('reach', version, 'private addresses only: of use on this network')
  return note('reach', version, 'no address')
}
