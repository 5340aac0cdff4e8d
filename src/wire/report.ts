/**
 * The body of a report envelope, 10 bytes: what became of a message, told to its source
 * (docs/specs/envelope.md, "Reports"). Fixed binary, since relays read passing reports to end their custody.
 */
import { readU32, writeU32 } from './bytes.ts'

export const REPORT_BYTES = 10

export const ReportType = {
  /** The recipient's application has it. Only the destination may say so. */
  delivered: 1,
  /** The reporter holds it, durably, and will hand it over. */
  stored: 2,
  /** It went no further; the detail is a {@link FAILURE_REASONS} number. */
  failed: 3,
  /** The answer to a trace; the detail is the hop that answered. */
  hop: 4,
} as const

export type ReportType = (typeof ReportType)[keyof typeof ReportType]

/** By number. Only ever appended to. */
export const FAILURE_REASONS = [
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
] as const

export type FailureReason = (typeof FAILURE_REASONS)[number]

export interface Report {
  readonly type: ReportType
  readonly detail: number
  /** Of the message it is about: creation time, seconds since the Unix epoch. */
  readonly created: number
  /** Of the message it is about. */
  readonly sequence: number
}

export function encodeReport(report: Report): Uint8Array {
  const body = new Uint8Array(REPORT_BYTES)
  body[0] = report.type
  body[1] = report.detail
  writeU32(body, 2, report.created)
  writeU32(body, 6, report.sequence)
  return body
}

/** @returns undefined unless the bytes are a report. Longer bodies are allowed: later versions append. */
export function decodeReport(body: Uint8Array): Report | undefined {
  if (body.length < REPORT_BYTES) return undefined
  const type = body[0] as number
  if (type < ReportType.delivered || type > ReportType.hop) return undefined
  return {
    type: type as ReportType,
    detail: body[1] as number,
    created: readU32(body, 2),
    sequence: readU32(body, 6),
  }
}

export function failureReason(detail: number): FailureReason {
  return FAILURE_REASONS[detail] ?? 'unspecified'
}

export function failureDetail(reason: FailureReason): number {
  return FAILURE_REASONS.indexOf(reason)
}
