/**
 * How RNode firmware (1.86) derives its timing from spreading factor and bandwidth. Radios that do not do it
 * alike cannot hear each other or do not share the air fairly.
 */
import { MeshError } from '../../runtime/errors.ts'
import { airtimeUs, bitsPerSecond, MAX_LORA_BYTES, type Modulation, symbolMs } from './airtime.ts'

/** Above this rate, bit/s, the preamble and the slot are shorter. */
const FAST_BITS_PER_S = 30_000
const MIN_PREAMBLE_SYMBOLS = 18
const PREAMBLE_MS = 24
const FAST_PREAMBLE_MS = 6
const SLOT_SYMBOLS = 12
const MIN_SLOT_MS = 24
const FAST_MIN_SLOT_MS = 6
const MAX_SLOT_MS = 100

/** In front of what an RNode sends in one LoRa frame: which packet it belongs to, and whether another follows. */
const HEADER_BYTES = 1
const FRAME_DATA_BYTES = MAX_LORA_BYTES - HEADER_BYTES
/** What the firmware takes. It is one more than it can send in two frames. */
const MAX_TAKEN_BYTES = 2 * FRAME_DATA_BYTES

/** A frame that takes longer is broken off, and the modem starts anew. */
export const LONGEST_FRAME_US = 20_000_000

/** The longest packet that goes out in two frames, bytes: of 508 the firmware makes three. */
export const MAX_PACKET_BYTES = MAX_TAKEN_BYTES - 1

/** A modulation with the preamble, on an SX126x, and the low data rate rule of an RNode. */
export function rnodeModulation(
  spreadingFactor: number,
  bandwidthHz: number,
  codingRate: number,
): Modulation {
  const plain = { spreadingFactor, bandwidthHz, codingRate, preambleSymbols: 0 }
  const preamble = bitsPerSecond(plain) > FAST_BITS_PER_S ? FAST_PREAMBLE_MS : PREAMBLE_MS
  return {
    ...plain,
    preambleSymbols: Math.max(MIN_PREAMBLE_SYMBOLS, Math.ceil(preamble / symbolMs(plain))),
    // In whole milliseconds, so that SF 11 at 125 kHz has it off where other firmware has it on.
    lowDataRate: Math.floor(2 ** spreadingFactor / Math.floor(bandwidthHz / 1000)) > 16,
  }
}

/** The unit in which a radio waits before it speaks, ms. */
export function slotMs(modulation: Modulation): number {
  const least = bitsPerSecond(modulation) > FAST_BITS_PER_S ? FAST_MIN_SLOT_MS : MIN_SLOT_MS
  return Math.min(Math.max(least, SLOT_SYMBOLS * symbolMs(modulation)), MAX_SLOT_MS)
}

/**
 * How long a packet of `bytes` is on the air, whole microseconds: each frame with its header byte, two of them
 * for more than 254 bytes. They follow each other at once.
 *
 * @param bytes 1 to 508
 * @throws MeshError ERR_USAGE for others.
 */
export function packetAirtimeUs(modulation: Modulation, bytes: number): number {
  return packetFrames(bytes).reduce((sum, frame) => sum + airtimeUs(modulation, frame), 0)
}

/** The same in ms. */
export function packetAirtimeMs(modulation: Modulation, bytes: number): number {
  return packetAirtimeUs(modulation, bytes) / 1000
}

/**
 * The LoRa frames that an RNode makes of a packet of `bytes`, by their length with the header byte.
 *
 * @throws MeshError ERR_USAGE for none or more than 508 bytes.
 */
export function packetFrames(bytes: number): readonly number[] {
  if (!Number.isInteger(bytes) || bytes < 1 || bytes > MAX_TAKEN_BYTES) {
    throw new MeshError('ERR_USAGE', `an RNode takes packets of 1 to ${MAX_TAKEN_BYTES} bytes, not ${bytes}`)
  }
  if (bytes <= FRAME_DATA_BYTES) return [bytes + HEADER_BYTES]
  const frames = [MAX_LORA_BYTES, bytes - FRAME_DATA_BYTES + HEADER_BYTES]
  // A second frame that is full has another one follow it, of the header alone.
  return bytes === MAX_TAKEN_BYTES ? [...frames, HEADER_BYTES] : frames
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

/**
 * The longest packet of which no frame is on the air for longer than `limitUs`, bytes; 0 where there is none.
 * For regions that limit the time of one transmission.
 */
export function longestPacketWithin(modulation: Modulation, limitUs: number): number {
  let bytes = 0
  while (bytes < FRAME_DATA_BYTES && airtimeUs(modulation, bytes + 1 + HEADER_BYTES) <= limitUs) bytes += 1
  // The two frames of a longer packet leave as one, without a pause between them.
  while (bytes >= FRAME_DATA_BYTES && bytes < MAX_PACKET_BYTES) {
    if (packetAirtimeUs(modulation, bytes + 1) > limitUs) break
    bytes += 1
  }
  return bytes
}
