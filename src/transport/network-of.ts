/** The network an IP address belongs to: what one owner can be expected to have, and so what is limited. */
import { isIP } from 'node:net'

/**
 * `192.0.2.0/24` or `2001:db8:0:1::/64`. An IPv4 address written as IPv6 counts as IPv4. Anything that is no
 * IP address is a network of its own name.
 */
export function networkOf(host: string): string {
  switch (isIP(host)) {
    case 4:
      return network4(host)
    case 6: {
      const words = wordsOf(host)
      const isMapped = words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff
      if (isMapped) {
        const [high, low] = words.slice(6) as [number, number]
        return network4([high >> 8, high & 0xff, low >> 8, low & 0xff].join('.'))
      }
      const prefix = words.slice(0, 4).map((word) => word.toString(16))
      return `${prefix.join(':')}::/64`
    }
    default:
      return host
  }
}

function network4(host: string): string {
  return `${host.slice(0, host.lastIndexOf('.'))}.0/24`
}

/** The eight 16-bit words of a valid IPv6 address. */
function wordsOf(host: string): number[] {
  const [head = '', tail] = (host.split('%')[0] as string).split('::')
  const first = parse(head)
  const last = parse(tail ?? '')
  const gap = tail === undefined ? 0 : 8 - first.length - last.length
  return [...first, ...new Array<number>(gap).fill(0), ...last]
}

function parse(part: string): number[] {
  if (part === '') return []
  return part.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)]
    const [a, b, c, d] = group.split('.').map(Number) as [number, number, number, number]
    return [(a << 8) | b, (c << 8) | d]
  })
}
