/** The services of one node: who handles which number, and their common start and stop. */

import type { Clock } from '../runtime/clock.ts'
import { withinDeadline } from '../runtime/clock.ts'
import { MeshError } from '../runtime/errors.ts'
import type { Service, ServiceContext } from '../services/service.ts'
import type { Handler } from './inbox.ts'

/** Numbers up to this are hopwire's own. */
const LAST_RESERVED = 255
const LAST_NUMBER = 65_535

export class ServiceRegistry {
  readonly #services: readonly Service[]
  readonly #handlers = new Map<number, Handler>()
  /** In the order they were started. */
  readonly #running: Service[] = []

  /** @throws MeshError ERR_SERVICE for a number or name taken twice, out of range, or a missing requirement. */
  constructor(services: readonly Service[]) {
    const names = new Set(services.map(({ name }) => name))
    if (names.size < services.length) throw new MeshError('ERR_SERVICE', 'two services have the same name')
    const numbers = new Map<number, string>()
    for (const { id, name, requires = [] } of services) {
      if (!Number.isInteger(id) || id <= LAST_RESERVED || id > LAST_NUMBER) {
        const range = `${LAST_RESERVED + 1} to ${LAST_NUMBER}`
        throw new MeshError('ERR_SERVICE', `service '${name}' has number ${id}: services take ${range}`)
      }
      const other = numbers.get(id)
      if (other !== undefined)
        throw new MeshError('ERR_SERVICE', `'${other}' and '${name}' both have number ${id}`)
      numbers.set(id, name)
      const missing = requires.find((required) => !names.has(required))
      if (missing !== undefined) {
        throw new MeshError('ERR_SERVICE', `service '${name}' requires '${missing}', which is not registered`)
      }
    }
    this.#services = services
  }

  /** Capability bits of the running services. */
  get capabilities(): number {
    return this.#running.reduce((bits, service) => bits | service.capabilities, 0)
  }

  has(id: number): boolean {
    return this.#services.some((service) => service.id === id)
  }

  handlerFor(id: number): Handler | undefined {
    return this.#handlers.get(id)
  }

  /** Starts all in the order given; when one fails, stops the started ones and passes the failure on. */
  async start(contextFor: (service: Service) => ServiceContext): Promise<void> {
    for (const service of this.#services) {
      const context = contextFor(service)
      await service.start?.(context)
      this.#running.push(service)
      this.#handlers.set(service.id, (message) => service.handle(message, context))
    }
  }

  /** Stops all in the reverse order. @returns the names of those that did not finish in time or failed. */
  async stop(clock: Clock, deadlineMs: number): Promise<string[]> {
    this.#handlers.clear()
    const open: string[] = []
    for (let service = this.#running.pop(); service !== undefined; service = this.#running.pop()) {
      const abort = new AbortController()
      const stopped = Promise.resolve(service.stop?.(abort.signal)).then(
        () => true,
        () => false,
      )
      const inTime = await withinDeadline(clock, deadlineMs, stopped)
      if (!inTime || !(await stopped)) open.push(`service ${service.name}`)
      abort.abort()
    }
    return open
  }
}
