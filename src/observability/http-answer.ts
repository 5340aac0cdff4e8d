/** What the server says, as data; written either through node:http or straight to a socket. */
import { type OutgoingHttpHeaders, type ServerResponse, STATUS_CODES } from 'node:http'

export interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy':
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const

/** As a line, since a shell shows it. */
export function json(status: number, value: unknown, headers: Answer['headers'] = {}): Answer {
  return { status, type: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n`, headers }
}

/** The one shape of every refusal. `code` is stable, the message is for people. */
export function failure(status: number, code: string, message: string, headers?: Answer['headers']): Answer {
  return json(status, { error: { code, message } }, headers)
}

export function writeAnswer(response: ServerResponse, answer: Answer, withBody: boolean): void {
  response.writeHead(answer.status, headersOf(answer))
  response.end(withBody ? answer.body : undefined)
}

/** The bytes of an answer to something that never became a request. */
export function rawAnswer(answer: Answer): string {
  const headers = Object.entries(headersOf(answer)).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}\r\n${headers.join('')}\r\n${answer.body}`
}

function headersOf({ type, body, headers }: Answer): OutgoingHttpHeaders {
  return {
    ...SECURITY_HEADERS,
    ...headers,
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  }
}
