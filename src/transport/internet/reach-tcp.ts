/**
 * TCP whose calls all come from one port. A NAT then has one mapping for all of them, if it is of the kinder
 * sort: the address that a relay sees is the one at which another node can meet a call half way.
 */
import { createServer } from 'node:net'
import type { MultiaddrConnection, Upgrader, UpgraderOptions } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import type { CarrierTransport } from './shared-node.ts'

export async function onePortTcp(): Promise<CarrierTransport> {
  const localPort = await freePort()
  const create = tcp()
  return (components) => {
    const transport = create(components)
    const dial = transport.dial.bind(transport)
    transport.dial = async (address, given) => {
      const options = isCalled(given) ? { ...given, upgrader: asCalled(given.upgrader) } : given
      try {
        return await dial(address, { ...options, localPort } as typeof options)
      } catch (error) {
        if (!isTaken(error)) throw error
        // By a connection to the same place, or by another program: any port does for a call that is no meeting.
        return await dial(address, options)
      }
    }
    return transport
  }
}

/** Whether this end of two that call each other is to act as the one that is called. */
function isCalled(options: object): boolean {
  return 'initiator' in options && options.initiator === false
}

/** libp2p turns the handshakes round, but not the connection: by that its multiplexer numbers the streams. */
function asCalled(upgrader: Upgrader): Upgrader {
  const upgradeOutbound: Upgrader['upgradeOutbound'] = (
    connection: MultiaddrConnection,
    options: UpgraderOptions,
  ) => upgrader.upgradeOutbound(Object.assign(connection, { direction: 'inbound' }), options)
  return Object.create(upgrader, { upgradeOutbound: { value: upgradeOutbound } })
}

function isTaken(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return error.code === 'EADDRINUSE' || error.code === 'EADDRNOTAVAIL'
}

/** One that nobody listens on at this moment. */
async function freePort(): Promise<number> {
  const server = createServer()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(0, resolve)
  await promise
  const address = server.address()
  await new Promise((closed) => server.close(closed))
  return address !== null && typeof address === 'object' ? address.port : 0
}
