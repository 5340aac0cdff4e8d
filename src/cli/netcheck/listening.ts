/** Whether the configured listen addresses can be bound. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { messageOf, systemCodeOf } from '../../runtime/errors.ts'
import { type Finding, fail, note, ok } from './finding.ts'
import { parseTarget, type Target } from './target.ts'

/** @param isNodeRunning whether the node itself may be what holds a port. */
export async function checkListening(text: string, isNodeRunning: boolean): Promise<Finding> {
  const target = parseTarget(text)
  if (target === undefined) return fail('listen', text, 'no address that this version can listen on')
  const { host, port, carrier } = target
  const protocol = carrier === 'tcp' ? 'TCP' : 'UDP'
  if (port === 0) return note('listen', text, 'any free port: others cannot know it before the node runs')
  try {
    await bind(target)
    if (isNodeRunning) return fail('listen', text, 'the node runs, and does not listen there')
    return ok('listen', text, `${protocol} port ${port} is free`)
  } catch (error) {
    switch (systemCodeOf(error)) {
      case 'EADDRINUSE':
        return isNodeRunning
          ? ok('listen', text, `${protocol} port ${port} is in use, and the node runs`)
          : fail(
              'listen',
              text,
              `another program has ${protocol} port ${port}: stop it or choose another port`,
            )
      case 'EADDRNOTAVAIL':
        return fail('listen', text, `this machine has no address ${host}`)
      case 'EACCES':
        return fail('listen', text, 'ports below 1024 are for the administrator: choose a higher one')
      case 'EAFNOSUPPORT':
        return fail('listen', text, 'this machine has no IPv6: take the address out')
      default:
        return fail('listen', text, messageOf(error))
    }
  }
}

async function bind({ host, port, carrier }: Target): Promise<void> {
  if (carrier === 'tcp') {
    const server = createServer().listen({ host, port, ipv6Only: true })
    await once(server, 'listening')
    server.close()
    return
  }
  const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', ipv6Only: host.includes(':') })
  try {
    socket.bind(port, host)
    await once(socket, 'listening')
  } finally {
    socket.close()
  }
}
