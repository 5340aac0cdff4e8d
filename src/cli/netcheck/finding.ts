/** What netcheck finds out: one line for people, one object for programs. */

export interface Finding {
  /** The group it belongs to, a word. */
  readonly check: 'node' | 'clock' | 'interface' | 'reach' | 'quic' | 'listen' | 'peer'
  /** What was looked at: an interface, a multiaddr. Empty where the check says it all. */
  readonly subject: string
  /** `note` is worth knowing and no failure. */
  readonly result: 'ok' | 'note' | 'fail'
  readonly detail: string
}

type Check = Finding['check']

export function ok(check: Check, subject: string, detail: string): Finding {
  return { check, subject, result: 'ok', detail }
}

export function note(check: Check, subject: string, detail: string): Finding {
  return { check, subject, result: 'note', detail }
}

export function fail(check: Check, subject: string, detail: string): Finding {
  return { check, subject, result: 'fail', detail }
}

/** `ok    listen     /ip4/0.0.0.0/tcp/4330: free` */
export function findingLine({ check, subject, result, detail }: Finding): string {
  const what = subject === '' ? detail : `${subject}: ${detail}`
  return `${result.padEnd(5)} ${check.padEnd(9)}  ${what}`
}
