/**
 * Runs on a router of the lab: an Internet Gateway Device, version 2, as strict as those at home. It is found by
 * SSDP, and forwards ports with nftables. A line on stdout lists what it forwards after each change.
 * Arguments: its address on the LAN, its address on the internet.
 */
import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

const [, , lan = '', wan = ''] = process.argv
const HTTP_PORT = 5000
const SSDP = { group: '239.255.255.250', port: 1900 }
const DEVICE = 'urn:schemas-upnp-org:device:InternetGatewayDevice:2'
const SERVICE = 'urn:schemas-upnp-org:service:WANIPConnection:2'
const UDN = 'uuid:00000000-0000-0000-0000-00000000001d'
const INVALID_ARGS = 402
const NO_SUCH_ENTRY = 714

interface Mapping {
  readonly protocol: string
  readonly externalPort: number
  readonly internalClient: string
  readonly internalPort: number
}

const mappings = new Map<string, Mapping>()

class Fault extends Error {
  readonly code: number

  constructor(code: number) {
    super(`UPnP error ${code}`)
    this.code = code
  }
}

type Arguments = ReadonlyMap<string, string>

function argument(args: Arguments, name: string, form: RegExp): string {
  const value = args.get(name) ?? ''
  if (!form.test(value)) throw new Fault(INVALID_ARGS)
  return value
}

const PORT = /^[1-9]\d{0,4}$/
const PROTOCOL = /^(TCP|UDP)$/

const ACTIONS: Readonly<Record<string, (args: Arguments, caller: string) => string>> = {
  GetExternalIPAddress: () => `<NewExternalIPAddress>${wan}</NewExternalIPAddress>`,
  AddAnyPortMapping: (args, caller) => {
    const mapping = {
      protocol: argument(args, 'NewProtocol', PROTOCOL),
      externalPort: Number(argument(args, 'NewExternalPort', PORT)),
      internalClient: argument(args, 'NewInternalClient', /^[\d.]+$/),
      internalPort: Number(argument(args, 'NewInternalPort', PORT)),
    }
    if (mapping.internalClient !== caller) throw new Fault(INVALID_ARGS)
    mappings.set(`${mapping.protocol} ${mapping.externalPort}`, mapping)
    return `<NewReservedPort>${mapping.externalPort}</NewReservedPort>`
  },
  DeletePortMapping: (args) => {
    const port = argument(args, 'NewExternalPort', PORT)
    if (!mappings.delete(`${argument(args, 'NewProtocol', PROTOCOL)} ${port}`)) throw new Fault(NO_SUCH_ENTRY)
    return ''
  },
}

function forward(): void {
  const rules = [...mappings.values()].map(
    ({ protocol, externalPort, internalClient, internalPort }) =>
      `iifname "wan" ${protocol.toLowerCase()} dport ${externalPort} dnat to ${internalClient}:${internalPort}`,
  )
  const chain = `chain comes_in {\n type nat hook prerouting priority dstnat - 1\n ${rules.join('\n ')}\n }`
  const input = `table ip igd\ndelete table ip igd\ntable ip igd {\n ${chain}\n}\n`
  execFileSync('nft', ['-f', '-'], { input })
  process.stdout.write(`${JSON.stringify([...mappings.keys()].toSorted())}\n`)
}

const DESCRIPTION = `<?xml version="1.0"?>
<root xmlns="urn:schemas-upnp-org:device-1-0"><device>
  <deviceType>${DEVICE}</deviceType><UDN>${UDN}</UDN>
  <deviceList><device><deviceType>urn:schemas-upnp-org:device:WANDevice:2</deviceType>
    <deviceList><device><deviceType>urn:schemas-upnp-org:device:WANConnectionDevice:2</deviceType>
      <serviceList><service><serviceType>${SERVICE}</serviceType>
        <SCPDURL>/service.xml</SCPDURL><controlURL>/control</controlURL></service></serviceList>
    </device></deviceList>
  </device></deviceList>
</device></root>`

function envelope(body: string): string {
  return `<?xml version="1.0"?>
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>${body}</s:Body></s:Envelope>`
}

async function control(request: IncomingMessage): Promise<string> {
  const body = String(await request.toArray())
  const action = /#(\w+)"$/.exec(String(request.headers['soapaction']))?.[1] ?? ''
  const args = new Map(
    [...body.matchAll(/<(New\w+)>([^<]*)</g)].map(([, name = '', value = '']) => [name, value]),
  )
  const answer = ACTIONS[action]?.(args, request.socket.remoteAddress ?? '')
  if (answer === undefined) throw new Fault(INVALID_ARGS)
  if (action !== 'GetExternalIPAddress') forward()
  return envelope(`<u:${action}Response xmlns:u="${SERVICE}">${answer}</u:${action}Response>`)
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader('Content-Type', 'text/xml')
  try {
    response.end(request.method === 'POST' ? await control(request) : DESCRIPTION)
  } catch (error) {
    const code = error instanceof Fault ? error.code : 501
    response.statusCode = 500
    const detail = `<UPnPError xmlns="urn:schemas-upnp-org:control-1-0"><errorCode>${code}</errorCode></UPnPError>`
    response.end(envelope(`<s:Fault><detail>${detail}</detail></s:Fault>`))
  }
}

const server = createServer((request, response) => void answer(request, response))
server.listen(HTTP_PORT, lan)
await once(server, 'listening')

const socket = createSocket({ type: 'udp4', reuseAddr: true })
socket.on('message', (message, { address, port }) => {
  const text = String(message)
  if (!text.startsWith('M-SEARCH') || !text.includes(DEVICE)) return
  const lines = [
    'HTTP/1.1 200 OK',
    'CACHE-CONTROL: max-age=1800',
    `LOCATION: http://${lan}:${HTTP_PORT}/device.xml`,
    `ST: ${DEVICE}`,
    `USN: ${UDN}::${DEVICE}`,
  ]
  socket.send(`${lines.join('\r\n')}\r\n\r\n`, port, address)
})
socket.bind(SSDP.port)
await once(socket, 'listening')
socket.addMembership(SSDP.group, lan)
process.stdout.write('ready\n')
