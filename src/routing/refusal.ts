import type { FormatRefusal } from '../wire/frame.ts'

/** Why a frame went no further here. The `reason` label of dropped envelopes: never renamed. */
export type Refusal =
  | FormatRefusal
  /** Its lifetime has run out. */
  | 'expired'
  /** Made further in the future than clocks may differ. */
  | 'future'
  /** Seen before. */
  | 'duplicate'
  /** It has come as far as a frame may. */
  | 'hop_limit'
  /** From this very node, come back. */
  | 'own'
  | 'unsigned'
  /** No key to check the signature with: its source has not been heard. */
  | 'unknown_source'
  | 'bad_signature'
  /** An announce older than the one that is known. */
  | 'stale'
  /** An announce with a path no better than the known one. */
  | 'worse'
  | 'table_full'
  /** A succession, where an earlier one of the same key holds. */
  | 'fork'
  /** A succession that leads back to where it starts. */
  | 'loop'
  /** For somebody else, and this node relays nothing. */
  | 'not_relay'
  /** From, to or about a key on the blocklist. */
  | 'blocked'
  /** An announce that tells of its way what cannot be. */
  | 'forged'
  /** A new origin from a link that has brought too many of them. */
  | 'storm'
  /** A path request or a detour from a link that has sent too many of them. */
  | 'limited'

/** Refusals that an honest neighbour never causes. They count against a link's budget of garbage. */
export function isGarbage(refusal: Refusal): boolean {
  return (
    refusal === 'truncated' ||
    refusal === 'oversized' ||
    refusal === 'malformed' ||
    refusal === 'bad_signature' ||
    refusal === 'forged'
  )
}
