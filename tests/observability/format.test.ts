import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatMilliseconds,
  formatSeconds,
  formatShare,
} from '../../src/observability/format.ts'

test('counts have separators', () => {
  assert.equal(formatCount(0), '0')
  assert.equal(formatCount(1_234_567), '1,234,567')
})

test('bytes take the unit that keeps them short', () => {
  const shown = [0, 999, 1000, 1_500, 9_949, 9_950, 999_499, 999_500, 64_000_000, 5e15].map(formatBytes)
  assert.deepEqual(shown, [
    '0 B',
    '999 B',
    '1.0 kB',
    '1.5 kB',
    '9.9 kB',
    '10 kB',
    '999 kB',
    '1.0 MB',
    '64 MB',
    '5000 TB',
  ])
})

test('durations show their largest units', () => {
  const shown = [-5, 0, 0.9, 42, 60, 303, 3_600, 93_784, 172_801].map((seconds) => formatDuration(seconds))
  assert.deepEqual(shown, ['0 s', '0 s', '0 s', '42 s', '1 min', '5 min 3 s', '1 h', '1 d 2 h', '2 d'])
  assert.equal(formatDuration(303, 1), '5 min')
})

test('latencies keep two digits', () => {
  const shown = [0, 0.2834, 9.94, 9.95, 14.2, 999.4, 999.5, 2_100].map(formatMilliseconds)
  assert.deepEqual(shown, ['0 ms', '0.28 ms', '9.9 ms', '10 ms', '14 ms', '999 ms', '1.0 s', '2.1 s'])
})

test('airtime has tenths of a second, shares two digits of a percent', () => {
  assert.deepEqual([0, 0.04, 0.36, 347.68].map(formatSeconds), ['0.0 s', '0.0 s', '0.4 s', '347.7 s'])
  const shares = [0, 0.000_123, 0.0421, 0.0994, 0.0995, 0.966, 1].map(formatShare)
  assert.deepEqual(shares, ['0 %', '0.012 %', '4.2 %', '9.9 %', '10 %', '97 %', '100 %'])
})
