/** A link that did not come to be, or is no more, with the one word under which it is counted. */
import { MeshError } from '../../runtime/errors.ts'

/** @param reason a short word in snake case: the label of the error counter and the reason of `linkDown`. */
export function linkFailure(reason: string, message: string, cause?: unknown): MeshError {
  return new MeshError('ERR_TRANSPORT', message, { cause, context: { reason } })
}

/** The word of {@link linkFailure}, or undefined for any other error. */
export function failureReason(error: unknown): string | undefined {
  if (!(error instanceof MeshError)) return undefined
  const { reason } = error.context
  return typeof reason === 'string' ? reason : undefined
}
