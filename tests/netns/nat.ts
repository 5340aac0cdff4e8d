/**
 * Kinds of NAT as home routers and carriers have them, in the words of RFC 4787 for UDP and RFC 5382 for TCP.
 * Each is a set of nftables rules for a router with the interfaces `wan` and `lan`.
 */

export const NAT_KINDS = [
  'none',
  'firewall',
  'full-cone',
  'restricted',
  'port-restricted',
  'symmetric',
] as const

/**
 * - `none`: public addresses behind the router, everything passes.
 * - `firewall`: public addresses; only answers to what went out come in.
 * - `full-cone`: one mapping for all destinations; whoever knows it comes in.
 * - `restricted`: the same, for hosts that something was sent to, from any of their ports.
 * - `port-restricted`: the same, for the very ports that something was sent to.
 * - `symmetric`: each destination sees another port, and only it comes in.
 */
export type NatKind = (typeof NAT_KINDS)[number]

/** Whether the hosts behind it have addresses of their own that others can name. */
export function isRouted(kind: NatKind): boolean {
  return kind === 'none' || kind === 'firewall'
}

export function natRules(kind: NatKind): string {
  switch (kind) {
    case 'none':
      return ''
    case 'firewall':
      return table(through())
    // The kernel keeps the port where it can and takes answers from the destination alone: that is this kind.
    case 'port-restricted':
      return table(through(), masquerade(''))
    case 'symmetric':
      return table(through(), masquerade('fully-random'))
    case 'restricted':
      return table(
        OWNERS,
        CONTACTED,
        comesIn('meta l4proto . ip saddr . th dport @contacted'),
        through(`
    iifname "lan" meta l4proto { tcp, udp } update @owners { meta l4proto . th sport : ip saddr }
    iifname "lan" meta l4proto { tcp, udp } update @contacted { meta l4proto . ip daddr . th sport }`),
        masquerade(''),
      )
    case 'full-cone':
      return table(
        OWNERS,
        comesIn('meta l4proto { tcp, udp }'),
        through(`
    iifname "lan" meta l4proto { tcp, udp } update @owners { meta l4proto . th sport : ip saddr }`),
        masquerade(''),
      )
  }
}

/** The kernel's own mapping forgets; these remember for whom a port of the router is, and who may use it. */
const OWNERS = `
  map owners {
    type inet_proto . inet_service : ipv4_addr
    flags dynamic,timeout; timeout 5m; size 4096
  }`

const CONTACTED = `
  set contacted {
    type inet_proto . ipv4_addr . inet_service
    flags dynamic,timeout; timeout 5m; size 4096
  }`

function comesIn(condition: string): string {
  return `
  chain comes_in {
    type nat hook prerouting priority dstnat
    iifname "wan" ${condition} dnat to meta l4proto . th dport map @owners
  }`
}

/** What the router passes on: answers, what goes out, and what {@link comesIn} has let in. */
function through(remember = ''): string {
  return `
  chain through {
    type filter hook forward priority filter; policy drop
    ${remember.trim()}
    ct state established,related accept
    iifname "lan" accept
    ct status dnat accept
  }`
}

function masquerade(how: string): string {
  return `
  chain goes_out {
    type nat hook postrouting priority srcnat
    oifname "wan" masquerade ${how}
  }`
}

/** Home routers drop what they do not know. An answer from the router itself would spoil a mapping, too. */
function table(...parts: readonly string[]): string {
  return `table ip lab {${parts.join('\n')}
  chain itself {
    type filter hook input priority filter
    iifname "wan" meta l4proto { tcp, udp } drop
  }
}`
}
