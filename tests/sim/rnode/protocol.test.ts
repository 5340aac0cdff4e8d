/** The modem's side of the protocol, byte by byte. Hexadecimal, C0 as it stands on the line. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom } from '../../../src/runtime/random.ts'
import type { EmulatedModemOptions } from '../../../src/sim/rnode/network.ts'
import { encodeKiss } from '../../../src/transport/lora/rnode/kiss.ts'
import { BRING_UP, hex, packetOf, RNodeBench } from './bench.ts'

type Exchange = readonly [what: string, asked: string, answered: string]

const PHY_SF8 = 'c026 0800 01e8 0012 0025 0018 0030 c0'
/** The first time the preamble's length in time is not known yet. */
const PHY_SF8_FIRST = 'c026 0800 01e8 0012 0000 0018 0030 c0'

const FRESH: readonly Exchange[] = [
  ['detect', 'c00873c0', 'c00846c0'],
  ['detect with another byte', 'c00800c0', ''],
  [
    'the four questions of the reference in one write',
    'c00873c05000c04800c04900c0',
    'c00846c0 c0500156c0 c04880c0 c04981c0',
  ],
  ['board', 'c04700c0', 'c04742c0'],
  ['a query without its argument byte', 'c050c0', ''],
  ['empty frames', 'c0c0c0', ''],
  ['text outside of frames', '48656c6c6f', ''],
  ['a command that there is not', 'c07f0102c0', ''],
  ['radio lock with nothing set', 'c00700c0', 'c00701c0'],
  ['radio state', 'c006ffc0', 'c00600c0'],
  ['radio on with nothing set', 'c00601c0', 'c00600c0 c00600c0'],
  ['radio off when it is off', 'c00600c0', 'c00600c0'],
  ['frequency when there is none', 'c00100000000c0', 'c00100000000c0'],
  ['power when there is none', 'c003ffc0', 'c003ffc0'],
  ['spreading factor when there is none', 'c004ffc0', 'c00400c0'],
  ['code rate when there is none', 'c005ffc0', 'c00505c0'],
  ['bandwidth as it is, while it is off', 'c00200010000c0', 'c00200010000c0'],
  ['power above what the chip has', 'c0031ec0', 'c00316c0'],
  ['power of none', 'c00300c0', 'c00300c0'],
  ['spreading factor too small', 'c00404c0', 'c00405c0'],
  ['spreading factor too great', 'c0040dc0', 'c0040cc0'],
  ['code rate too small', 'c00501c0', 'c00505c0'],
  ['code rate too great', 'c00509c0', 'c00508c0'],
  ['escapes in a frequency', 'c00133dbdcdbdd00c0', 'c00133dbdcdbdd00c0'],
  ['acting before the frame ends', 'c00409', 'c00409c0'],
  ['each byte of a command of one', 'c0040809c0', 'c00408c0 c00409c0'],
  ['one C0 between two commands', 'c00408c0ffc0', 'c00408c0'],
  ['a short airtime lock of 15 %', 'c00b05dcc0', 'c00b05dcc0'],
  ['a long airtime lock of 1 %', 'c00c0064c0', 'c00c0064c0'],
  ['a lock of 100 %', 'c00b2710c0', 'c00b0000c0'],
  ['a lock whose share the floats of the firmware do not hold', 'c00b0035c0', 'c00b0034c0'],
  ['promiscuous on', 'c00e01c0', 'c00e01c0'],
  ['promiscuous, asked', 'c00effc0', 'c00e00c0'],
  ['ready', 'c00f00c0', 'c00f01c0'],
  ['implicit header', 'c00920c0', 'c00920c0'],
  ['received bytes', 'c02100c0', 'c02100000000c0'],
  ['sent bytes', 'c02200c0', 'c02200000000c0'],
  ['the RSSI of no packet', 'c02300c0', 'c02379c0'],
  ['the SNR, which cannot be asked for', 'c02400c0', ''],
  ['channel time, which cannot be asked for', 'c02500c0', ''],
  ['blink', 'c03003c0', ''],
  ['leave', 'c00affc0', ''],
  ['external frame buffer off', 'c04100c0', 'c04100c0'],
  ['a line for the display', 'c04300 0102030405060708c0', ''],
  ['writing its memory, which is locked', 'c0520001c0', 'c09003c0'],
  ['a reset with another byte', 'c05500c0', ''],
  ['a setting that Bluetooth or WiFi would want', 'c04602c0 c06a01c0 c0840a000001c0', ''],
]

describe('an emulated RNode answers', () => {
  for (const [what, asked, answered] of FRESH) {
    it(what, () => {
      assert.equal(new RNodeBench().host('a').ask(asked), answered.replaceAll(' ', ''))
    })
  }

  it('with an unescaped random byte below 255', () => {
    const host = new RNodeBench().host('a')
    const seen = new Set<string>()
    for (let n = 0; n < 200; n++) seen.add(host.ask('c04000c0').slice(4, -2))
    assert.ok(seen.size > 100 && [...seen].every((byte) => byte.length === 2 && byte !== 'ff'))
  })

  it('when switched on: three times the timing, and its state twice', () => {
    const host = new RNodeBench().host('a')
    const echoes = 'c00133be27a0c0c0020001e848c0c0030ec0c00408c0c00505c0'
    const states = 'c00601c0c00601c0'
    assert.equal(
      host.ask(Buffer.from(BRING_UP).toString('hex')),
      (echoes + PHY_SF8_FIRST + PHY_SF8 + PHY_SF8 + states).replaceAll(' ', ''),
    )
    assert.equal(host.ask('c00700c0'), 'c00700c0')
    assert.equal(host.ask('c00601c0'), states, 'on again')
    assert.equal(host.ask('c00600c0'), 'c00600c0')
  })

  it('with the bandwidth that the chip has, once it is on, and the timing each time', () => {
    const host = new RNodeBench().radio('a')
    assert.equal(host.ask('c0020001e849c0').slice(-16), 'c0c0020003d090c0')
    assert.equal(host.ask('c00200002710c0').slice(-14), 'c002000028a0c0')
    assert.equal(host.ask('c002ffffffffc0').slice(-14), 'c0020007a120c0')
    assert.equal(host.ask('c002 0001e848 c0'), 'c026080001e80012001900180030c0c0020001e848c0')
    const sf9 = 'c026 1000 00f4 0012 0025 0031 0062 c0 c00409c0'.replaceAll(' ', '')
    assert.equal(host.ask('c00409c0'), sf9, 'the time of the preamble is that of SF 8 still')
    assert.equal(host.ask('c00506c0'), 'c026100000f40012004a00310062c0c00506c0')
    assert.equal(host.ask('c00310c0'), 'c00310c0', 'power does not change the timing')
    assert.equal(host.ask('c0013604c0'), '', 'three bytes are no frequency')
  })

  for (const [sf, bits] of [
    [7, '0400 03d0 0018 0019 0018 0030'],
    [8, '0800 01e8 0012 0025 0018 0030'],
    [9, '1000 00f4 0012 004a 0031 0062'],
    [10, '2000 007a 0012 0094 0062 00c4'],
    [11, '4000 003d 0012 0127 0064 00c8'],
    [12, '8000 001e 0012 024e 0064 00c8'],
  ] as const) {
    it(`with the timing of SF ${sf} at 125 kHz`, () => {
      const host = new RNodeBench().radio('a', { sf })
      assert.equal(host.ask(`c00505c0`), `c026${bits.replaceAll(' ', '')}c0c00505c0`)
    })
  }

  const BOARDS: readonly (readonly [EmulatedModemOptions, Exchange[]])[] = [
    [
      { name: 'a', platform: 'avr' },
      [
        ['platform, mcu and board', 'c04800c04900c04700c0', 'c04890c0c04991c0c04731c0'],
        ['power', 'c0031ec0', 'c00311c0'],
        [
          'switching on, without telemetry',
          'c00133be27a0c0 c0020001e848c0 c0030ec0 c00408c0 c00601c0',
          'c00133be27a0c0c0020001e848c0c0030ec0c00408c0c00601c0c00601c0',
        ],
        ['the frequency that its chip has', 'c00100000000c0', 'c00133be2787c0'],
      ],
    ],
    [
      { name: 'a', platform: 'nrf52', firmware: '1.52' },
      [
        ['platform, mcu and board', 'c04800c04900c04700c0', 'c04870c0c04971c0c04751c0'],
        ['version', 'c05000c0', 'c0500134c0'],
        ['power', 'c0031ec0', 'c00316c0'],
      ],
    ],
    [
      { name: 'a', chip: 'sx127x' },
      [
        ['board', 'c04700c0', 'c04737c0'],
        ['power', 'c0031ec0', 'c00311c0'],
        ['frequency as told, while it is off', 'c00133be27a0c0', 'c00133be27a0c0'],
      ],
    ],
  ]
  for (const [options, exchanges] of BOARDS) {
    it(`as ${options.platform ?? 'esp32'} with ${options.chip ?? 'its own chip'}`, () => {
      const bench = new RNodeBench()
      const host = bench.host('a', { ...options, resetsOnOpen: false })
      for (const [what, asked, answered] of exchanges) {
        assert.equal(host.ask(asked), answered.replaceAll(' ', ''), what)
      }
    })
  }

  it('never with what it was not asked for but telemetry', () => {
    const bench = new RNodeBench()
    const [a, b] = [bench.radio('a'), bench.radio('b')]
    for (let n = 0; n < 20; n++) {
      a.send(packetOf(20, n))
      b.send(packetOf(300, n))
      bench.clock.advance(5000)
    }
    const known = new Set([0, 1, 2, 3, 4, 5, 6, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29])
    for (const { command } of a.frames) assert.ok(known.has(command), command.toString(16))
  })

  it('with a boot and a clean slate, when it is reset', () => {
    const bench = new RNodeBench()
    const host = bench.radio('a')
    assert.match(Buffer.from(hex(host.ask('c055f8c0', 100))).toString(), /^rst:.*\r\n/)
    assert.equal(host.ask('c00873c0', 500), '', 'while it boots it hears nothing')
    bench.clock.advance(200)
    assert.equal(host.take(), 'c055f8c0')
    assert.equal(host.ask('c006ffc0c00700c0'), 'c00600c0c00701c0')
  })

  it('with its radio on after a boot, when its settings were saved, until they are deleted', () => {
    const bench = new RNodeBench()
    const host = bench.radio('a')
    host.ask('c05300c0')
    host.ask('c055f8c0', 1000)
    assert.equal(host.ask('c006ffc0 c00100000000c0'), 'c00601c0c00133be27a0c0')
    assert.equal(host.ask('c00409c0'), 'c00409c0', 'what a host sets then is echoed and not in force')
    host.ask('c05400c0')
    host.ask('c055f8c0', 1000)
    assert.equal(host.ask('c006ffc0'), 'c00600c0')
  })

  it('nothing that depends on how the bytes are cut', () => {
    const questions =
      'c00873c05000c04800c04900c0c00133dbdc0000c0c0040809c0c00b05dcc0c00f00c0c0002233c0c00effc0'
    const whole = new RNodeBench().host('a').ask(questions)
    const random = seededRandom('cuts')
    for (let run = 0; run < 50; run++) {
      const bench = new RNodeBench()
      const host = bench.host('a')
      const bytes = hex(questions)
      for (let at = 0; at < bytes.length; ) {
        const length = 1 + random.below(6)
        host.write(bytes.subarray(at, at + length))
        at += length
      }
      bench.clock.advance(1)
      assert.equal(host.take(), whole)
    }
  })
})

describe('the line of an emulated RNode', () => {
  it('does not take the C0 that ends a packet for the beginning of a command', () => {
    const host = new RNodeBench().host('a')
    assert.equal(host.ask('c0000102c00f00c0'), '')
    assert.equal(host.ask('0f00c0'), 'c00f01c0', 'the C0 after that did begin one')
  })

  it('applies an escape that a C0 has cut off to the next frame', () => {
    const host = new RNodeBench().host('a')
    assert.equal(host.ask('c0013300dbc0 c001dc000000c0'), 'c001dbdc000000c0')
  })

  it('takes a packet with every byte there is', () => {
    const bench = new RNodeBench()
    const [a, b] = [bench.radio('a'), bench.radio('b')]
    const packet = Uint8Array.from({ length: 256 }, (_, n) => n)
    a.send(packet)
    bench.clock.advance(3000)
    assert.deepEqual(b.packets[0]?.bytes, packet)
    const dataAt = b.frames.findIndex(({ command }) => command === 0)
    assert.deepEqual(
      b.frames.slice(dataAt - 2, dataAt).map(({ command }) => command),
      [0x23, 0x24],
      'RSSI and SNR come just before',
    )
    assert.deepEqual([...(b.of(0x23)[0] ?? [])], [157 - 90])
  })

  it('sees nothing while it sends, and reads what its line has kept when it is done', () => {
    const bench = new RNodeBench()
    const host = bench.radio('a', { sf: 10 })
    host.send(packetOf(254))
    while (!host.modem.status.isSending) bench.clock.advance(10)
    assert.equal(host.ask('c00f00c0', 1500), '')
    assert.ok(host.modem.status.isSending)
    bench.clock.advance(1500)
    assert.match(host.take(), /^c028020f1dc0c025[0-9a-f]{22,26}c0c00f01c0/)
  })

  it('loses what its line cannot keep meanwhile, without a word', () => {
    const bench = new RNodeBench()
    const [a, b] = [bench.radio('a', { sf: 10 }), bench.radio('b', { sf: 10 })]
    a.send(packetOf(254))
    while (!a.modem.status.isSending) bench.clock.advance(10)
    for (let n = 0; n < 70; n++) a.send(packetOf(98, 1))
    a.write(encodeKiss(0x0f, [0]))
    bench.clock.advance(10)
    assert.equal(a.modem.lostSerialBytes, 70 * 101 + 4 - 6144)
    bench.clock.advance(120_000)
    assert.equal(b.packets.filter(({ bytes }) => bytes.length === 98).length, 60)
    // The last packet was cut; this C0 ends it, and the line has room again.
    a.write(hex('c0'))
    a.send(packetOf(254))
    while (!a.modem.status.isSending) bench.clock.advance(10)
    const lost = a.modem.lostSerialBytes
    for (let n = 0; n < 60; n++) a.send(packetOf(98, 1))
    bench.clock.advance(10)
    assert.equal(a.modem.lostSerialBytes, lost)
  })
})
