/**
 * Runs on a host of the lab: UDP sockets on the ports of the command line. A line `{port, to, text}` on stdin
 * sends a datagram; each one that comes is a line `{port, from, text}` on stdout.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

const sockets = new Map(
  await Promise.all(
    process.argv.slice(2).map(async (argument) => {
      const port = Number(argument)
      const socket = createSocket('udp4')
      socket.on('message', (message, { address, port: remotePort }) => {
        process.stdout.write(
          `${JSON.stringify({ port, from: `${address}:${remotePort}`, text: String(message) })}\n`,
        )
      })
      socket.bind(port)
      await once(socket, 'listening')
      return [port, socket] as const
    }),
  ),
)
process.stdout.write('ready\n')

for await (const line of createInterface(process.stdin)) {
  const { port, to, text } = JSON.parse(line) as { port: number; to: string; text: string }
  const [address, remotePort] = to.split(':')
  sockets.get(port)?.send(text, Number(remotePort), address)
}
