/** What was really on the air, and what the law says of it: written from the law, not from the ledger. */

export type OnAir = readonly [start: number, end: number]

export function within(sent: readonly OnAir[], from: number, to: number): number {
  let sum = 0
  for (let index = sent.length - 1; index >= 0; index--) {
    const [start, end] = sent[index] as OnAir
    if (end <= from) break // they are in order
    sum += Math.max(0, Math.min(to, end) - Math.max(from, start))
  }
  return sum
}

/** The most in any window: it is reached where one ends with a transmission. */
export function mostInAnyWindow(sent: readonly OnAir[], windowUs: number): number {
  return sent.reduce((most, [, end]) => Math.max(most, within(sent, end - windowUs, end)), 0)
}

/** The first instant from `now` on at which `us` more keep every window within the budget, by trying. */
export function earliestByTrying(
  sent: readonly OnAir[],
  now: number,
  us: number,
  budgetUs: number,
  windowUs: number,
): number {
  const fits = (start: number): boolean => within(sent, start + us - windowUs, start) + us <= budgetUs
  let low = Math.max(now, sent.at(-1)?.[1] ?? now)
  if (fits(low)) return low
  let high = low + windowUs
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (fits(middle)) high = middle
    else low = middle
  }
  return high
}
