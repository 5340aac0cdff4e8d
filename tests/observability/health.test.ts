import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type CheckStatus,
  type HealthChecks,
  httpStatusOf,
  overallStatus,
} from '../../src/observability/health.ts'

function checksOf(...statuses: CheckStatus[]): HealthChecks {
  return Object.fromEntries(statuses.map((status, index) => [`part${index}`, { status, detail: '' }]))
}

test('the overall status is the worst of the checks', () => {
  assert.equal(overallStatus({}, false), 'healthy')
  assert.equal(overallStatus(checksOf('healthy', 'healthy'), false), 'healthy')
  assert.equal(overallStatus(checksOf('healthy', 'degraded', 'healthy'), false), 'degraded')
  assert.equal(overallStatus(checksOf('unhealthy', 'degraded'), false), 'unhealthy')
})

test('the order of the checks does not matter', () => {
  const status = fc.constantFrom<CheckStatus>('healthy', 'degraded', 'unhealthy')
  fc.assert(
    fc.property(fc.array(status, { maxLength: 8 }), (statuses) => {
      const expected = (['unhealthy', 'degraded'] as const).find((s) => statuses.includes(s)) ?? 'healthy'
      assert.equal(overallStatus(checksOf(...statuses), false), expected)
    }),
  )
})

test('a drain outranks every check', () => {
  assert.equal(overallStatus(checksOf('unhealthy'), true), 'draining')
  assert.equal(overallStatus({}, true), 'draining')
})

test('a balancer is turned away by draining and unhealthy only', () => {
  assert.equal(httpStatusOf('healthy'), 200)
  assert.equal(httpStatusOf('degraded'), 200)
  assert.equal(httpStatusOf('draining'), 503)
  assert.equal(httpStatusOf('unhealthy'), 503)
})
