/**
 * Parity over fragments: a systematic Reed-Solomon code with a Cauchy matrix over GF(2^8) (Blömer et al.,
 * 1995). Of `count` data fragments and any number of parities, any `count` give back the data.
 */

const POLYNOMIAL = 0x11d
const FIELD = 255
const EXP = new Uint8Array(2 * FIELD)
const LOG = new Uint8Array(256)
for (let i = 0, x = 1; i < FIELD; i++) {
  EXP[i] = x
  EXP[i + FIELD] = x
  LOG[x] = i
  x <<= 1
  if (x > FIELD) x ^= POLYNOMIAL
}

function multiply(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : (EXP[(LOG[a] as number) + (LOG[b] as number)] as number)
}

function inverse(a: number): number {
  return EXP[FIELD - (LOG[a] as number)] as number
}

/** Data fragments, and all of data and parity: an index is one byte. */
export const MAX_COUNT = 64
export const MAX_INDEX = 255

/** How much of data fragment `column` is in the fragment `index`: 1 / (index xor column), or the unit matrix. */
function coefficient(count: number, index: number, column: number): number {
  if (index < count) return index === column ? 1 : 0
  return inverse(index ^ column)
}

/** `into += factor * from`, in the field; `from` may be shorter and counts as filled up with zeros. */
function addScaled(into: Uint8Array, from: Uint8Array, factor: number): void {
  if (factor === 0) return
  for (let i = 0; i < from.length; i++) into[i] = (into[i] as number) ^ multiply(factor, from[i] as number)
}

/** The parity fragment of this index, from `data.length` on; as long as the first data fragment. */
export function parity(data: readonly Uint8Array[], index: number): Uint8Array {
  const out = new Uint8Array((data[0] as Uint8Array).length)
  for (const [column, fragment] of data.entries()) {
    addScaled(out, fragment, coefficient(data.length, index, column))
  }
  return out
}

/**
 * The data fragments, each of `size` bytes, from any `count` fragments.
 *
 * @param received by index; exactly `count` of them are used.
 * @returns undefined where there are too few.
 */
export function recover(
  received: ReadonlyMap<number, Uint8Array>,
  count: number,
  size: number,
): Uint8Array[] | undefined {
  if (received.size < count) return undefined
  const data: (Uint8Array | undefined)[] = Array.from({ length: count }, (_, i) => received.get(i))
  const missing = [...data.keys()].filter((i) => data[i] === undefined)
  if (missing.length === 0) return data as Uint8Array[]
  const rows = [...received.keys()].filter((i) => i >= count).slice(0, missing.length)
  // What is known is taken out of each parity; what is left are equations in the missing ones alone.
  const right = rows.map((index) => {
    const sum = new Uint8Array(size)
    addScaled(sum, received.get(index) as Uint8Array, 1)
    for (const [column, fragment] of data.entries()) {
      if (fragment !== undefined) addScaled(sum, fragment, coefficient(count, index, column))
    }
    return sum
  })
  const matrix = rows.map((index) => missing.map((column) => coefficient(count, index, column)))
  eliminate(matrix, right)
  for (const [i, column] of missing.entries()) data[column] = right[i]
  return data as Uint8Array[]
}

/** Gauss and Jordan. Every square part of a Cauchy matrix has an inverse, so a pivot is always found. */
function eliminate(matrix: number[][], right: Uint8Array[]): void {
  for (let step = 0; step < matrix.length; step++) {
    const pivot = matrix.findIndex((row, i) => i >= step && row[step] !== 0)
    swap(matrix, step, pivot)
    swap(right, step, pivot)
    const [row, value] = [matrix[step] as number[], right[step] as Uint8Array]
    const factor = inverse(row[step] as number)
    for (const [i, cell] of row.entries()) row[i] = multiply(factor, cell)
    for (const [i, cell] of value.entries()) value[i] = multiply(factor, cell)
    for (const [i, other] of matrix.entries()) {
      const share = other[step] as number
      if (i === step || share === 0) continue
      for (const [j, cell] of row.entries()) other[j] = (other[j] as number) ^ multiply(share, cell)
      addScaled(right[i] as Uint8Array, value, share)
    }
  }
}

function swap<T>(list: T[], a: number, b: number): void {
  const kept = list[a] as T
  list[a] = list[b] as T
  list[b] = kept
}
