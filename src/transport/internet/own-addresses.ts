/** Notices that this machine has moved to another network: its own addresses are no longer the same. */
import { networkInterfaces } from 'node:os'
import type { Clock, Timer } from '../../runtime/clock.ts'
import { OWN_ADDRESSES_MS } from './limits.ts'

export class OwnAddresses {
  readonly #clock: Clock
  readonly #onChange: () => void
  readonly #read: () => string
  #timer: Timer | undefined
  #known = ''

  /** @param read for tests: all of them in one text */
  constructor(clock: Clock, onChange: () => void, read: () => string = ownAddresses) {
    this.#clock = clock
    this.#onChange = onChange
    this.#read = read
  }

  start(): void {
    this.#known = this.#read()
    this.#watch()
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #watch(): void {
    this.#timer = this.#clock.setTimer(OWN_ADDRESSES_MS, () => {
      const present = this.#read()
      const hasChanged = present !== this.#known
      this.#known = present
      this.#watch()
      if (hasChanged) this.#onChange()
    })
  }
}

function ownAddresses(): string {
  const found = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.map(({ cidr, address }) => `${name} ${cidr ?? address}`),
  )
  return found.toSorted().join('\n')
}
