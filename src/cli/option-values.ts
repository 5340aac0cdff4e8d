/** Values of options that are more than text. */
import { MeshError } from '../runtime/errors.ts'

/** @throws MeshError ERR_USAGE */
export function oneOf<const W extends string>(option: string, words: readonly W[], written: string): W {
  const word = words.find((known) => known === written)
  if (word !== undefined) return word
  throw unusable(option, words.join(', ').replace(/, (?=[^,]*$)/, ' or '), written)
}

/**
 * A number of seconds above 0, fractions allowed.
 *
 * @throws MeshError ERR_USAGE
 */
export function seconds(option: string, most: number, written: string): number {
  const value = /^(?:\d+\.?\d*|\.\d+)$/.test(written) ? Number(written) : Number.NaN
  if (value > 0 && value <= most) return value
  throw unusable(option, `a number of seconds above 0 and up to ${most}`, written)
}

function unusable(option: string, expected: string, written: string): MeshError {
  const shown = JSON.stringify(written.length > 40 ? `${written.slice(0, 40)}…` : written)
  return new MeshError('ERR_USAGE', `${option}: expected ${expected}, got ${shown}`)
}
