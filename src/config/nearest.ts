/** Which known name somebody who mistyped one may have meant. */

// Beyond this nobody mistyped: it also bounds the work, which grows with the square of the length.
const LONGEST = 128

/**
 * The least number of insertions, deletions, replacements and swaps of neighbouring characters that turn `a`
 * into `b`, no character being edited twice (optimal string alignment, after Damerau 1964 and Levenshtein
 * 1966). Infinity where either is longer than 128 characters.
 */
export function editDistance(a: string, b: string): number {
  if (a.length > LONGEST || b.length > LONGEST) return Number.POSITIVE_INFINITY
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      let least = Math.min(replaced, at(last, j) + 1, at(row, j - 1) + 1)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, at(beforeLast, j - 2) + 1)
      }
      row.push(least)
    }
    beforeLast = last
    last = row
  }
  return at(last, b.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY
}

/** The candidate with the least distance, the first of equals; undefined where all are too far to tell. */
export function nearest(
  candidates: readonly string[],
  distance: (candidate: string) => number,
  atMost = Number.POSITIVE_INFINITY,
): string | undefined {
  let best: string | undefined
  let least = Number.POSITIVE_INFINITY
  for (const candidate of candidates) {
    const d = distance(candidate)
    if (d < least && d <= atMost) {
      best = candidate
      least = d
    }
  }
  return best
}
