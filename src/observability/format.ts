/** Figures for people. */

const COUNT = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

/** `1,234,567` */
export function formatCount(count: number): string {
  return COUNT.format(count)
}

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** Powers of ten: `999 B`, `1.5 kB`, `23 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  // 999.5 would be shown as 1000.
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ${BYTE_UNITS[unit]}`
}

/** The largest units, two unless said: `42 s`, `5 min 3 s`, `2 d 4 h`. */
export function formatDuration(seconds: number, units = 2): string {
  const whole = Math.max(0, Math.floor(seconds))
  const parts = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's'],
  ] as const
  const first = parts.findIndex(([count]) => count > 0)
  if (first === -1) return '0 s'
  return parts
    .slice(first, first + units)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ')
}

/** `0.28 ms`, `14 ms`, `2.1 s` */
export function formatMilliseconds(ms: number): string {
  if (ms >= 999.5) return `${(ms / 1000).toFixed(1)} s`
  return `${ms < 9.95 ? Number(ms.toPrecision(2)) : ms.toFixed(0)} ms`
}

/** Airtime, which goes by tenths whatever its length: `0.4 s`, `347.7 s` */
export function formatSeconds(seconds: number): string {
  return `${seconds.toFixed(1)} s`
}

/** Of a share from 0 to 1: `0 %`, `0.42 %`, `97 %` */
export function formatShare(share: number): string {
  const percent = share * 100
  return `${percent < 9.95 ? Number(percent.toPrecision(2)) : percent.toFixed(0)} %`
}
