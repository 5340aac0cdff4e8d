import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  type ChannelSettings,
  checkChannel,
  erpDbm,
  type LegalChannel,
  type RefusedChannel,
} from '../../../src/config/regions/check-channel.ts'
import { REGION_IDS, REGIONS, type RegionId } from '../../../src/config/regions/regions.ts'

const DIPOLE = 2.15

function check(
  region: RegionId,
  mhz: number,
  kHz: number,
  powerDbm: number,
  antennaGainDbi = DIPOLE,
): LegalChannel | RefusedChannel {
  const frequencyHz = Math.round(mhz * 1e6)
  return checkChannel(REGIONS[region], { frequencyHz, bandwidthHz: kHz * 1000, powerDbm, antennaGainDbi })
}

function legal(...args: Parameters<typeof check>): LegalChannel {
  const checked = check(...args)
  if (!checked.ok) return assert.fail(checked.reason)
  return checked
}

function refused(...args: Parameters<typeof check>): RefusedChannel {
  const checked = check(...args)
  if (checked.ok) return assert.fail(`legal in ${checked.band.id}`)
  return checked
}

describe('a channel of EU868', () => {
  // The figures of EN 300 220-2 once more, written apart from the data.
  const table: readonly (readonly [mhz: number, band: string, share: number, erpDbm: number])[] = [
    [864, 'K', 0.001, 14],
    [866.3, 'L', 0.01, 14],
    [868.1, 'M', 0.01, 14],
    [868.5, 'M', 0.01, 14],
    [868.9, 'N', 0.001, 14],
    [869.525, 'P', 0.1, 27],
    [869.85, 'Q', 0.01, 14],
  ]
  for (const [mhz, band, share, most] of table) {
    it(`at ${mhz} MHz is in band ${band}: ${share * 100} % of the time, up to ${most} dBm`, () => {
      const channel = legal('EU868', mhz, 125, most)
      assert.deepEqual([channel.band.id, channel.dutyShare, channel.maxErpDbm], [band, share, most])
      assert.equal(refused('EU868', mhz, 125, most + 1).nearest, most)
    })
  }

  it('may be on the air all the time in band Q with 5 mW', () => {
    assert.equal(legal('EU868', 869.85, 125, 7).dutyShare, 1)
    assert.equal(legal('EU868', 869.85, 125, 8).dutyShare, 0.01)
  })

  it('lies in its band with its whole width', () => {
    assert.equal(legal('EU868', 868.5375, 125, 14).band.id, 'M')
    assert.equal(refused('EU868', 868.537501, 125, 14).nearest, 868_537_500)
    assert.equal(legal('EU868', 869.525, 250, 14).band.id, 'P')
    assert.equal(refused('EU868', 869.526, 250, 14).nearest, 869_525_000)
    assert.equal(refused('EU868', 869.524, 250, 14).nearest, 869_525_000)
  })

  it('is refused between the bands, with the reason and the nearest that is legal', () => {
    assert.deepEqual(refused('EU868', 868.65, 125, 14), {
      ok: false,
      setting: 'frequencyHz',
      reason:
        '868.65 MHz with 125 kHz of bandwidth is in no band of EU868; 868.6 to 868.7 MHz are for alarms',
      nearest: 868_537_500,
      advice: 'set it to 868.5375 MHz, the nearest that is legal (band M, 868 to 868.6 MHz)',
    })
    assert.equal(refused('EU868', 915, 125, 14).nearest, 869_937_500)
  })

  it('is sent to a band that allows its power', () => {
    assert.equal(refused('EU868', 868.65, 125, 20).nearest, 869_462_500)
  })

  it('counts the gain of the antenna', () => {
    const { setting, reason, nearest, advice } = refused('EU868', 868.1, 125, 14, 5)
    assert.equal(setting, 'powerDbm')
    assert.equal(
      reason,
      '14 dBm with an antenna of 5 dBi radiate 16.85 dBm, and band M of EU868 allows 14 (ERP)',
    )
    assert.deepEqual([nearest, advice], [11, 'set it to 11 or less'])
    assert.equal(legal('EU868', 868.1, 125, 16, 0).band.id, 'M')
    assert.equal(refused('EU868', 868.1, 125, 17, 0).nearest, 16)
    const beam = refused('EU868', 868.1, 125, 2, 20)
    assert.deepEqual([beam.setting, beam.nearest], ['antennaGainDbi', 16.15])
  })
})

describe('a channel elsewhere', () => {
  it('of EU433 may be on the air for 10 % with 10 mW, all the time with 1 mW', () => {
    assert.equal(legal('EU433', 433.575, 125, 10).dutyShare, 0.1)
    assert.equal(legal('EU433', 433.575, 125, 0).dutyShare, 1)
    assert.equal(legal('EU433', 433.575, 500, 0).dutyShare, 0.1)
    assert.equal(refused('EU433', 433.575, 125, 11).nearest, 10)
    assert.equal(refused('EU433', 432.9, 125, 10).nearest, 433_112_500)
  })

  it('of US915 has 0.4 s for a transmission below 500 kHz, and less power from 250 kHz on', () => {
    assert.deepEqual(
      [125, 250, 500].map((kHz) => legal('US915', 915, kHz, 24).dwellUs),
      [400_000, 400_000, undefined],
    )
    assert.equal(legal('US915', 915, 125, 30).maxErpDbm, 33.85)
    assert.equal(refused('US915', 915, 250, 30).nearest, 24)
    assert.equal(refused('US915', 915, 500, 31).nearest, 30)
    assert.match(refused('US915', 915, 500, 31).reason, /allows a transmitter of 30 dBm, not 31/)
    assert.equal(legal('US915', 915, 500, 30, 6).band.id, '915')
    assert.equal(refused('US915', 915, 500, 30, 9).nearest, 27)
  })

  it('is refused where no band is wide enough for it', () => {
    const [band] = REGIONS.EU433.bands
    assert.ok(band)
    const narrow = { ...REGIONS.EU433, bands: [{ ...band, toHz: band.fromHz + 200_000 }] }
    const settings = { frequencyHz: 433_150_000, bandwidthHz: 250_000, powerDbm: 0, antennaGainDbi: DIPOLE }
    assert.deepEqual(checkChannel(narrow, settings), {
      ok: false,
      setting: 'bandwidthHz',
      reason: 'no band of EU433 has room for 250 kHz of bandwidth',
      nearest: 125_000,
      advice: 'set it to 125000 or less',
    })
    assert.ok(checkChannel(narrow, { ...settings, bandwidthHz: 125_000 }).ok)
  })
})

const anySettings: fc.Arbitrary<readonly [RegionId, ChannelSettings]> = fc.tuple(
  fc.constantFrom(...REGION_IDS),
  fc.record({
    frequencyHz: fc.oneof(
      fc.integer({ min: 860_000_000, max: 872_000_000 }),
      fc.integer({ min: 430_000_000, max: 437_000_000 }),
      fc.integer({ min: 137_000_000, max: 1_020_000_000 }),
    ),
    bandwidthHz: fc.constantFrom(7_800, 41_700, 62_500, 125_000, 250_000, 500_000),
    powerDbm: fc.integer({ min: 0, max: 37 }),
    antennaGainDbi: fc.double({ min: -5, max: 30, noNaN: true }),
  }),
)

describe('every channel', () => {
  it('that is legal lies inside its band and radiates no more than it allows', () => {
    fc.assert(
      fc.property(anySettings, ([region, settings]) => {
        const checked = checkChannel(REGIONS[region], settings)
        if (!checked.ok) return
        const { band, maxErpDbm, dutyShare } = checked
        assert.ok(settings.frequencyHz - settings.bandwidthHz / 2 >= band.fromHz)
        assert.ok(settings.frequencyHz + settings.bandwidthHz / 2 <= band.toHz)
        assert.ok(erpDbm(settings) <= maxErpDbm + 1e-6)
        assert.ok(dutyShare > 0 && dutyShare <= 1)
      }),
    )
  })

  it('that is refused becomes legal by following the advice', () => {
    fc.assert(
      fc.property(anySettings, ([region, asked]) => {
        let settings = asked
        for (let step = 0; step < 5; step++) {
          const checked = checkChannel(REGIONS[region], settings)
          if (checked.ok) return
          assert.doesNotMatch(checked.reason + checked.advice, /\n|NaN|undefined/)
          settings = { ...settings, [checked.setting]: checked.nearest }
          if (checked.setting === 'antennaGainDbi') settings = { ...settings, powerDbm: 0 }
        }
        assert.fail(`still refused: ${JSON.stringify(settings)}`)
      }),
    )
  })

  it('that is refused for its frequency has no nearer one', () => {
    fc.assert(
      fc.property(anySettings, fc.double({ min: -1, max: 1, noNaN: true }), ([region, asked], part) => {
        const checked = checkChannel(REGIONS[region], asked)
        if (checked.ok || checked.setting !== 'frequencyHz') return
        const nearest = { ...asked, frequencyHz: checked.nearest }
        if (!checkChannel(REGIONS[region], nearest).ok) return // the power has to fall as well
        const away = Math.abs(checked.nearest - asked.frequencyHz)
        const nearer = { ...asked, frequencyHz: Math.round(asked.frequencyHz + part * (away - 1)) }
        assert.equal(checkChannel(REGIONS[region], nearer).ok, false)
      }),
    )
  })
})

describe('every region', () => {
  for (const [id, region] of Object.entries(REGIONS)) {
    it(`${id} has bands that do not overlap and a channel that is legal`, () => {
      assert.equal(region.id, id)
      const ranges = [...region.bands, ...region.reserved].toSorted((a, b) => a.fromHz - b.fromHz)
      for (const [index, { fromHz, toHz }] of ranges.entries()) {
        assert.ok(fromHz < toHz)
        assert.ok(index === 0 || fromHz >= (ranges[index - 1]?.toHz ?? 0))
      }
      assert.equal(new Set(region.bands.map((band) => band.id)).size, region.bands.length)
      const { frequencyHz, bandwidthHz, txPowerDbm } = region.channel
      const settings = { frequencyHz, bandwidthHz, powerDbm: txPowerDbm, antennaGainDbi: DIPOLE }
      assert.ok(checkChannel(region, settings).ok)
    })
  }
})
