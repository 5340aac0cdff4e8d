/** What a packet costs once an RNode has put it into LoRa frames. */
import { type Modulation, symbolMs } from '../airtime.ts'
import { packetAirtimeUs, packetFrames } from '../rnode-timing.ts'

/** How long a packet of 1 to 508 bytes is on the air, ms. */
export function packetAirtimeMs(modulation: Modulation, bytes: number): number {
  return packetAirtimeUs(modulation, bytes) / 1000
}

/** What the firmware adds to its own airtime for a packet of 1 to 508 bytes, ms: up to 17 % less than it takes. */
export function chargedAirtimeMs(modulation: Modulation, bytes: number): number {
  return packetFrames(bytes).reduce((sum, frame) => sum + chargedFrameMs(modulation, frame), 0)
}

function chargedFrameMs(modulation: Modulation, bytes: number): number {
  const { spreadingFactor: sf, codingRate, preambleSymbols, lowDataRate = false } = modulation
  const isFast = sf < 7
  const bits = 8 * bytes + 16 - 4 * sf + (isFast ? 20 : 28)
  const symbols = 8 + (codingRate * bits) / (4 * (lowDataRate ? sf - 2 : sf))
  return (preambleSymbols + (isFast ? 2.25 : 0.25) + symbols) * symbolMs(modulation)
}
