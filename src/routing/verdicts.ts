/** The verdicts that are always the same, made once: every frame ends with one. */
export const DELIVER = { action: 'deliver' } as const
export const HOLD = { action: 'hold' } as const
export const ASKED = { action: 'asked' } as const
