import type { Region } from './region.ts'

const MW_1 = 0
const MW_10 = 10
/** Wider signals have to keep to −13 dBm in any 10 kHz as well, so they are not granted this. */
const NARROW_HZ = 250_000

export const EU433: Region = {
  id: 'EU433',
  where: 'the European Union and the other countries of the CEPT',
  source: 'ETSI EN 300 220-2 V3.2.1, annex B; ERC Recommendation 70-03, annex 1',
  bands: [
    {
      id: 'H',
      fromHz: 433_050_000,
      toHz: 434_790_000,
      allowances: [
        { maxErpDbm: MW_1, dutyShare: 1, maxBandwidthHz: NARROW_HZ },
        { maxErpDbm: MW_10, dutyShare: 0.1 },
      ],
      note: 'Without a limit of time up to 1 mW. Shared with radio amateurs, who may use more.',
    },
  ],
  reserved: [],
  channel: {
    frequencyHz: 433_575_000,
    bandwidthHz: 125_000,
    spreadingFactor: 8,
    codingRate: 5,
    txPowerDbm: 10,
  },
}
