/** Remembers up to where the counters of packets have been used: four bytes and their checksum. */
import { messageOf } from '../../runtime/errors.ts'
import type { Logger } from '../../runtime/logger.ts'
import { readU16, readU32, writeU16, writeU32 } from '../../wire/bytes.ts'
import type { LedgerMedium } from './ledger/ledger-medium.ts'
import type { CounterFloor } from './link/packet-counter.ts'
import { crc16 } from './link/tag.ts'

const BYTES = 6

/** Where nothing can be read or written the clock alone has to do: that is logged, and stops nobody. */
export function counterFile(medium: LedgerMedium, logger: Logger): CounterFloor {
  const warn = (error: unknown): void =>
    logger.warn({ file: medium.name, error: messageOf(error) }, 'packet counters follow the clock alone')
  let last = 0
  try {
    const bytes = medium.read()
    if (bytes !== undefined) last = decode(bytes)
  } catch (error) {
    warn(error)
  }
  return {
    last,
    reserve(upTo) {
      try {
        medium.replace(encode(upTo))
      } catch (error) {
        warn(error)
      }
    },
  }
}

function encode(last: number): Uint8Array {
  const bytes = new Uint8Array(BYTES)
  writeU32(bytes, 0, last)
  writeU16(bytes, 4, crc16(bytes.subarray(0, 4)))
  return bytes
}

function decode(bytes: Uint8Array): number {
  const isWhole = bytes.length === BYTES && crc16(bytes.subarray(0, 4)) === readU16(bytes, 4)
  if (!isWhole) throw new Error('it is damaged')
  return readU32(bytes, 0)
}
