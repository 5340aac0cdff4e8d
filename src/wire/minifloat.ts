/**
 * Sixteen bits for numbers that span a wide range and need no great precision: a 12-bit mantissa in the low
 * bits and a 4-bit exponent above it, value = mantissa * 2^exponent. Up to 4,095 every integer is exact;
 * beyond, encoding rounds up by less than one part in 2,048. A larger value never has a smaller code.
 */

/** The largest value a code can stand for: 4095 * 2^15. */
export const MINIFLOAT_MAX = 4095 * 2 ** 15

/** The code of the least value that can be encoded and is not below `value`; beyond the largest, its code. */
export function encodeMinifloat(value: number): number {
  let mantissa = Math.ceil(Math.max(0, value))
  let exponent = 0
  while (mantissa > 4095 && exponent < 15) {
    exponent += 1
    mantissa = Math.ceil(value / 2 ** exponent)
  }
  return (exponent << 12) | Math.min(mantissa, 4095)
}

export function decodeMinifloat(code: number): number {
  return (code & 0x0fff) * 2 ** (code >>> 12)
}
