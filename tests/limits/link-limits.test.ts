import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LinkLimits } from '../../src/limits/link-limits.ts'
import { MAX_FRAME_BYTES } from '../../src/wire/frame.ts'

const generous = { framesPerS: 1e6, bytesPerS: 1e9, announcesPerS: 1e6, garbagePerS: 1e6, burstS: 1 }

function admitted(
  limits: LinkLimits,
  tries: number,
  bytes: number,
  isAnnounce: boolean,
  now: number,
): number {
  let count = 0
  for (let n = 0; n < tries; n++) if (limits.admitFrame(bytes, isAnnounce, now) === undefined) count += 1
  return count
}

describe('LinkLimits', () => {
  it('admits the burst of frames, names the limit, and refills', () => {
    const limits = new LinkLimits({ ...generous, framesPerS: 10, burstS: 2 }, 0)
    assert.equal(admitted(limits, 100, 50, false, 0), 20)
    assert.equal(limits.admitFrame(50, false, 0), 'frames')
    assert.equal(admitted(limits, 100, 50, false, 1000), 10)
  })

  it('limits bytes, whatever the number of frames', () => {
    const limits = new LinkLimits({ ...generous, bytesPerS: 100_000 }, 0)
    assert.equal(admitted(limits, 100, 30_000, false, 0), 3)
    assert.equal(limits.admitFrame(30_000, false, 0), 'bytes')
    assert.equal(limits.admitFrame(10_000, false, 0), undefined)
    assert.equal(limits.admitFrame(1, false, 0), 'bytes')
  })

  it('limits announces and leaves the rest to messages', () => {
    const limits = new LinkLimits({ ...generous, framesPerS: 10, announcesPerS: 2 }, 0)
    assert.equal(admitted(limits, 50, 120, true, 0), 2)
    assert.equal(limits.admitFrame(120, true, 0), 'announces')
    assert.equal(admitted(limits, 50, 120, false, 0), 8)
  })

  it('takes nothing from any budget for a frame it refuses', () => {
    const byBytes = new LinkLimits({ ...generous, framesPerS: 2, bytesPerS: 100_000 }, 0)
    assert.equal(byBytes.admitFrame(100_000, false, 0), undefined)
    assert.equal(byBytes.admitFrame(100_000, false, 0), 'bytes')
    assert.equal(byBytes.admitFrame(0, false, 0), undefined, 'the second of two frames is left')

    const byAnnounces = new LinkLimits({ ...generous, bytesPerS: 100_000, announcesPerS: 1 }, 0)
    assert.equal(byAnnounces.admitFrame(50_000, true, 0), undefined)
    assert.equal(byAnnounces.admitFrame(50_000, true, 0), 'announces')
    assert.equal(byAnnounces.admitFrame(50_000, false, 0), undefined)

    const byFrames = new LinkLimits({ ...generous, framesPerS: 1, announcesPerS: 1 }, 0)
    assert.equal(byFrames.admitFrame(1, false, 0), undefined)
    assert.equal(byFrames.admitFrame(1, true, 0), 'frames')
    assert.equal(byFrames.admitFrame(1, true, 1000), undefined)
  })

  it('lets the longest frame through a narrow link, in its time', () => {
    const limits = new LinkLimits({ ...generous, bytesPerS: 1000 }, 0)
    assert.equal(limits.admitFrame(MAX_FRAME_BYTES, false, 0), undefined)
    assert.equal(limits.admitFrame(MAX_FRAME_BYTES, false, MAX_FRAME_BYTES - 1), 'bytes')
    assert.equal(limits.admitFrame(MAX_FRAME_BYTES, false, MAX_FRAME_BYTES), undefined)
  })

  it('lets one announce through where the rate is under one a second', () => {
    const limits = new LinkLimits({ ...generous, announcesPerS: 0.1 }, 0)
    assert.equal(admitted(limits, 5, 120, true, 0), 1)
    assert.equal(admitted(limits, 5, 120, true, 9999), 0)
    assert.equal(admitted(limits, 5, 120, true, 10_000), 1)
  })

  it('calls for the end of a link when its budget of garbage is spent, and forgives with time', () => {
    const limits = new LinkLimits({ ...generous, garbagePerS: 1, burstS: 3 }, 0)
    assert.deepEqual(
      [0, 0, 0, 0].map((now) => limits.garbage(now)),
      [false, false, false, true],
    )
    assert.equal(limits.garbage(1000), false)
    assert.equal(limits.garbage(1000), true)
  })

  it('keeps the budgets of two links apart', () => {
    const config = { ...generous, framesPerS: 1 }
    const [one, other] = [new LinkLimits(config, 0), new LinkLimits(config, 0)]
    assert.equal(one.admitFrame(1, false, 0), undefined)
    assert.equal(other.admitFrame(1, false, 0), undefined)
  })
})
