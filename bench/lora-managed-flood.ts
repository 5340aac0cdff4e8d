/**
 * The managed flooding of Meshtastic as Meshtasticator had it in May 2022, when it published its figures, by
 * its description. A relay waits the longer the stronger it heard the frame and keeps silent when it hears
 * another relay first; the origin repeats up to three times until it hears a relay.
 */
import type { RadioSettings } from '../src/sim/radio/radio.ts'
import { airtimeMs } from '../src/transport/lora/airtime.ts'
import { type Field, type Flooder, frameOf, HOP_LIMIT, RADIO, readFrame } from './lora-field.ts'

const REPEATS = 3
const LEAST_WAIT_MS = 100
const SHORT_MS = Math.floor(airtimeMs(RADIO.modulation, 0))
/** Signal over noise where the wait is shortest and longest, dB, over its noise level. */
const [WEAKEST_DB, STRONGEST_DB] = [-20, 15]
const NOISE_DBM = -119.25

interface Queued {
  readonly id: number
  readonly hops: number
}

export function managedFlood(
  { clock, medium, random, tally, hearsStrangers }: Field,
  node: number,
  settings: RadioSettings,
): Flooder {
  const draw = random.fork(`managed flood ${node}`)
  const queue: Queued[] = []
  /** Broadcast -> the most hops of the copies heard; a relay with as many or fewer has been made needless. */
  const mostHops = new Map<number, number>()
  const snr = new Map<number, number>()
  const own = new Set<number>()
  let isBusy = false

  const radio = medium.attach(settings, {
    transmitted() {
      isBusy = false
      next()
    },
    received(frame, { dBm }) {
      const { id, hops } = readFrame(frame)
      tally.received(id, node)
      const isFirst = !mostHops.has(id)
      snr.set(id, dBm - NOISE_DBM)
      mostHops.set(id, Math.max(hops, mostHops.get(id) ?? 0))
      if (!isFirst || own.has(id) || hops >= HOP_LIMIT) return
      queue.push({ id, hops: hops + 1 })
      next()
    },
  })

  const waitMs = (id: number): number => {
    const heard = snr.get(id)
    if (heard === undefined) return LEAST_WAIT_MS + draw.below(SHORT_MS + 1)
    const within = Math.min(STRONGEST_DB, Math.max(WEAKEST_DB, heard))
    const share = (within - WEAKEST_DB) / (STRONGEST_DB - WEAKEST_DB)
    return Math.floor(LEAST_WAIT_MS + SHORT_MS / 2 + share * 1.5 * SHORT_MS)
  }
  const attempt = (): void => {
    const first = queue[0] as Queued
    if (hearsStrangers() || radio.isBusy) {
      clock.setTimer(waitMs(first.id), attempt)
      return
    }
    queue.shift()
    if ((mostHops.get(first.id) ?? -1) >= first.hops) {
      isBusy = false
      next()
    } else {
      radio.transmit(frameOf(first.id, first.hops, node))
    }
  }
  const next = (): void => {
    const first = queue[0]
    if (isBusy || first === undefined) return
    isBusy = true
    clock.setTimer(waitMs(first.id), attempt)
  }

  return {
    originate(id) {
      own.add(id)
      let repeats = REPEATS
      const send = (): void => {
        queue.push({ id, hops: 0 })
        next()
        if (repeats-- > 0) clock.setTimer(SHORT_MS * (9 + draw.float()), () => mostHops.has(id) || send())
      }
      send()
    },
  }
}
