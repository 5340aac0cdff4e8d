import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hopwire } from './program.ts'

async function lines(...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await hopwire(['airtime', ...args])
  assert.deepEqual([code, stderr], [0, ''])
  return stdout.trimEnd().split('\n')
}

describe('airtime', () => {
  test('tells people the time of a frame and of a packet, and what the law leaves', async () => {
    assert.deepEqual(await lines('--bytes', '16'), [
      'settings      SF 8, 125 kHz, 4/5',
      'LoRa frame    92.672 ms, 45.25 symbols with a preamble of 8',
      'RNode packet  113.152 ms, one frame of 17 bytes, preamble 18',
      'channel       869.525 MHz in band P of EU868, up to 27 dBm ERP',
      'law           10 % of any hour, 360 s',
      'in an hour    3181 such packets, one every 1.132 s',
      'note          Most power and most time; 250 kHz fit at 869.525 MHz only.',
    ])
  })

  test('tells programs the same in whole microseconds', async () => {
    const args = '--bytes 300 --sf 9 --bw 250 --cr 6 --preamble 12 --frequency 868300000 --json'.split(' ')
    const [line = ''] = await lines(...args)
    const { frame, packet, law, perHour, longestPacket, ...settings } = JSON.parse(line)
    assert.deepEqual(settings, {
      bytes: 300,
      frequencyHz: 868_300_000,
      bandwidthHz: 250_000,
      powerDbm: 14,
      antennaGainDbi: 2.15,
      spreadingFactor: 9,
      codingRate: 6,
      preambleSymbols: 12,
    })
    assert.equal(frame, null)
    assert.deepEqual(packet.frames, [255, 47])
    assert.deepEqual(law, {
      region: 'EU868',
      band: 'M',
      dutyShare: 0.01,
      maxErpDbm: 14,
      dwellUs: null,
      budgetUs: 36_000_000,
    })
    assert.equal(perHour, Math.floor(36_000_000 / packet.us))
    assert.equal(longestPacket, 507)
  })

  test('knows bands without a limit, limits of one transmission and of the modem', async () => {
    assert.ok(
      (await lines('--bytes', '20', '--frequency', '869.85', '--power', '7')).includes(
        'law           no limit of time in an hour',
      ),
    )
    const us = ['--region', 'US915', '--bw', '125']
    const sf9 = await lines('--bytes', '100', '--sf', '9', ...us)
    assert.ok(sf9.includes('law           no limit of time in an hour, at most 400 ms for one transmission'))
    assert.match(sf9[5] ?? '', /^in an hour {4}none: a packet may have at most \d+ bytes at these settings$/)
    const sf11 = await lines('--bytes', '1', '--sf', '11', ...us)
    assert.equal(sf11[5], 'in an hour    none: no packet is short enough at these settings')
    const slow = await lines('--bytes', '200', '--sf', '12', '--bw', '31.25')
    assert.match(slow.at(-1) ?? '', /^note {10}An RNode breaks off a frame after 20 s/)
  })

  test('asks no node where none is named and none runs, and says so where the named one is gone', async () => {
    const [line = ''] = await lines('--bytes', '16', '--json')
    assert.equal(JSON.parse(line).ledgers, undefined)
    const gone = await hopwire(['airtime', '--bytes', '16', '--control', '/nowhere/control.sock'])
    assert.deepEqual([gone.code, gone.stdout], [1, ''])
    assert.match(gone.stderr, /^hopwire: no node answers at \/nowhere\/control\.sock: /)
  })

  const refused: [args: string[], line: string][] = [
    [[], "airtime: how many bytes? --bytes N (see 'hopwire airtime --help')"],
    [
      ['--bytes', '0'],
      'airtime: --bytes: expected a whole number, 1 to 507, got "0" (see \'hopwire airtime --help\')',
    ],
    [
      ['--bytes', '9', '--sf', '7.5'],
      'airtime: --sf: expected a whole number, 5 to 12, got "7.5" (see \'hopwire airtime --help\')',
    ],
    [
      ['--bytes', '9', '--bw', '-5'],
      "airtime: option '--bw' argument is ambiguous: write --NAME=VALUE where VALUE begins with '-' (see 'hopwire airtime --help')",
    ],
    [['--bytes', '9', '--region', 'EU'], '--region: expected EU868, EU433 or US915, got "EU"'],
    [
      ['--bytes', '9', '--frequency', '868.65'],
      'airtime: 868.65 MHz with 125 kHz of bandwidth is in no band of EU868; 868.6 to 868.7 MHz are for alarms: ' +
        "set it to 868.5375 MHz, the nearest that is legal (band M, 868 to 868.6 MHz) (see 'hopwire airtime --help')",
    ],
  ]
  for (const [args, line] of refused) {
    test(`refuses ${JSON.stringify(args.join(' '))}`, async () => {
      const { code, stdout, stderr } = await hopwire(['airtime', ...args])
      assert.deepEqual([code, stdout], [2, ''])
      assert.equal(stderr.split('\n')[0], `hopwire: ${line}`)
    })
  }
})
