/** Whether a channel is legal in a region, and what is the nearest one that is. */
import type { Allowance, Band, Region } from './region.ts'

export interface ChannelSettings {
  /** The centre. */
  readonly frequencyHz: number
  readonly bandwidthHz: number
  /** Fed into the antenna. */
  readonly powerDbm: number
  /** Over an isotropic antenna; a half-wave dipole has 2.15. */
  readonly antennaGainDbi: number
}

export interface LegalChannel {
  readonly ok: true
  readonly band: Band
  /** Share of any hour that this transmitter may be on the air; 1 for no limit. */
  readonly dutyShare: number
  readonly maxErpDbm: number
  /** The longest that one transmission may last, microseconds; absent where that is not limited. */
  readonly dwellUs?: number
}

export interface RefusedChannel {
  readonly ok: false
  /** The setting to change. */
  readonly setting: 'frequencyHz' | 'bandwidthHz' | 'powerDbm' | 'antennaGainDbi'
  /** Why, in one line without a full stop. */
  readonly reason: string
  /** The nearest legal value of the setting. */
  readonly nearest: number
  /** The same as a request in one line: `set it to 868.5375 MHz, …`. */
  readonly advice: string
}

/** What a dipole has over an isotropic antenna, dB. */
const DIPOLE_DBI = 2.15
/** Decibels are added as floating point numbers. */
const TOLERANCE_DB = 1e-6
/** What an RNode can be set to, Hz. */
const BANDWIDTHS = [7_800, 10_400, 15_600, 20_800, 31_250, 41_700, 62_500, 125_000, 250_000, 500_000] as const

/** The whole occupied channel, centre ± half the bandwidth, has to lie inside one band. */
export function checkChannel(region: Region, settings: ChannelSettings): LegalChannel | RefusedChannel {
  const { frequencyHz, bandwidthHz } = settings
  const roomy = region.bands.filter(
    (band) => width(band) >= bandwidthHz && allowed(band, bandwidthHz).length > 0,
  )
  if (roomy.length === 0) return tooWide(region, bandwidthHz)
  const band = roomy.find((each) => centreIn(each, settings) === frequencyHz)
  return band === undefined ? outside(region, roomy, settings) : withinBand(region, band, settings)
}

/** Effective radiated power, dBm. */
export function erpDbm({ powerDbm, antennaGainDbi }: ChannelSettings): number {
  return powerDbm + antennaGainDbi - DIPOLE_DBI
}

/** `869525000` Hz as `869.525 MHz`. */
export function inMHz(hz: number): string {
  return `${hz / 1e6} MHz`
}

function withinBand(region: Region, band: Band, settings: ChannelSettings): LegalChannel | RefusedChannel {
  const candidates = allowed(band, settings.bandwidthHz).toSorted((a, b) => b.dutyShare - a.dutyShare)
  const fitting = candidates.find((allowance) => isQuietEnough(allowance, settings))
  if (fitting === undefined) return tooLoud(region, band, candidates, settings)
  const { dutyShare, maxErpDbm, dwellUs } = fitting
  return { ok: true, band, dutyShare, maxErpDbm, ...(dwellUs === undefined ? {} : { dwellUs }) }
}

function outside(region: Region, roomy: readonly Band[], settings: ChannelSettings): RefusedChannel {
  const { frequencyHz, bandwidthHz } = settings
  const isLoudEnough = (band: Band): boolean =>
    allowed(band, bandwidthHz).some((allowance) => isQuietEnough(allowance, settings))
  // A band that allows the power spares whoever follows the advice a second refusal.
  const usable = roomy.some(isLoudEnough) ? roomy.filter(isLoudEnough) : roomy
  const distance = (band: Band): number => Math.abs(centreIn(band, settings) - frequencyHz)
  const band = usable.reduce((best, each) => (distance(each) < distance(best) ? each : best))
  const nearest = centreIn(band, settings)
  const half = bandwidthHz / 2
  const reserved = region.reserved.find(
    ({ fromHz, toHz }) => frequencyHz - half < toHz && frequencyHz + half > fromHz,
  )
  const why = reserved === undefined ? '' : `; ${range(reserved)} are for ${reserved.for}`
  return {
    ok: false,
    setting: 'frequencyHz',
    reason: `${inMHz(frequencyHz)} with ${bandwidthHz / 1000} kHz of bandwidth is in no band of ${region.id}${why}`,
    nearest,
    advice: `set it to ${inMHz(nearest)}, the nearest that is legal (band ${band.id}, ${range(band)})`,
  }
}

function tooWide(region: Region, bandwidthHz: number): RefusedChannel {
  const fits = (hz: number): boolean =>
    region.bands.some((band) => width(band) >= hz && allowed(band, hz).length > 0)
  const nearest = BANDWIDTHS.findLast(fits) ?? BANDWIDTHS[0]
  return {
    ok: false,
    setting: 'bandwidthHz',
    reason: `no band of ${region.id} has room for ${bandwidthHz / 1000} kHz of bandwidth`,
    nearest,
    advice: `set it to ${nearest} or less`,
  }
}

function tooLoud(
  region: Region,
  band: Band,
  candidates: readonly Allowance[],
  settings: ChannelSettings,
): RefusedChannel {
  const { powerDbm, antennaGainDbi } = settings
  const loudest = candidates.reduce((a, b) => (b.maxErpDbm > a.maxErpDbm ? b : a))
  const { maxErpDbm, maxPowerDbm = Number.POSITIVE_INFINITY } = loudest
  const byAntenna = maxErpDbm - antennaGainDbi + DIPOLE_DBI
  const nearest = Math.floor(Math.min(byAntenna, maxPowerDbm) + TOLERANCE_DB)
  const where = `band ${band.id} of ${region.id}`
  const reason =
    powerDbm > maxPowerDbm
      ? `${where} allows a transmitter of ${maxPowerDbm} dBm, not ${powerDbm}`
      : `${powerDbm} dBm with an antenna of ${antennaGainDbi} dBi radiate ${rounded(erpDbm(settings))} dBm, and ${where} allows ${rounded(maxErpDbm)} (ERP)`
  if (nearest >= 0) {
    return { ok: false, setting: 'powerDbm', reason, nearest, advice: `set it to ${nearest} or less` }
  }
  // Radios of this kind have no less than 0 dBm.
  const gain = rounded(maxErpDbm + DIPOLE_DBI)
  const advice = `take an antenna of ${gain} dBi or less, at 0 dBm`
  return { ok: false, setting: 'antennaGainDbi', reason, nearest: gain, advice }
}

function allowed(band: Band, bandwidthHz: number): readonly Allowance[] {
  return band.allowances.filter(
    ({ minBandwidthHz = 0, maxBandwidthHz = Number.POSITIVE_INFINITY }) =>
      bandwidthHz >= minBandwidthHz && bandwidthHz <= maxBandwidthHz,
  )
}

function isQuietEnough(allowance: Allowance, settings: ChannelSettings): boolean {
  const { maxErpDbm, maxPowerDbm = Number.POSITIVE_INFINITY } = allowance
  return erpDbm(settings) <= maxErpDbm + TOLERANCE_DB && settings.powerDbm <= maxPowerDbm
}

/** The centre in the band that is nearest to the wanted one, whole Hz. */
function centreIn({ fromHz, toHz }: Band, { frequencyHz, bandwidthHz }: ChannelSettings): number {
  const half = bandwidthHz / 2
  return Math.min(Math.max(frequencyHz, Math.ceil(fromHz + half)), Math.floor(toHz - half))
}

function width({ fromHz, toHz }: Band): number {
  return toHz - fromHz
}

function range({ fromHz, toHz }: { readonly fromHz: number; readonly toHz: number }): string {
  return `${fromHz / 1e6} to ${inMHz(toHz)}`
}

function rounded(decibels: number): number {
  return Math.round(decibels * 100) / 100
}
