/** How a node says whether it is fit for traffic. */

export type CheckStatus = 'healthy' | 'degraded' | 'unhealthy'

/** `draining`: a shutdown has begun. New traffic should go elsewhere. */
export type HealthStatus = CheckStatus | 'draining'

/** The state of one part. Beside the two fixed fields it may carry figures of its own. */
export interface HealthCheck {
  readonly status: CheckStatus
  /** One line for people: how things are and, where something is wrong, what. */
  readonly detail: string
  readonly [figure: string]: string | number | boolean
}

/** Checks by part: `transport`, `routing`, `store` and what else a node runs. */
export type HealthChecks = Readonly<Record<string, HealthCheck>>

/** The body of `/healthz`. */
export interface HealthReport {
  readonly status: HealthStatus
  readonly checks: HealthChecks
  readonly address: string
  readonly version: string
  readonly uptimeSeconds: number
}

const SEVERITY: Readonly<Record<CheckStatus, number>> = { healthy: 0, degraded: 1, unhealthy: 2 }

/** The worst of all checks. A drain outranks them, since parts that stop on purpose are not ill. */
export function overallStatus(checks: HealthChecks, draining: boolean): HealthStatus {
  if (draining) return 'draining'
  let worst: CheckStatus = 'healthy'
  for (const { status } of Object.values(checks)) {
    if (SEVERITY[status] > SEVERITY[worst]) worst = status
  }
  return worst
}

/** 200 while the node carries traffic, well or badly; 503 when a balancer should turn away. */
export function httpStatusOf(status: HealthStatus): 200 | 503 {
  return status === 'healthy' || status === 'degraded' ? 200 : 503
}
