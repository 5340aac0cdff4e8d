/**
 * Every error that hopwire throws on purpose. A caller matches on `code`, which is stable; the message is
 * for people: it names the thing that is wrong and, where there is one, the fix.
 */

/** The one table of codes. A code is never reused for another meaning. */
export const ERROR_CODES = {
  ERR_ADDRESS_INVALID: 'text or bytes that are no mesh address',
  ERR_CONFIG: 'the configuration cannot be used: names the file, the line and the key',
  ERR_CONTROL: 'the control socket is missing, busy or answered with a failure',
  ERR_DEADLINE: 'something did not finish in its time',
  ERR_IDENTITY_FILE: 'the key file cannot be read, written or trusted',
  ERR_INTERNAL: 'a defect in hopwire',
  ERR_LIFECYCLE: 'a call that the state of the node does not allow, such as sending after shutdown',
  ERR_LISTEN: 'an address could not be bound',
  ERR_NO_PATH: 'no announce of the destination has been heard',
  ERR_PAYLOAD_TOO_LARGE: 'a payload over the 65,536 bytes an envelope can carry',
  ERR_NOT_DELIVERED: 'a message expired or failed before it came as far as was asked',
  ERR_QUEUE_FULL: 'a bounded queue has no room: try again later',
  ERR_SERVICE: 'a service is registered twice or lacks what it depends on',
  ERR_STORE: 'the message store cannot be opened, read or written',
  ERR_TRANSPORT: 'a transport cannot start, or a link failed',
  ERR_USAGE: 'a command line or call that makes no sense as written',
  ERR_WIRE: 'bytes, or values for them, that the wire format does not allow',
} as const

export type ErrorCode = keyof typeof ERROR_CODES

export interface MeshErrorOptions {
  /** What went wrong underneath. */
  cause?: unknown
  /** What a person or a log needs to find the place: peer, link, file, key. Never a secret. */
  context?: Readonly<Record<string, string | number | boolean>>
}

// A registered symbol, so that `instanceof` also holds between two installed copies of the package.
const MARK = Symbol.for('hopwire.MeshError')

export class MeshError extends Error {
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && MARK in value
  }

  readonly code: ErrorCode
  readonly context: Readonly<Record<string, string | number | boolean>>

  constructor(code: ErrorCode, message: string, options: MeshErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.context = options.context ?? {}
    Object.defineProperty(this, MARK, { value: true })
  }

  override get name(): string {
    return 'MeshError'
  }
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

/** The `code` of an error of Node's own, such as `ENOENT`, or undefined. */
export function systemCodeOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined
  return typeof thrown.code === 'string' ? thrown.code : undefined
}
