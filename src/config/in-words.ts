/** `268435456` bytes as `256 MiB`, `604800` seconds as `7 days`; undefined where the figure says it as well. */
export function inWords(value: number, unit: string): string | undefined {
  const [counted = '', per = ''] = unit.split(/(?= per )/)
  const larger = UNITS[counted]?.find(({ size }) => value >= size && value % size === 0)
  if (larger === undefined) return undefined
  const count = value / larger.size
  return `${count} ${count === 1 ? larger.one : larger.many}${per}`
}

interface Unit {
  readonly size: number
  readonly one: string
  readonly many: string
}

const UNITS: Readonly<Record<string, readonly Unit[]>> = {
  bytes: [
    { size: 2 ** 30, one: 'GiB', many: 'GiB' },
    { size: 2 ** 20, one: 'MiB', many: 'MiB' },
    { size: 2 ** 10, one: 'KiB', many: 'KiB' },
  ],
  seconds: [
    { size: 86_400, one: 'day', many: 'days' },
    { size: 3600, one: 'hour', many: 'hours' },
    { size: 60, one: 'minute', many: 'minutes' },
  ],
}
