import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { sleep, systemClock } from '../../src/runtime/clock.ts'
import { BadLine } from './bad-line.ts'
import { Lab, removeStale } from './lab.ts'
import { LineProcess } from './line-process.ts'
import { NAT_KINDS, type NatKind } from './nat.ts'
import { Probe } from './probe.ts'
import { execute, labMissing } from './system.ts'

const skip = labMissing() ?? false

/** What RFC 4787 calls the mapping and the filtering of each kind. */
const BEHAVIOUR: Readonly<Record<NatKind, { readonly ports: 'one' | 'many'; readonly comesIn: string[] }>> = {
  none: { ports: 'one', comesIn: ['stranger', 'other port'] },
  firewall: { ports: 'one', comesIn: [] },
  'full-cone': { ports: 'one', comesIn: ['stranger', 'other port'] },
  restricted: { ports: 'one', comesIn: ['other port'] },
  'port-restricted': { ports: 'one', comesIn: [] },
  symmetric: { ports: 'many', comesIn: [] },
}

describe('the NATs of the lab', { skip }, () => {
  let lab: Lab
  let known: Probe
  let second: Probe
  let stranger: Probe

  before(async () => {
    lab = await Lab.open()
    const [a, b, c] = [await lab.server('known'), await lab.server('second'), await lab.server('stranger')]
    known = await Probe.start(a, 1000, 1001)
    second = await Probe.start(b, 1000)
    stranger = await Probe.start(c, 1000)
  })

  after(() => lab[Symbol.asyncDispose]())

  for (const kind of NAT_KINDS) {
    test(`${kind} maps and filters as its name says`, async () => {
      const inside = await Probe.start(await lab.home(kind, kind), 5000)
      inside.send(5000, known.at(1000), 'hello')
      const { from: mapped } = await known.received()
      inside.send(5000, second.at(1000), 'hello')
      const { from: alsoMapped } = await second.received()
      assert.equal(mapped === alsoMapped ? 'one' : 'many', BEHAVIOUR[kind].ports)
      assert.equal(mapped === inside.at(5000), kind === 'none' || kind === 'firewall')

      stranger.send(1000, mapped, 'stranger')
      known.send(1001, mapped, 'other port')
      // What was let in came before this, over the same wire.
      stranger.send(1000, known.at(1000), 'have sent')
      await known.received()
      known.send(1000, mapped, 'answer')
      const came: string[] = []
      for (;;) {
        const { text } = await inside.received()
        if (text === 'answer') break
        came.push(text)
      }
      assert.deepEqual(came.toSorted(), BEHAVIOUR[kind].comesIn.toSorted())
    })
  }
})

describe('the lab', { skip }, () => {
  test('moves a host from one network to another', async () => {
    await using lab = await Lab.open()
    const server = await lab.server('server')
    const outside = await Probe.start(server, 1000)
    const wifi = await lab.site('wifi', 'port-restricted')
    const mobile = await lab.site('mobile', 'symmetric')
    const laptop = await lab.host('laptop')
    await laptop.attach(wifi)
    await laptop.attach(mobile)
    const inside = await Probe.start(laptop, 5000)
    const seenFrom = async (): Promise<string | undefined> => {
      inside.send(5000, outside.at(1000), 'hello')
      return (await outside.received()).from.split(':')[0]
    }
    assert.equal(await seenFrom(), wifi.publicAddress)
    await laptop.use(mobile)
    assert.equal(await seenFrom(), mobile.publicAddress)
    await laptop.use(wifi)
    assert.equal(await seenFrom(), wifi.publicAddress)
  })

  test('has lines that lose, delay and hold back what goes over them', async () => {
    await using lab = await Lab.open()
    const [near, middle, far] = [
      await lab.server('near'),
      await lab.server('middle'),
      await lab.server('far'),
    ]
    const [inside, outside] = [await Probe.start(near, 1000), await Probe.start(far, 1000)]
    const line = await BadLine.start(middle, { port: 2000, target: outside.at(1000), seed: 1 })
    const through = `${middle.address}:2000`
    /** How many of 200 come through. */
    const throughput = async (): Promise<number> => {
      for (let sent = 0; sent < 200; sent++) inside.send(1000, through, 'one of many')
      for (let sent = 0; sent < 50; sent++) inside.send(1000, through, 'last')
      let came = 0
      while ((await outside.received()).text !== 'last') came += 1
      return came
    }
    await line.become({ lossRate: 0.5 })
    const half = await throughput()
    assert.ok(half > 60 && half < 140, `${half} of 200`)

    await line.become({ delayMs: 50 })
    const sentAt = performance.now()
    inside.send(1000, through, 'late')
    while ((await outside.received()).text !== 'late');
    assert.ok(performance.now() - sentAt >= 50)
  })

  test('leaves nothing behind, and removes what a run that was killed has left', async () => {
    const namespaces = async (pid: number): Promise<string[]> =>
      (await execute('ip', ['netns', 'list']))
        .split('\n')
        .filter((line) => line.startsWith(`hopwire-${pid}-`))
    const program = `
      import { Lab } from ${JSON.stringify(fileURLToPath(new URL('lab.ts', import.meta.url)))}
      const lab = await Lab.open()
      const host = await lab.home('host', 'symmetric')
      const sleeper = host.spawn('sh', ['-c', 'echo inside; exec sleep 600'])
      sleeper.stdout.once('data', () => console.log(sleeper.pid))
      setInterval(() => 0, 1000)`
    const run = async (): Promise<{ run: LineProcess; pid: number; sleeper: number }> => {
      const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', program])
      const started = new LineProcess(child)
      return { run: started, pid: child.pid ?? 0, sleeper: Number(await started.line()) }
    }

    const failed = await run()
    assert.equal((await namespaces(failed.pid)).length, 3)
    await failed.run.end('SIGTERM')
    assert.deepEqual(await namespaces(failed.pid), [])
    await gone(failed.sleeper)

    const killed = await run()
    await killed.run.end('SIGKILL')
    assert.equal((await namespaces(killed.pid)).length, 3)
    await removeStale()
    assert.deepEqual(await namespaces(killed.pid), [])
    const folders = (await readdir(tmpdir())).filter((name) => name.startsWith(`hopwire-lab-${killed.pid}-`))
    assert.deepEqual(folders, [])
    await gone(killed.sleeper)
  })
})

/** Waits until a process that was killed has ended. */
async function gone(pid: number): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') gone')
    if (/\) (gone|Z)/.test(state)) return
    await sleep(systemClock, 10)
  }
  assert.fail(`process ${pid} is still there`)
}
