/**
 * libp2p's UPnP with one thing it lacks: it asks the router to end a forwarding without saying of which protocol,
 * which routers refuse. So the port would stay open for an hour after the node has stopped.
 */
import { uPnPNAT } from '@libp2p/upnp-nat'
import type { ServiceFactories } from './reach.ts'

/** The parts of the library's insides that are used; the lab fails should they ever be other ones. */
interface UpnpService {
  readonly gatewayFinder: {
    addEventListener(type: 'gateway', found: (event: { readonly detail: Gateway }) => void): void
  }
}

interface Gateway {
  /** By local port, each with its timer for the time when it has to be renewed. */
  readonly mappings: Map<number, readonly { readonly refreshTimeout?: NodeJS.Timeout }[]>
  mapPort(port: number, host: string, options: MapOptions): Promise<number>
  unmap(port: number, options: object): Promise<void>
  getGateway(options: object): Promise<Device>
}

interface MapOptions {
  readonly protocol?: string
}

interface Device {
  run(service: string, action: string, args: readonly Argument[], options: object): Promise<unknown>
}

type Argument = readonly [name: string, value: string | number]

interface Forwarded {
  /** The router may have chosen another one than it was asked for. */
  readonly externalPort: number
  readonly protocol: string
}

const WAN_CONNECTION = 'urn:schemas-upnp-org:service:WANIPConnection:2'

/** @param isTrusted whether what the router says needs nobody's confirmation. */
export function portMapping(isTrusted: boolean): ServiceFactories[string] {
  const create = uPnPNAT({ portMappingDescription: 'hopwire', autoConfirmAddress: isTrusted })
  return (components) => {
    const service = create(components as unknown as Parameters<typeof create>[0])
    const { gatewayFinder } = service as unknown as UpnpService
    gatewayFinder.addEventListener('gateway', ({ detail }) => mend(detail))
    return service
  }
}

function mend(gateway: Gateway): void {
  const forwarded = new Map<number, Forwarded[]>()
  const mapPort = gateway.mapPort.bind(gateway)
  gateway.mapPort = async (port, host, options) => {
    const externalPort = await mapPort(port, host, options)
    const { protocol = 'TCP' } = options
    forwarded.set(port, [...(forwarded.get(port) ?? []), { externalPort, protocol }])
    return externalPort
  }
  gateway.unmap = async (port, options) => {
    for (const { refreshTimeout } of gateway.mappings.get(port) ?? []) clearTimeout(refreshTimeout)
    gateway.mappings.delete(port)
    const device = await gateway.getGateway(options)
    for (const { externalPort, protocol } of forwarded.get(port) ?? []) {
      const args: Argument[] = [
        ['NewRemoteHost', ''],
        ['NewExternalPort', externalPort],
        ['NewProtocol', protocol],
      ]
      await device.run(WAN_CONNECTION, 'DeletePortMapping', args, options)
    }
    forwarded.delete(port)
  }
}
