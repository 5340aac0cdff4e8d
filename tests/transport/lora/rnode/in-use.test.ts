import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { packetAirtimeMs } from '../../../../src/transport/lora/rnode-timing.ts'
import { type Host, hostUp } from './host.ts'

function packetOf(length: number, first = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => first + index)
}

/** Sends packets whenever there is room, until all are handed over. */
function sendAll(host: Host, packets: readonly Uint8Array[]): void {
  let next = 0
  const fill = (): void => {
    for (let packet = packets[next]; packet !== undefined; packet = packets[next]) {
      if (!host.modem.send(packet)) return
      next += 1
    }
  }
  host.onRoom = fill
  fill()
}

describe('packets to a modem', () => {
  it('are sent as they are, whatever their bytes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 507 }),
        fc.integer({ min: 1, max: 30 }),
        async (packet, chunkBytes) => {
          const host = await hostUp()
          host.device.script.chunkBytes = chunkBytes
          assert.equal(host.modem.send(packet), true)
          await host.run(5000)
          assert.deepEqual(host.device.onAir, [packet])
          assert.equal(host.modem.heldPackets, 0)
        },
      ),
      { numRuns: 30 },
    )
  })

  it('have 1 to 507 bytes, and are refused otherwise', async () => {
    const { modem } = await hostUp()
    assert.equal(modem.send(packetOf(0)), false)
    assert.equal(modem.send(packetOf(508)), false)
    assert.equal(modem.send(packetOf(507)), true)
    assert.equal(modem.heldPackets, 1)
  })

  it('are refused while it is down', async () => {
    const host = await hostUp()
    host.device.unplug()
    await host.run(10)
    assert.equal(host.modem.send(packetOf(5)), false)
  })

  it('are handed over two at a time, and the next as soon as one has left', async () => {
    const host = await hostUp()
    const leaving: number[] = []
    sendAll(
      host,
      Array.from({ length: 10 }, (_, index) => packetOf(40, index)),
    )
    assert.equal(host.modem.heldPackets, 2)
    while (host.device.onAir.length < 10) {
      const before = host.device.onAir.length
      await host.run(1)
      if (host.device.onAir.length > before) leaving.push(host.clock.monotonic())
      assert.ok(host.device.queued <= 2)
    }
    await host.run(100)
    assert.equal(host.modem.heldPackets, 0)
    assert.equal(host.modem.counters.confirmed, 10)
    assert.equal(host.modem.counters.estimated, 0)
    // Never idle: each follows the one before after the time that the modem itself takes.
    const each = packetAirtimeMs(host.modem.modulation, 40) + host.device.script.accessMs
    const [first = 0, last = 0] = [leaving[0], leaving.at(-1)]
    assert.ok(last - first <= 9 * each + 20, `${last - first} against ${9 * each}`)
  })

  it('are counted as left by an estimate where the modem does not tell, and not before they have', async () => {
    const host = await hostUp()
    Object.assign(host.device.script, { reports: false, accessMs: 350 })
    const packets = Array.from({ length: 8 }, (_, index) => packetOf(100, index))
    sendAll(host, packets)
    await host.until(() => {
      assert.ok(host.device.queued <= 2)
      return host.device.onAir.length === 8
    }, 20_000)
    await host.run(3000)
    assert.equal(host.modem.heldPackets, 0)
    assert.equal(host.modem.counters.estimated, 8)
    assert.deepEqual(host.device.onAir, packets)
  })

  it('wait for room in the queue of the modem where that is full', async () => {
    const host = await hostUp()
    host.device.script.reports = false
    host.device.script.isFull = true
    host.modem.send(packetOf(10))
    await host.run(2500)
    host.rooms = 0
    assert.equal(host.modem.send(packetOf(10)), false)
    host.device.script.isFull = false
    await host.run(1000)
    assert.equal(host.rooms, 1)
    assert.equal(host.modem.send(packetOf(10)), true)
  })

  it('are kept back, and not given up, while the airtime lock is in force', async () => {
    const host = await hostUp({ airtimeLock: 0.01 })
    host.device.script.isWedged = true
    host.device.script.reports = false
    const report = (): void => host.device.say(0x25, [0, 0, 0, 100, 0, 0, 0, 100, 60, 45, 0xff])
    report()
    await host.run(10)
    host.modem.send(packetOf(20))
    for (let second = 0; second < 600; second++) {
      report()
      await host.run(1000)
    }
    assert.equal(host.modem.isUp, true)
    assert.equal(host.modem.heldPackets, 1)
    assert.match(host.modem.problem ?? '', /share of airtime is used up/)
  })
})

describe('packets from a modem', () => {
  it('come with how well they were heard', async () => {
    const host = await hostUp()
    host.device.deliver(packetOf(300), 157 - 93, 0xf4)
    host.device.say(0x00, [1, 2, 3])
    await host.run(10)
    assert.deepEqual(host.packets, [
      { packet: packetOf(300), signal: { rssiDbm: -93, snrDb: -3 } },
      { packet: Uint8Array.of(1, 2, 3), signal: undefined },
    ])
  })

  it('come whole in whatever pieces, between frames that nobody knows', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 508 }), { maxLength: 6 }),
        fc.integer({ min: 1, max: 50 }),
        async (packets, chunkBytes) => {
          const host = await hostUp()
          host.device.script.chunkBytes = chunkBytes
          for (const packet of packets) {
            host.device.say(0x1f, [0])
            host.device.say(0x64, [1, 2, 3, 4, 5, 6])
            host.device.deliver(packet)
          }
          await host.run(2000)
          assert.deepEqual(
            host.packets.map(({ packet }) => packet),
            packets,
          )
          assert.deepEqual(host.events, ['up'])
        },
      ),
      { numRuns: 30 },
    )
  })

  it('are dropped when the rest of them does not come within a tenth of a second', async () => {
    const host = await hostUp()
    host.device.raw(Uint8Array.of(0xc0, 0x00, 1, 2, 3))
    await host.run(150)
    host.device.raw(Uint8Array.of(4, 5, 0xc0))
    host.device.deliver(packetOf(7))
    await host.run(10)
    assert.deepEqual(
      host.packets.map(({ packet }) => packet),
      [packetOf(7)],
    )
    assert.equal(host.modem.lineCounters.droppedPartial, 1)
  })

  it('that no RNode sends are counted and dropped', async () => {
    const host = await hostUp()
    host.device.say(0x00, [])
    host.device.say(0x00, [...packetOf(509)])
    await host.run(10)
    assert.deepEqual(host.packets, [])
    assert.equal(host.modem.counters.malformedPackets, 2)
  })
})

describe('a modem in use', () => {
  it('tells what it measures', async () => {
    const host = await hostUp()
    host.device.say(0x25, [0x00, 0x96, 0x00, 0x0a, 0x03, 0xe8, 0x01, 0xf4, 60, 45, 0xff])
    host.device.say(0x27, [1, 87])
    host.device.say(0x29, [145])
    host.device.say(0x25, [1, 2, 3, 4, 5, 6, 7, 8])
    await host.run(10)
    const { telemetry } = host.modem
    assert.equal(telemetry.airtimeShort, 0.015)
    assert.equal(telemetry.airtimeLong, 0.001)
    assert.equal(telemetry.channelShort, 0.1)
    assert.equal(telemetry.channelLong, 0.05)
    assert.equal(telemetry.noiseFloorDbm, -112)
    assert.equal(telemetry.batteryPercent, 87)
    assert.equal(telemetry.temperatureC, 25)
  })

  it('is up again within 4 s of its return, and what it held is told as lost, oldest first', async () => {
    const host = await hostUp()
    host.device.script.bootMs = 2000
    await host.run(20_000)
    host.modem.send(packetOf(200, 1))
    host.modem.send(packetOf(200, 2))
    await host.run(20)
    host.device.unplug()
    await host.run(60_000)
    assert.deepEqual(host.events, ['up', 'down: it was unplugged'])
    assert.deepEqual(host.lost, [packetOf(200, 1), packetOf(200, 2)])
    assert.equal(host.modem.heldPackets, 0)
    host.device.plugIn()
    assert.ok((await host.untilUp()) <= 4000)
  })

  it('is restarted when it takes packets and sends none', async () => {
    const host = await hostUp()
    await host.run(15_000)
    sendAll(host, [packetOf(20)])
    await host.run(20_000)
    host.device.script.isWedged = true
    const packets = Array.from({ length: 4 }, (_, index) => packetOf(20, index))
    sendAll(host, packets)
    await host.until(() => host.device.resets === 1, 60_000)
    await host.untilUp()
    assert.equal(host.events[1], 'down: it takes packets and sends none')
    assert.deepEqual(host.lost, packets)
    assert.equal(host.modem.counters.wedges, 1)
    host.modem.send(packetOf(30))
    await host.run(2000)
    assert.deepEqual(host.device.onAir.at(-1), packetOf(30))
  })

  it('is not restarted as long as it sends, however seldom it is given something', async () => {
    const host = await hostUp()
    for (let times = 0; times < 40; times++) {
      host.modem.send(packetOf(20))
      // Near the 7.5 s and 15 s at which its sums change.
      await host.run(3000 + 487 * times)
    }
    await host.run(120_000)
    assert.equal(host.device.onAir.length, 40)
    assert.deepEqual(host.events, ['up'])
    assert.equal(host.modem.heldPackets, 0)
  })

  it('that falls silent is opened anew', async () => {
    const host = await hostUp()
    await host.run(15_000)
    host.device.script.isSilent = true
    await host.until(() => !host.modem.isUp, 6000)
    assert.equal(host.events[1], 'down: it does not answer any more')
    host.device.script.isSilent = false
    assert.ok((await host.untilUp()) <= 4000)
  })

  it('that reports nothing is asked, and opened anew when it does not answer', async () => {
    const host = await hostUp()
    host.device.script.reports = false
    await host.run(120_000)
    assert.deepEqual(host.events, ['up'])
    host.device.script.isSilent = true
    await host.until(() => !host.modem.isUp, 15_000)
  })

  it('may be deaf for as long as it sends', async () => {
    const host = await hostUp({ spreadingFactor: 12 })
    Object.assign(host.device.script, { reports: false, accessMs: 0 })
    await host.run(5000)
    assert.ok(host.modem.send(packetOf(507)))
    host.device.script.isSilent = true
    // Longer than the estimate: as long as it does not answer, nothing is known to have left.
    await host.run(1.5 * packetAirtimeMs(host.modem.modulation, 507))
    assert.equal(host.modem.heldPackets, 1)
    host.device.script.isSilent = false
    await host.run(30_000)
    assert.deepEqual(host.events, ['up'])
    assert.equal(host.modem.heldPackets, 0)
  })

  it('is configured anew after a restart, without opening the port', async () => {
    const host = await hostUp()
    await host.run(15_000)
    host.device.reset()
    await host.run(5)
    await host.until(() => host.modem.counters.cameUp === 2, 1500)
    assert.deepEqual(host.events, ['up', 'down: it has restarted', 'up'])
    assert.equal(host.modem.counters.attempts, 1)
    assert.equal(host.device.settings.sf, 8)
  })

  it('is configured anew when its settings were changed behind our back', async () => {
    const host = await hostUp()
    await host.run(15_000)
    host.device.settings.sf = 9
    host.device.say(0x04, [9])
    await host.until(() => host.modem.counters.cameUp === 2, 500)
    assert.equal(host.events[1], 'down: it set spreading factor 9 instead of 8')
    assert.equal(host.device.settings.sf, 8)
    assert.equal(host.modem.counters.changed, 1)
  })

  it('that lies again and again is given pauses', async () => {
    const host = await hostUp()
    host.device.onByte = () => {
      if (host.modem.isUp) host.device.say(0x04, [9])
    }
    for (let second = 0; second < 60; second++) {
      if (host.modem.isUp) host.device.say(0x04, [9])
      await host.run(1000)
    }
    assert.ok(host.modem.counters.cameUp < 25, `${host.modem.counters.cameUp}`)
  })

  for (const [code, reason] of [
    [0x01, 'the radio chip did not start'],
    [0x02, 'a transmission failed'],
    [0x7f, 'error 7F'],
  ] as const) {
    it(`goes down and comes up again after error ${code}`, async () => {
      const host = await hostUp()
      await host.run(15_000)
      host.modem.send(packetOf(20))
      host.device.say(0x90, [code])
      await host.until(() => host.modem.counters.cameUp === 2, 4000)
      assert.equal(host.events[1], `down: ${reason}`)
      assert.equal(host.lost.length, 1)
      assert.equal(host.modem.counters.errors.get(code), 1)
    })
  }

  it('goes on after errors that do no harm', async () => {
    const host = await hostUp()
    for (const code of [3, 4, 5, 6, 5]) host.device.say(0x90, [code])
    await host.run(5000)
    assert.deepEqual(host.events, ['up'])
    assert.equal(host.modem.counters.errors.get(5), 2)
  })

  it('survives any bytes on its line, and serves again when they end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 30 }),
        async (noise) => {
          const host = await hostUp()
          for (const bytes of noise) {
            host.device.raw(bytes)
            host.modem.send(packetOf(9))
            await host.run(70)
          }
          host.device.raw(Uint8Array.of(0xc0))
          await host.run(40_000)
          assert.ok(host.modem.isUp)
          host.device.deliver(packetOf(11))
          await host.run(10)
          assert.deepEqual(host.packets.at(-1)?.packet, packetOf(11))
        },
      ),
      { numRuns: 40 },
    )
  })
})

describe('a modem that is stopped', () => {
  it('has its radio off and knows that the host has left', async () => {
    const host = await hostUp()
    const stopped = host.modem.stop(new AbortController().signal)
    await host.run(100)
    await stopped
    assert.equal(host.device.isOn, false)
    assert.deepEqual(host.device.heard.slice(-2), [
      [0x06, 0x00],
      [0x0a, 0xff],
    ])
    assert.equal(host.modem.send(packetOf(3)), false)
    const heard = host.device.heard.length
    host.device.deliver(packetOf(4))
    await host.run(60_000)
    assert.equal(host.device.heard.length, heard)
    assert.deepEqual(host.events, ['up'])
    assert.deepEqual(host.packets, [])
  })

  it('is waited for no longer than half a second, nor than the signal allows', async () => {
    const silent = await hostUp()
    silent.device.script.isSilent = true
    let isStopped = false
    silent.modem.stop(new AbortController().signal).then(() => {
      isStopped = true
    })
    await silent.run(490)
    assert.equal(isStopped, false)
    await silent.run(20)
    assert.equal(isStopped, true)

    const hurried = await hostUp()
    hurried.device.script.isSilent = true
    const hurry = new AbortController()
    const stopped = hurried.modem.stop(hurry.signal)
    hurry.abort()
    await stopped
  })

  it('may be absent, or on its way up', async () => {
    for (const ms of [0, 5, 100, 700]) {
      const host = await hostUp()
      host.device.unplug()
      await host.run(ms)
      await host.modem.stop(new AbortController().signal)
      host.device.plugIn()
      await host.run(20_000)
      assert.equal(host.modem.isUp, false)
    }
  })

  it('can be started again', async () => {
    const host = await hostUp()
    const stopped = host.modem.stop(new AbortController().signal)
    await host.run(100)
    await stopped
    host.start()
    await host.untilUp()
    assert.deepEqual(host.events, ['up', 'up'])
  })
})
