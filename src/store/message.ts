/** What every store does with a message before it looks at its medium. */
import { MeshError } from '../runtime/errors.ts'
import type { MessageKey, StoredMessage } from './store.ts'

const MAX_UINT32 = 2 ** 32 - 1

/** A message's key as text: equal for equal keys, for a plain Map. */
export function keyText(key: MessageKey): string {
  return `${key.source} ${key.created} ${key.sequence}`
}

/** A copy of its own, frame and all, with nothing else that the object may have. */
export function copyOf(message: StoredMessage): StoredMessage {
  const { source, created, sequence, destination, priority, expiresAt } = message
  const frame = new Uint8Array(message.frame)
  return { source, created, sequence, destination, priority, expiresAt, frame }
}

/** @throws MeshError ERR_USAGE where a number is none that a frame can carry. */
export function checkMessage(message: StoredMessage): void {
  checkInteger('created', message.created, MAX_UINT32)
  checkInteger('sequence', message.sequence, MAX_UINT32)
  checkInteger('priority', message.priority, 255)
  checkInteger('expiresAt', message.expiresAt, Number.MAX_SAFE_INTEGER)
}

function checkInteger(field: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= max) return
  throw new MeshError('ERR_USAGE', `a stored message's ${field} is an integer in 0 to ${max}, not ${value}`)
}
