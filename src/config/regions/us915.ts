import type { Region } from './region.ts'

/** An antenna of up to 6 dBi may be fed with the whole power: 6 dBi are 3.85 dB over a dipole. */
const ANTENNA_DB = 3.85
const W_1 = 30
const MW_250 = 24
const DWELL_US = 400_000

/**
 * A signal of 500 kHz is digital modulation to the law (paragraph a 2), and needs nothing else. Narrower ones
 * it knows as frequency hopping (a 1 i), 0.4 s at most on a channel.
 */
export const US915: Region = {
  id: 'US915',
  where: 'the United States',
  source: '47 CFR 15.247 (a), (b) and (e)',
  bands: [
    {
      id: '915',
      fromHz: 902_000_000,
      toHz: 928_000_000,
      allowances: [
        { maxErpDbm: W_1 + ANTENNA_DB, maxPowerDbm: W_1, dutyShare: 1, minBandwidthHz: 500_000 },
        {
          maxErpDbm: MW_250 + ANTENNA_DB,
          maxPowerDbm: MW_250,
          dutyShare: 1,
          minBandwidthHz: 250_000,
          maxBandwidthHz: 499_999,
          dwellUs: DWELL_US,
        },
        {
          maxErpDbm: W_1 + ANTENNA_DB,
          maxPowerDbm: W_1,
          dutyShare: 1,
          maxBandwidthHz: 249_999,
          dwellUs: DWELL_US,
        },
      ],
      note:
        'Below 500 kHz the law asks for hopping over 25 or 50 channels besides the limit of 0.4 s, and an RNode stays on ' +
        'one: 500 kHz are the safe choice.',
    },
  ],
  reserved: [],
  channel: {
    frequencyHz: 915_000_000,
    bandwidthHz: 500_000,
    spreadingFactor: 9,
    codingRate: 5,
    txPowerDbm: 20,
  },
}
