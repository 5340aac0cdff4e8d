/** Reads a request out of a line that may hold anything. */
import { CONTROL_VERSION, type Request } from './protocol.ts'

/** Why a line is no request, with its id where it has one, so that its sender can tell which it was. */
export interface BadRequest {
  readonly id: number | null
  readonly complaint: string
}

export function parseRequest(line: string): Request | BadRequest {
  const value = parseJson(line)
  if (value === undefined) return { id: null, complaint: 'this line is not JSON' }
  if (!isObject(value)) return { id: null, complaint: 'a request is a JSON object' }
  const { v, id, method, params } = value as Partial<Record<keyof Request, unknown>>
  if (!isId(id)) return { id: null, complaint: 'a request has an id, a whole number from 0' }
  if (v !== CONTROL_VERSION) {
    return { id, complaint: `this node speaks version ${CONTROL_VERSION} of the control protocol` }
  }
  if (typeof method !== 'string') return { id, complaint: 'a request names its method' }
  if (params !== undefined && !isObject(params)) return { id, complaint: 'params are a JSON object' }
  return { v, id, method, params }
}

/** Undefined, which JSON has not, for what is no JSON. */
function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isId(id: unknown): id is number {
  return Number.isSafeInteger(id) && (id as number) >= 0
}
