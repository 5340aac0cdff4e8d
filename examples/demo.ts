/**
 * Three nodes on this machine, each a process of its own with its own configuration: alice and bob have no
 * link to each other, only to a relay. `npm run demo` tells the story of some messages between them: over TCP, and
 * in the end over LoRa, with modems that are emulated, since nobody can be asked to own some.
 */
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import {
  type Emulator,
  hopwire,
  type RunningNode,
  startEmulator,
  startListener,
  startNode,
} from './demo/processes.ts'

const folder = await mkdtemp(join(tmpdir(), 'hopwire-demo-'))
const running = new Set<RunningNode>()
let emulator: Emulator | undefined
const startedAt = performance.now()

function chapter(title: string): void {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(4)
  console.log(`\n\x1b[1m${seconds} s  ${title}\x1b[0m`)
}

function tell(line: string): void {
  console.log(line.replaceAll(/^/gm, '        '))
}

interface Route {
  readonly destination: string
  readonly transport: string
}

interface Links {
  /** Undefined: no network. */
  readonly tcp?: { readonly listen: readonly string[]; readonly peers: readonly string[] }
  /** The port of a modem: with a real one it would be "/dev/ttyUSB0". */
  readonly radio?: string
}

/** A node's folder with its key and a configuration of a few lines; all else is default. */
async function prepare(name: string, { tcp, radio }: Links): Promise<string> {
  const dir = join(folder, name)
  const file = join(dir, 'hopwire.toml')
  if (!(await exists(file))) await hopwire(['init', '--dir', dir])
  const http = name === 'relay' ? 'listen = "127.0.0.1:0"' : 'enabled = false'
  await writeFile(
    file,
    `[node]\nname = "${name}"\n\n` +
      `[transport.tcp]\n${tcp === undefined ? 'enabled = false' : tcpKeys(tcp)}\n\n` +
      (radio === undefined ? '' : `[[transport.lora]]\nport = "${radio}"\n\n`) +
      `[http]\n${http}\n`,
  )
  return dir
}

function tcpKeys({ listen, peers }: NonNullable<Links['tcp']>): string {
  return `listen = ${JSON.stringify(listen)}\npeers = ${JSON.stringify(peers)}`
}

async function exists(file: string): Promise<boolean> {
  return await readFile(file).then(
    () => true,
    () => false,
  )
}

async function start(dir: string): Promise<RunningNode> {
  const node = await startNode(dir)
  running.add(node)
  return node
}

async function stop(node: RunningNode): Promise<void> {
  running.delete(node)
  await node.stop()
}

/** Waits until `dir`'s node knows a path to `address`: the announce has come through the relay. */
async function untilFound(dir: string, address: string, over = 'tcp'): Promise<string> {
  for (let tries = 0; tries < 150; tries++) {
    const routes = JSON.parse(await hopwire(['routes', '--json'], dir)) as Route[]
    const isFound = routes.some(({ destination, transport }) => destination === address && transport === over)
    if (isFound) return await hopwire(['routes'], dir)
    await wait(100)
  }
  throw new Error(`no announce of ${address} arrived within its time`)
}

async function story(): Promise<void> {
  chapter('Three nodes: alice and bob know only the relay')
  const relayDir = await prepare('relay', { tcp: { listen: ['/ip4/127.0.0.1/tcp/0'], peers: [] } })
  let relay = await start(relayDir)
  const relayAt = relay.ready.listen[0] as string
  const toRelay = { tcp: { listen: [], peers: [relayAt] } }
  const aliceDir = await prepare('alice', toRelay)
  const bobDir = await prepare('bob', toRelay)
  let alice = await start(aliceDir)
  let bob = await start(bobDir)
  const toBob = bob.ready.address
  tell(`alice  ${alice.ready.address}\nrelay  ${relay.ready.address}\nbob    ${toBob}`)

  chapter('Signed announces spread hop by hop; this is what alice knows now')
  tell(await untilFound(aliceDir, toBob))
  await untilFound(bobDir, alice.ready.address)

  chapter('Text both ways, with signed receipts')
  let aliceHears = await startListener(aliceDir)
  let bobHears = await startListener(bobDir, join(folder, 'received'))
  tell(await hopwire(['send', toBob, 'Hello Bob, can you hear me?', '--wait', 'delivered'], aliceDir))
  tell(`bob hears: ${(await bobHears.next()).text}`)
  tell(await hopwire(['send', alice.ready.address, 'Loud and clear, Alice.', '--wait', 'delivered'], bobDir))
  tell(`alice hears: ${(await aliceHears.next()).text}`)

  chapter('A file of 40 kB')
  const file = join(folder, 'map.bin')
  const bytes = Buffer.from(Array.from({ length: 40_000 }, (_, index) => (index * 7 + (index >> 8)) & 0xff))
  await writeFile(file, bytes)
  tell(await hopwire(['send', toBob, '--file', file, '--wait', 'delivered'], aliceDir))
  const got = (await bobHears.next()).file
  const received = await readFile(join(folder, 'received', got?.name ?? ''))
  const same = createHash('sha256').update(received).digest('hex') === sha256(bytes)
  tell(`bob has ${got?.name}, ${received.length} bytes, ${same ? 'the same SHA-256' : 'but other bytes'}`)
  if (!same) throw new Error('the file was changed on its way')

  chapter('The way from alice to bob, and what the relay says of itself')
  tell(await hopwire(['trace', toBob], aliceDir))
  const http = `http://${relay.ready.http}`
  const health = (await (await fetch(`${http}/healthz`)).json()) as { status: string; checks: object }
  tell(`/healthz: ${health.status}, checks: ${Object.keys(health.checks).join(', ')}`)
  const metrics = await (await fetch(`${http}/metricsz`)).text()
  const shown = /^hopwire_(links|routes|transport_frames_\w+|envelopes_total\{action="forwarded").*$/gm
  tell((metrics.match(shown) ?? []).join('\n'))

  chapter('Bob goes away; alice writes to him all the same')
  bobHears.stop()
  await stop(bob)
  tell(await hopwire(['send', toBob, 'Read this when you are back.', '--wait', 'stored'], aliceDir))

  chapter('The relay is killed (SIGKILL) and started again, now with a radio as well')
  emulator = await startEmulator(2)
  const [aliceRadio = '', relayRadio = ''] = emulator.ports
  running.delete(relay)
  await relay.kill()
  const listen = [relayAt.replace(/\/p2p\/.*/, '')]
  await prepare('relay', { tcp: { listen, peers: [] }, radio: relayRadio })
  relay = await start(relayDir)
  tell(await hopwire(['store'], relayDir))

  chapter('Bob comes back, and the message with him')
  bob = await start(bobDir)
  bobHears = await startListener(bobDir)
  tell(`bob hears: ${(await bobHears.next()).text}`)

  chapter('Alice leaves the network: from here on she has a radio and nothing else')
  aliceHears.stop()
  await stop(alice)
  await prepare('alice', { radio: aliceRadio })
  alice = await start(aliceDir)
  await untilFound(aliceDir, relay.ready.address, 'lora')
  tell(await hopwire(['peers'], aliceDir))
  aliceHears = await startListener(aliceDir)

  chapter('Text by LoRa to the relay, on by TCP to bob, and back')
  emulator.heard()
  tell(await hopwire(['send', toBob, 'No network here, only hills.', '--wait', 'delivered'], aliceDir))
  tell(`bob hears: ${(await bobHears.next()).text}`)
  tell(await hopwire(['send', alice.ready.address, 'You still come in fine.', '--wait', 'delivered'], bobDir))
  tell(`alice hears: ${(await aliceHears.next()).text}`)
  tell('on the air meanwhile, the question for the way to bob first:')
  for (const { modem, bytes, airtime_ms: ms } of emulator.heard()) {
    tell(`  ${(modem === '1' ? 'alice' : 'relay').padEnd(5)} ${String(bytes).padStart(5)} bytes, ${ms} ms`)
  }

  chapter('What that took of the airtime that the law allows in an hour')
  for (const dir of [aliceDir, relayDir]) {
    const [, radios = ''] = (await hopwire(['status'], dir)).split('\n\n')
    tell(radios)
  }
  tell(await hopwire(['airtime', '--bytes', '100'], aliceDir))
  const radioMetrics = await (await fetch(`http://${relay.ready.http}/metricsz`)).text()
  tell((radioMetrics.match(/^hopwire_lora_(airtime|duty|queue).*$/gm) ?? []).join('\n'))

  chapter('All drain and stop')
  aliceHears.stop()
  bobHears.stop()
  for (const node of [alice, bob, relay]) await stop(node)
  tell('three clean exits')
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

try {
  await story()
  chapter('Done')
} catch (error) {
  chapter(`It went wrong: ${error instanceof Error ? error.message : String(error)}`)
  for (const node of running) tell(`the log of ${node.dir}:\n${node.log()}`)
  process.exitCode = 1
} finally {
  for (const node of running) await node.kill()
  await emulator?.stop()
  await rm(folder, { recursive: true, force: true })
}
