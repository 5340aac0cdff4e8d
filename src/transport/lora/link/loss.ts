/** The share of packets to a neighbour that are lost, smoothed over some twenty of them. */
const WEIGHT = 1 / 16

export class LossEstimate {
  #share = 0

  get share(): number {
    return this.#share
  }

  observe(isLost: boolean): void {
    this.#share += WEIGHT * ((isLost ? 1 : 0) - this.#share)
  }
}
