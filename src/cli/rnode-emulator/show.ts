/** What the emulator prints as things happen: a line of JSON for programs, or a line for people. */
import type { ModemChange } from '../../sim/rnode/modem.ts'
import type { AirEvent } from '../../sim/rnode/network.ts'
import { printJson, printLines } from '../table.ts'
import { printable } from '../terminal.ts'

export interface Show {
  /** @param time when the frame began, ms since the Unix epoch. */
  transmission(time: number, event: AirEvent): void
  change(time: number, modem: string, change: ModemChange): void
  /** The answer to a line of the control, or trouble with a port. */
  answer(ok: boolean, text: string): void
}

export const showJson: Show = {
  transmission(time, { modem, frame, airtimeMs, isBroken, outcomes }) {
    printJson({
      event: 'transmission',
      time: isoTime(time),
      modem,
      bytes: frame.length,
      airtime_ms: round(airtimeMs),
      broken: isBroken,
      outcomes: outcomes.map(({ modem: at, fate, dBm }) => ({ modem: at, fate, dbm: dBm })),
    })
  },
  change(time, modem, change) {
    printJson({ event: change.replace(' ', '_'), time: isoTime(time), modem })
  },
  answer(ok, text) {
    printJson({ event: 'answer', ok, text })
  },
}

export const showText: Show = {
  transmission(time, { modem, frame, airtimeMs, isBroken, outcomes }) {
    const fates = outcomes.map(({ modem: at, fate, dBm }) => {
      return fate === 'received' ? `${at} at ${Math.round(dBm)} dBm` : `${at} ${FATES[fate]}`
    })
    const what = `${String(frame.length).padStart(3)} bytes in ${airtimeMs.toFixed(1).padStart(7)} ms`
    const whom = isBroken ? 'broke off' : fates.length === 0 ? 'nobody in reach' : fates.join(', ')
    say(time, modem, `${what} -> ${whom}`)
  },
  change(time, modem, change) {
    say(time, modem, CHANGES[change])
  },
  answer(_ok, text) {
    printLines(text.split('\n').map(printable))
  },
}

const FATES = {
  collided: 'not: collision',
  deaf: 'not: it was sending',
  cut: 'not: it was switched off',
  weak: 'not: too weak',
  lost: 'not: lost',
} as const

const CHANGES: Readonly<Record<ModemChange, string>> = {
  'plugged in': 'plugged in',
  unplugged: 'unplugged',
  reset: 'boots',
  opened: 'a program has opened its port',
  closed: 'its port was closed',
}

function say(time: number, modem: string, what: string): void {
  printLines([printable(`${isoTime(time).slice(11, 23)}  ${modem.padStart(2)}  ${what}`)])
}

function isoTime(time: number): string {
  return new Date(time).toISOString()
}

/** To the microsecond: sums of binary fractions are a little off. */
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
