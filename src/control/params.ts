/** What the methods of the control socket take. Unknown members are refused, so that none is ignored. */
import * as v from 'valibot'
import { MeshError } from '../runtime/errors.ts'
import { MAX_LIFETIME_S } from '../wire/envelope.ts'
import { MAX_BODY_BYTES, PRIORITIES } from '../wire/frame.ts'

/** Of the largest payload in base64. */
const MAX_PAYLOAD_CHARACTERS = 4 * Math.ceil(MAX_BODY_BYTES / 3)
const LONGEST_TRACE_MS = 60_000

/** An address, or its beginning: 6 to 32 hexadecimal digits. */
const destination = v.pipe(
  v.string(),
  v.regex(/^[0-9a-f]{6,32}$/i, 'expected an address of 32 hexadecimal digits, or its first 6 or more'),
)

export const noParams = v.optional(v.strictObject({}), {})

export const traceParams = v.strictObject({
  to: destination,
  timeoutMs: v.exactOptional(whole(1, LONGEST_TRACE_MS)),
})

export const sendParams = v.strictObject({
  to: destination,
  payload: v.pipe(
    v.string(),
    v.maxLength(MAX_PAYLOAD_CHARACTERS, `expected base64 of at most ${MAX_BODY_BYTES} bytes`),
    v.check((text) => text.length % 4 === 0 && /^[a-z\d+/]*={0,2}$/i.test(text), 'expected base64'),
  ),
  /** Sends the payload as a file of this name. */
  file: v.exactOptional(v.pipe(v.string(), v.maxLength(4096))),
  priority: v.exactOptional(v.picklist(PRIORITIES)),
  ttlS: v.exactOptional(whole(1, MAX_LIFETIME_S)),
  receipt: v.exactOptional(v.boolean()),
  /** When the request ends: once the message has come this far. */
  wait: v.exactOptional(v.picklist(['sent', 'stored', 'delivered'])),
})

export type TraceParams = v.InferInput<typeof traceParams>
export type SendParams = v.InferInput<typeof sendParams>

/** @throws MeshError ERR_USAGE that names the member. */
export function readParams<S extends v.GenericSchema>(schema: S, params: unknown): v.InferOutput<S> {
  const read = v.safeParse(schema, params)
  if (read.success) return read.output
  const [issue] = read.issues
  const path = v.getDotPath(issue)
  throw new MeshError('ERR_USAGE', `params${path === null ? '' : `.${path}`}: ${issue.message}`)
}

function whole(min: number, max: number) {
  const expected = `expected a whole number, ${min} to ${max}`
  return v.pipe(
    v.number(expected),
    v.check((value) => Number.isInteger(value) && value >= min && value <= max, expected),
  )
}
