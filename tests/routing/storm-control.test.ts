import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { StormControl } from '../../src/routing/storm-control.ts'

function admitted(control: StormControl, now: number): number {
  let count = 0
  while (control.admit(now)) count += 1
  return count
}

describe('storm control', () => {
  it('lets a mesh of a thousand nodes in at once', () => {
    const control = new StormControl({ bitsPerSecond: 1e8, broadcast: false }, 0)
    assert.equal(admitted(control, 0), 1024)
    assert.ok(control.isStorm)
  })

  it('lets nothing new in again until a quarter of the share is back', () => {
    const control = new StormControl({ bitsPerSecond: 1e8, broadcast: false }, 0)
    admitted(control, 0)
    assert.equal(admitted(control, 127_900), 0)
    assert.equal(admitted(control, 128_000), 256)
    assert.equal(admitted(control, 128_100), 0)
  })

  it('gives a constrained link a smaller share', () => {
    const control = new StormControl({ bitsPerSecond: 3125, broadcast: true }, 0)
    assert.equal(admitted(control, 0), 64)
    assert.equal(admitted(control, 79_000), 0)
    assert.equal(admitted(control, 80_000), 16)
  })
})
