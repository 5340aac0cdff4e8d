/** A service: whatever is sent to it comes back. The number is the application's to choose, from 256 up. */
import type { IncomingMessage, Service, ServiceContext } from 'hopwire'

export const ECHO = 4242

export function echo(): Service {
  return {
    id: ECHO,
    name: 'echo',
    version: 1,
    capabilities: 0,
    async handle(message: IncomingMessage, context: ServiceContext): Promise<void> {
      // An answer that asked for a receipt would make two echoes thank each other for ever.
      await context.send(message.from, message.payload, { receipt: false })
    },
  }
}
