/**
 * Three nodes on this machine, each a process of its own with its own configuration: alice and bob have no
 * link to each other, only to a relay. `npm run demo` tells the story of some messages between them.
 */
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { hopwire, type RunningNode, startListener, startNode } from './demo/processes.ts'

const folder = await mkdtemp(join(tmpdir(), 'hopwire-demo-'))
const running = new Set<RunningNode>()
const startedAt = performance.now()

function chapter(title: string): void {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(4)
  console.log(`\n\x1b[1m${seconds} s  ${title}\x1b[0m`)
}

function tell(line: string): void {
  console.log(line.replaceAll(/^/gm, '        '))
}

/** A node's folder with its key and a configuration of a few lines; all else is default. */
async function prepare(name: string, listen: string[], peers: string[]): Promise<string> {
  const dir = join(folder, name)
  const file = join(dir, 'hopwire.toml')
  if (!(await exists(file))) await hopwire(['init', '--dir', dir])
  const http = name === 'relay' ? 'listen = "127.0.0.1:0"' : 'enabled = false'
  await writeFile(
    file,
    `[node]\nname = "${name}"\n\n` +
      `[transport.tcp]\nlisten = ${JSON.stringify(listen)}\npeers = ${JSON.stringify(peers)}\n\n` +
      `[http]\n${http}\n`,
  )
  return dir
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
async function untilFound(dir: string, address: string): Promise<string> {
  for (let tries = 0; tries < 50; tries++) {
    const routes = await hopwire(['routes', '--json'], dir)
    if (routes.includes(address)) return await hopwire(['routes'], dir)
    await wait(100)
  }
  throw new Error(`no announce of ${address} arrived within its time`)
}

async function story(): Promise<void> {
  chapter('Three nodes: alice and bob know only the relay')
  const relayDir = await prepare('relay', ['/ip4/127.0.0.1/tcp/0'], [])
  let relay = await start(relayDir)
  const relayAt = relay.ready.listen[0] as string
  const aliceDir = await prepare('alice', [], [relayAt])
  const bobDir = await prepare('bob', [], [relayAt])
  const alice = await start(aliceDir)
  let bob = await start(bobDir)
  const toBob = bob.ready.address
  tell(`alice  ${alice.ready.address}\nrelay  ${relay.ready.address}\nbob    ${toBob}`)

  chapter('Signed announces spread hop by hop; this is what alice knows now')
  tell(await untilFound(aliceDir, toBob))
  await untilFound(bobDir, alice.ready.address)

  chapter('Text both ways, with signed receipts')
  const aliceHears = await startListener(aliceDir)
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

  chapter('The relay is killed (SIGKILL) and started again')
  running.delete(relay)
  await relay.kill()
  await prepare('relay', [relayAt.replace(/\/p2p\/.*/, '')], [])
  relay = await start(relayDir)
  tell(await hopwire(['store'], relayDir))

  chapter('Bob comes back, and the message with him')
  bob = await start(bobDir)
  bobHears = await startListener(bobDir)
  tell(`bob hears: ${(await bobHears.next()).text}`)

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
  await rm(folder, { recursive: true, force: true })
}
