import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  decodeReport,
  encodeReport,
  FAILURE_REASONS,
  failureDetail,
  failureReason,
  REPORT_BYTES,
  ReportType,
} from '../../src/wire/report.ts'
import { uint8, uint32 } from './arbitraries.ts'
import { fromHex, reportVectors, toHex } from './vectors.ts'

describe('reports', () => {
  for (const { name, type, detail, created, sequence, reason, body } of reportVectors.valid) {
    it(`encodes and decodes the vector '${name}'`, () => {
      const report = { type: ReportType[type], detail, created, sequence }
      assert.equal(toHex(encodeReport(report)), body)
      assert.deepEqual(decodeReport(fromHex(body)), report)
      if (reason !== undefined) assert.equal(failureReason(detail), reason)
    })
  }

  it('reads past what a later version appends', () => {
    for (const { type, detail, created, sequence, body } of reportVectors.longer) {
      assert.deepEqual(decodeReport(fromHex(body)), { type: ReportType[type], detail, created, sequence })
    }
  })

  for (const { name, body } of reportVectors.refused) {
    it(`takes no report from the vector '${name}'`, () => {
      assert.equal(decodeReport(fromHex(body)), undefined)
    })
  }

  it('come back as they were sent', () => {
    const type = fc.constantFrom(...Object.values(ReportType))
    const fields = { type, detail: uint8, created: uint32, sequence: uint32 }
    const report = fc.record(fields, { noNullPrototype: true })
    fc.assert(
      fc.property(report, (report) => assert.deepEqual(decodeReport(encodeReport(report)), report)),
      { numRuns: 1000 },
    )
  })

  it('are decoded from any bytes without throwing, and only from enough of them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 16 }), (body) => {
        const report = decodeReport(body)
        const known = (Object.values(ReportType) as number[]).includes(body[0] ?? 0)
        assert.equal(report !== undefined, known && body.length >= REPORT_BYTES)
      }),
      { numRuns: 2000 },
    )
  })

  it('number their reasons by place, for good', () => {
    assert.deepEqual(FAILURE_REASONS, [
      'unspecified',
      'no_path',
      'expired',
      'hop_limit',
      'too_large',
      'store_full',
      'congested',
      'no_service',
      'service_failed',
      'shutting_down',
    ])
    for (const reason of FAILURE_REASONS) assert.equal(failureReason(failureDetail(reason)), reason)
    assert.equal(failureReason(255), 'unspecified')
  })
})
