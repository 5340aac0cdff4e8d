import type { Band, Region } from './region.ts'

const MW_25 = 14
const MW_500 = 27
const MW_5 = 7

/** A band in which 25 mW may be radiated for a share of the time. */
function band(id: string, fromHz: number, toHz: number, dutyShare: number, note?: string): Band {
  const allowances = [{ maxErpDbm: MW_25, dutyShare }]
  return { id, fromHz, toHz, allowances, ...(note === undefined ? {} : { note }) }
}

/**
 * The shares are those for transmitters without polite spectrum access. Listening before talking lifts them
 * only together with agility in frequency, which an RNode does not have.
 */
export const EU868: Region = {
  id: 'EU868',
  where: 'the European Union and the other countries of the CEPT',
  // The letters of the bands are those of EN 300 220-2, table B.1.
  source: 'ETSI EN 300 220-2 V3.2.1, annex B; ERC Recommendation 70-03, annex 1',
  bands: [
    band('K', 863_000_000, 865_000_000, 0.001),
    band(
      'L',
      865_000_000,
      868_000_000,
      0.01,
      'The four channels of 200 kHz at 865.7, 866.3, 866.9 and 867.5 MHz allow 500 mW for 2.5 % of the time (10 % for an ' +
        'access point) to radios that adapt their power; an RNode does not.',
    ),
    band('M', 868_000_000, 868_600_000, 0.01),
    band('N', 868_700_000, 869_200_000, 0.001),
    {
      id: 'P',
      fromHz: 869_400_000,
      toHz: 869_650_000,
      allowances: [{ maxErpDbm: MW_500, dutyShare: 0.1 }],
      note: 'Most power and most time; 250 kHz fit at 869.525 MHz only.',
    },
    {
      id: 'Q',
      fromHz: 869_700_000,
      toHz: 870_000_000,
      allowances: [
        { maxErpDbm: MW_5, dutyShare: 1 },
        { maxErpDbm: MW_25, dutyShare: 0.01 },
      ],
      note: 'Without a limit of time up to 5 mW.',
    },
  ],
  reserved: [
    { fromHz: 868_600_000, toHz: 868_700_000, for: 'alarms' },
    { fromHz: 869_200_000, toHz: 869_400_000, for: 'social alarms and alarms' },
    { fromHz: 869_650_000, toHz: 869_700_000, for: 'alarms' },
  ],
  channel: {
    frequencyHz: 869_525_000,
    bandwidthHz: 125_000,
    spreadingFactor: 8,
    codingRate: 5,
    txPowerDbm: 14,
  },
}
