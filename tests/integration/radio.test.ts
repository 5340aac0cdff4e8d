/** What people do with radios, as they do it, on emulated modems. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import type { DeliveryEvent, MessageEvent } from '../../src/control/protocol.ts'
import { systemUptime } from '../../src/runtime/uptime.ts'
import { encodeLedger } from '../../src/transport/lora/ledger/ledger-file.ts'
import { ledgerFileName } from '../../src/transport/lora/ledger/ledger-name.ts'
import { type RadioNode, RadioPlace } from './radios.ts'

const NO_SOCAT = spawnSync('socat', ['-V']).status === 0 ? false : 'socat is not installed'
/** Band P of EU868: 10 % of an hour. */
const BUDGET_US = 360_000_000

async function pair(place: RadioPlace): Promise<readonly [RadioNode, RadioNode]> {
  const [alice, bob] = await Promise.all([
    place.node('alice', place.portOf(1)),
    place.node('bob', place.portOf(2)),
  ])
  await place.untilLinked(alice, bob)
  await place.untilLinked(bob, alice)
  return [alice, bob]
}

/** Sends a text each way; both listen. */
async function talk(place: RadioPlace, alice: RadioNode, bob: RadioNode): Promise<void> {
  for (const [from, to] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    const listener = await place.listen(to)
    await place.deliver(from, to, `from ${from.name}`)
    assert.equal((JSON.parse(await listener.line()) as MessageEvent).text, `from ${from.name}`)
    listener.signal('SIGINT')
    await listener.ended()
  }
}

describe('nodes with radios', () => {
  test('carry messages both ways, and show radio, airtime and neighbour', async () => {
    await using place = await RadioPlace.make(2)
    const [alice, bob] = await pair(place)
    const bytes = await place.ledgerBytes(alice)
    await talk(place, alice, bob)
    assert.ok((await place.ledgerBytes(alice)) > bytes)

    const status = await place.at(alice, 'status')
    const port = place.portOf(1)
    assert.match(
      status.stdout,
      /^RADIO +STATE +CHANNEL +BAND +USED +LEFT +QUEUED +LOAD +NEIGHBOURS$/m,
      status.stdout,
    )
    const row = String.raw`${port} +up +869\.525 MHz SF 8 125 kHz 4/5 +P +(\d+\.\d) s +(\d+\.\d) s +\S+ s +\S+ % +1`
    const [, used, left] = status.stdout.match(new RegExp(`^${row}$`, 'm')) ?? assert.fail(status.stdout)
    assert.ok(Math.abs(Number(used) + Number(left) - 360) < 0.2)
    assert.match(status.stdout, /^neighbours +1$/m)
    const peers = (await place.at(alice, 'peers')).stdout
    assert.match(peers, new RegExp(`^${bob.ready.address} +lora +outbound +\\S+ m?s +\\S+ % +`, 'm'))
    const airtime = (await place.at(alice, 'airtime', '--bytes', '16')).stdout
    assert.match(airtime, new RegExp(`^left +\\d+\\.\\d s of 360 s in band P, on ${port}$`, 'm'))
    const figures = JSON.parse((await place.at(alice, 'airtime', '--bytes', '16', '--json')).stdout)
    assert.equal(figures.ledgers[0].port, port)
    assert.equal(figures.ledgers[0].budgetSeconds, 360)
  })

  test('come to talk again when a modem was unplugged, and one that starts without its modem waits for it', async () => {
    await using place = await RadioPlace.make(2)
    await place.order('unplug 2')
    const bob = await place.node('bob', place.portOf(2))
    const alice = await place.node('alice', place.portOf(1))
    const { health, checks, radios } = await place.status(bob)
    assert.equal(health, 'degraded')
    assert.ok(checks['transport']?.detail.startsWith(`${place.portOf(2)}: `), checks['transport']?.detail)
    assert.equal(radios[0]?.isUp, false)
    assert.match((await place.at(bob, 'status')).stdout, new RegExp(`^${place.portOf(2)} +down +`, 'm'))

    await place.order('plug 2')
    await bob.program.says(/radio up/)
    await place.untilLinked(alice, bob)
    await talk(place, alice, bob)

    await place.order('unplug 1')
    await alice.program.says(/radio down/)
    assert.equal((await place.status(alice)).health, 'degraded')
    const late = await place.at(alice, 'send', bob.ready.address, 'sent without a modem', '--wait', 'stored')
    assert.equal(late.code, 0, late.stderr)
    const listener = await place.listen(bob)
    await place.order('plug 1')
    await alice.program.says(/radio up[\s\S]*radio up/)
    assert.equal((JSON.parse(await listener.line()) as MessageEvent).text, 'sent without a modem')
    listener.signal('SIGINT')
    await listener.ended()
    await talk(place, alice, bob)
    assert.equal((await place.status(alice)).health, 'healthy')
  })

  test('keep the account of their airtime when they are killed', async () => {
    await using place = await RadioPlace.make(2)
    const [alice, bob] = await pair(place)
    await talk(place, alice, bob)
    const before = (await place.radio(alice)).duty?.usedSeconds ?? 0
    assert.ok(before > 0.5)
    alice.program.signal('SIGKILL')
    await alice.program.ended()
    const again = await place.run('alice', place.portOf(1))
    const { duty, airtimeSeconds } = await place.radio(again)
    assert.ok((duty?.usedSeconds ?? 0) >= before, `${duty?.usedSeconds} s after ${before} s`)
    assert.ok((duty?.usedSeconds ?? 0) > airtimeSeconds, 'what the last run used is counted')
  })

  test('say how long a message has to wait for airtime', async () => {
    await using place = await RadioPlace.make(2)
    await place.make('alice')
    const port = place.portOf(1)
    const folder = place.place.path('alice', 'data', 'airtime')
    await mkdir(folder, { recursive: true })
    const transmissions = [{ at: systemUptime() - 1_000_000_000, us: BUDGET_US }]
    const file = `${folder}/${ledgerFileName(port, 'EU868', 'P')}`
    await writeFile(file, encodeLedger({ slackUs: 0, transmissions }))
    const alice = await place.run('alice', port)
    const bob = await place.node('bob', place.portOf(2))
    await place.untilLinked(alice, bob)

    const told = await place.at(alice, 'send', bob.ready.address, 'patience', '--timeout', '3')
    assert.equal(told.code, 3)
    assert.match(told.stdout, /^[0-9a-f]{16} {2}queued: sent in about 4\d min \d+ s\n$/)
    assert.match(told.stderr, /not sent within 3 s: it is queued: sent in about 4\d min/)
    const json = await place.at(alice, 'send', bob.ready.address, 'patience', '--timeout', '3', '--json')
    const { state, expectedMs } = JSON.parse(json.stdout) as DeliveryEvent
    assert.equal(state, 'queued')
    assert.ok(expectedMs && expectedMs > 40 * 60_000 && expectedMs < 50 * 60_000, `${expectedMs}`)
    const { duty, queueSeconds = 0, airtimeSeconds } = await place.radio(alice)
    assert.equal(duty?.leftSeconds, 0)
    assert.ok(queueSeconds > 40 * 60)
    assert.equal(airtimeSeconds, 0)
  })

  test('open the pseudo-terminals of modems like serial ports', { skip: NO_SOCAT }, async () => {
    await using place = await RadioPlace.make(2, '--pty')
    const [one, two] = place.modems.map(({ pty }) => pty ?? assert.fail('no pty'))
    assert.ok(one && two)
    const [alice, bob] = await Promise.all([place.node('alice', one), place.node('bob', two)])
    await place.untilLinked(alice, bob)
    await talk(place, alice, bob)
    assert.equal((await place.radio(alice)).port, one)
  })
})
