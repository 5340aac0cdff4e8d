/** The reference host driver, as far as a modem sees it: what it writes, when, and what it holds against the modem. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeKiss, KissDecoder } from '../../../src/transport/lora/rnode/kiss.ts'
import { hex, RNodeBench } from './bench.ts'

const OPEN_MS = 2000
const DETECT_MS = 200
const ECHO_MS = 250
const SETTLE_MS = 300

for (const [platform, sees] of [
  ['esp32', [0x80, 0x81]],
  ['nrf52', [0x70, 0x71]],
  ['avr', [0x90, 0x91]],
] as const) {
  describe(`the bring-up of the reference driver, on ${platform}`, () => {
    it('succeeds within its times, with the echoes that it compares', () => {
      const bench = new RNodeBench()
      const host = bench.host('a', { platform })
      bench.clock.advance(OPEN_MS)
      host.write(hex('c00873c05000c04800c04900c0'))
      bench.clock.advance(DETECT_MS)
      assert.deepEqual(
        host.of(0x08).map(([byte]) => byte),
        [0x46],
      )
      const [major = 0, minor = 0] = host.of(0x50)[0] ?? []
      assert.ok(major > 1 || (major === 1 && minor >= 52))
      assert.deepEqual([host.of(0x48)[0]?.[0], host.of(0x49)[0]?.[0]], sees)
      for (const frame of ['c00133be27a0c0', 'c0020001e848c0', 'c00307c0', 'c00408c0', 'c00505c0']) {
        host.write(hex(frame))
      }
      host.write(encodeKiss(0x0b, [0x05, 0xdc]))
      host.write(encodeKiss(0x0c, [0x00, 0x64]))
      host.write(hex('c00601c0'))
      bench.clock.advance(ECHO_MS)
      const frequency = Buffer.from(host.of(0x01).at(-1) ?? []).readUInt32BE()
      assert.ok(Math.abs(frequency - 868_100_000) <= 100)
      assert.equal(Buffer.from(host.of(0x02).at(-1) ?? []).readUInt32BE(), 125_000)
      assert.deepEqual([host.of(0x03).at(-1)?.[0], host.of(0x04).at(-1)?.[0]], [7, 8])
      assert.deepEqual(
        host.of(0x06).map(([state]) => state),
        [1, 1],
      )
      bench.clock.advance(SETTLE_MS)
      assert.equal(host.modem.status.radio, 'on')
      // What crashes its reader or takes its interface down.
      for (const command of [0x21, 0x22, 0x90, 0x55]) assert.equal(host.of(command).length, 0)
    })
  })
}

describe('the reference driver', () => {
  it('keeps a modem with WiFi by detecting it again and again, and nothing of that is new to it', () => {
    const bench = new RNodeBench()
    const host = bench.radio('a')
    for (let n = 0; n < 10; n++) {
      bench.clock.advance(3500)
      host.write(hex('c00873c05000c04800c04900c0'))
    }
    bench.clock.advance(1)
    assert.equal(host.of(0x08).length, 10)
    assert.equal(host.modem.status.radio, 'on')
  })

  it('finds the RSSI and the SNR of a packet just before it', () => {
    const bench = new RNodeBench()
    bench.air.setReach([{ from: 'a', to: 'b', dBm: -110 }])
    const [a, b] = [bench.radio('a'), bench.radio('b')]
    a.send(Uint8Array.of(1, 2, 3))
    bench.clock.advance(2000)
    const at = b.frames.findIndex(({ command }) => command === 0)
    const [rssi, snr] = [b.frames[at - 2]?.args[0] ?? 0, b.frames[at - 1]?.args[0] ?? 0]
    assert.equal(rssi - 157, -110)
    assert.equal(((snr << 24) >> 24) / 4, 7)
  })

  it('takes its leave: the display, the radio, good-bye', () => {
    const bench = new RNodeBench()
    const host = bench.radio('a')
    assert.equal(host.ask('c04100c0c00600c0c00affc0'), 'c04100c0c00600c0')
    assert.equal(host.modem.status.radio, 'off')
  })

  it('would wait for ever for a READY that it did not ask for', () => {
    const bench = new RNodeBench()
    const [a, b] = [bench.radio('a'), bench.radio('b')]
    a.send(Uint8Array.of(1))
    bench.clock.advance(30_000)
    assert.deepEqual([a.of(0x0f).length, b.packets.length], [0, 1])
  })

  it('reads every byte that a modem writes as frames, over a whole life', () => {
    const bench = new RNodeBench({ loss: 0.1 })
    const [a, b] = [bench.radio('a'), bench.radio('b')]
    const decoder = new KissDecoder(() => undefined, 600)
    for (let n = 0; n < 30; n++) {
      for (const host of [a, b])
        host.send(Uint8Array.from({ length: 1 + ((n * 37) % 507) }, (_, k) => (k * n) & 0xff))
      bench.clock.advance(7000)
      decoder.push(hex(a.take()))
    }
    assert.deepEqual(decoder.counters, { garbageBytes: 0, malformed: 0, oversized: 0, droppedPartial: 0 })
  })
})
