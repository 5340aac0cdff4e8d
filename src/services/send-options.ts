import type { PriorityName } from '../wire/frame.ts'

export interface SendOptions {
  /** Default `text`. */
  readonly priority?: PriorityName
  /** How long relays may try and keep it. Default 24 hours. */
  readonly ttlMs?: number
  /** Ask the recipient for a signed receipt, without which `delivered` is never known. Default true. */
  readonly receipt?: boolean
  /** Service number. Default 0, plain messages. */
  readonly service?: number
}
