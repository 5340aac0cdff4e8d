/** Structured logs over pino, on stderr by default: stdout belongs to what a command prints. */
import { type DestinationStream, destination, levels, type Logger as PinoLogger, pino } from 'pino'

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** What the parts of a node log through. `fields` name the peer, link or file; they never hold a secret. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  child(fields: Record<string, string>): Logger
}

export interface LoggerOptions {
  level: LogLevel
  /** `json`: a line of JSON per entry. `text`: a line for people. */
  format: 'json' | 'text'
  /** Where the lines go; file descriptor 2 unless given. */
  stream?: DestinationStream
}

/** What a field must never be called; if one is, at the top or one level down, its value is withheld. */
const SECRET_NAMES = ['seed', 'secret', 'secretKey', 'sharedSecret', 'privateKey', 'password', 'token']
const REDACT = { paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' }

export function createLogger({ level, format, stream }: LoggerOptions): Logger & Pick<PinoLogger, 'level'> {
  const sink = stream ?? destination({ fd: 2, sync: true })
  return pino(
    {
      level,
      base: null,
      redact: REDACT,
      timestamp: () => `,"time":"${new Date(Date.now()).toISOString()}"`,
    },
    format === 'text' ? { write: (line) => sink.write(asText(line)) } : sink,
  )
}

/** For embedders who want no logs, and for tests. */
export const silentLogger: Logger = pino({ level: 'silent' })

/** `2026-01-31T12:00:00.000Z WARN  link lost peer=6f… reason=reset` */
function asText(line: string): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as Record<string, unknown>
  const label = (levels.labels[Number(level)] ?? '?').toUpperCase().padEnd(5)
  const rest = Object.entries(fields).map(([key, value]) => ` ${key}=${plain(value)}`)
  return `${visible(`${String(time)} ${label} ${String(msg)}${rest.join('')}`)}\n`
}

/** Control, formatting and line-breaking characters as escapes: none may forge a line, a colour or an order. */
function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u{${character.codePointAt(0)?.toString(16)}}`
  })
}

/** A value for a text line, quoted unless it is one plain word. */
function plain(value: unknown): string {
  if (typeof value === 'string' && /^[\w./:@+-]+$/.test(value)) return value
  return JSON.stringify(value)
}
