/** Lines by which a person or a script does things to emulated modems, and what they are told. */
import { MeshError } from '../../runtime/errors.ts'
import { ECHO_FIELDS, type EchoField } from './faults.ts'
import type { EmulatedModem, ModemStatus } from './modem.ts'
import type { EmulatedAir } from './network.ts'
import { burstyLoss, parseReach } from './reach.ts'

interface Order {
  readonly usage: string
  readonly help: string
  /** How many words follow the name, at least and at most. */
  readonly words: readonly [least: number, most: number]
  /** @returns what was done, for people. */
  run(air: EmulatedAir, words: readonly string[]): string
}

const MOST_GARBAGE_BYTES = 10_000
const MOST_BYTES_PER_S = 100_000
const LONGEST_MS = 24 * 3_600_000

const ORDERS: Readonly<Record<string, Order>> = {
  unplug: {
    usage: 'unplug MODEM [TIME]',
    help: 'Pull it out, and plug it in again after TIME, such as 4s.',
    words: [1, 2],
    run(air, [name, time]) {
      const modem = modemOf(air, name)
      const ms = time === undefined ? undefined : msOf(time)
      modem.unplug(ms)
      return `modem ${modem.name} is unplugged${time === undefined ? '' : ` for ${time}`}`
    },
  },
  plug: {
    usage: 'plug MODEM',
    help: 'Plug it in again.',
    words: [1, 1],
    run(air, [name]) {
      const modem = modemOf(air, name)
      modem.plugIn()
      return `modem ${modem.name} is plugged in`
    },
  },
  wedge: {
    usage: 'wedge MODEM [forever]',
    help: 'It takes packets and sends none, until a reset or heal; forever: until heal.',
    words: [1, 2],
    run(air, [name, forever]) {
      if (forever !== undefined && forever !== 'forever')
        throw usage(`wedge: expected forever, got ${shown(forever)}`)
      const modem = modemOf(air, name)
      modem.wedge(forever === 'forever')
      return `modem ${modem.name} is wedged${forever === undefined ? '' : ' for good'}`
    },
  },
  silence: {
    usage: 'silence MODEM',
    help: 'It neither reads nor answers.',
    words: [1, 1],
    run(air, [name]) {
      const modem = modemOf(air, name)
      modem.silence()
      return `modem ${modem.name} is silent`
    },
  },
  slow: {
    usage: 'slow MODEM BYTES',
    help: 'It says what it says byte by byte, so many a second.',
    words: [2, 2],
    run(air, [name, bytes]) {
      const modem = modemOf(air, name)
      modem.slow(numberOf('bytes a second', bytes, 1, MOST_BYTES_PER_S))
      return `modem ${modem.name} says ${bytes} bytes a second`
    },
  },
  garbage: {
    usage: 'garbage MODEM BYTES',
    help: 'It writes so many random bytes to its host.',
    words: [2, 2],
    run(air, [name, bytes]) {
      const modem = modemOf(air, name)
      modem.garbage(numberOf('bytes', bytes, 1, MOST_GARBAGE_BYTES))
      return `modem ${modem.name} has written ${bytes} bytes of garbage`
    },
  },
  echo: {
    usage: 'echo MODEM SETTING OFFSET',
    help: `It echoes it with OFFSET added: ${ECHO_FIELDS.join(', ')}.`,
    words: [3, 3],
    run(air, [name, setting, offset]) {
      const field = ECHO_FIELDS.find((known) => known === setting)
      if (field === undefined) throw usage(`echo: expected ${ECHO_FIELDS.join(', ')}, got ${shown(setting)}`)
      const modem = modemOf(air, name)
      modem.wrongEcho(field satisfies EchoField, numberOf('offset', offset, -(2 ** 31), 2 ** 31))
      return `modem ${modem.name} echoes ${field} with ${offset} added`
    },
  },
  reset: {
    usage: 'reset MODEM',
    help: 'It boots.',
    words: [1, 1],
    run(air, [name]) {
      const modem = modemOf(air, name)
      modem.reset()
      return `modem ${modem.name} boots`
    },
  },
  heal: {
    usage: 'heal MODEM|all',
    help: 'End what is wrong with it, and plug it in.',
    words: [1, 1],
    run(air, [name]) {
      const modems = name === 'all' ? [...air.modems.values()] : [modemOf(air, name)]
      for (const modem of modems) modem.heal()
      return name === 'all' ? 'all modems are well' : `modem ${name} is well`
    },
  },
  noise: {
    usage: 'noise MODEM DBM TIME',
    help: 'Something that is no LoRa radio is on its channel for a while.',
    words: [3, 3],
    run(air, [name, dBm, time = '']) {
      const modem = modemOf(air, name)
      modem.interfere(numberOf('dBm', dBm, -200, 30), msOf(time))
      return `modem ${modem.name} hears noise for ${time}`
    },
  },
  reach: {
    usage: 'reach full|line|PAIRS',
    help: 'Who hears whom from now on, such as 1-2,2-3.',
    words: [1, 1],
    run(air, [text = '']) {
      air.setReach(parseReach(text, [...air.modems.keys()]))
      return `reach is ${text}`
    },
  },
  loss: {
    usage: 'loss SHARE [burst]',
    help: 'The share of frames that is lost from now on, 0 to 1; burst: several in a row.',
    words: [1, 2],
    run(air, [share, burst]) {
      if (burst !== undefined && burst !== 'burst') throw usage(`loss: expected burst, got ${shown(burst)}`)
      const value = numberOf('share', share, 0, burst === undefined ? 1 : 0.99)
      air.setLoss(burst === undefined ? value : burstyLoss(value))
      return `${value * 100} % of frames are lost${burst === undefined ? '' : ', in bursts'}`
    },
  },
  status: {
    usage: 'status',
    help: 'Show all modems.',
    words: [0, 0],
    run: (air) => [...air.modems.values()].map(statusLine).join('\n'),
  },
  help: {
    usage: 'help',
    help: 'Show this.',
    words: [0, 0],
    run: () =>
      Object.values(ORDERS)
        .map(({ usage: how, help }) => `${how.padEnd(27)}${help}`)
        .join('\n'),
  },
}

/**
 * Does what a line says.
 *
 * @returns what was done, one line or, for `status` and `help`, several.
 * @throws MeshError ERR_USAGE with one line where it makes no sense; then nothing was done.
 */
export function obey(air: EmulatedAir, line: string): string {
  const [name = '', ...words] = line.trim().split(/\s+/)
  const order = Object.hasOwn(ORDERS, name) ? ORDERS[name] : undefined
  if (order === undefined) throw usage(`unknown order ${shown(name)}: ${Object.keys(ORDERS).join(', ')}`)
  const [least, most] = order.words
  if (words.length < least || words.length > most) throw usage(`expected ${order.usage}`)
  return order.run(air, words)
}

/** How a modem is, in one line for people. */
function statusLine(modem: EmulatedModem): string {
  const { power, radio, hasHost, queuedPackets, queuedBytes, isSending, isLocked, faults } = modem.status
  const { transmissions, airtimeMs, receptions, collisions, deaf, lost } = modem.radioCounters
  const { overflows } = modem.queueCounters
  return [
    `${modem.name}: ${power === 'on' ? `radio ${radio}` : power}`,
    ...(power === 'on' && radio === 'on' ? [settingsOf(modem.status)] : []),
    hasHost ? 'port open' : 'port closed',
    `${queuedPackets} packets (${queuedBytes} bytes) queued`,
    ...(isSending ? ['sending'] : []),
    ...(isLocked ? ['airtime locked'] : []),
    `sent ${transmissions} in ${(airtimeMs / 1000).toFixed(3)} s of airtime`,
    `heard ${receptions}, ${collisions} collided, ${deaf} while it sent, ${lost} lost`,
    ...(overflows > 0 ? [`${overflows} dropped from a full queue`] : []),
    ...faults,
  ].join(', ')
}

function settingsOf({ settings }: ModemStatus): string {
  const { frequencyHz, bandwidthHz, spreadingFactor, codingRate, powerDbm } = settings
  return `${frequencyHz / 1e6} MHz, ${bandwidthHz / 1000} kHz, SF ${spreadingFactor}, 4/${codingRate}, ${powerDbm} dBm`
}

function modemOf(air: EmulatedAir, name: string | undefined): EmulatedModem {
  const modem = air.modems.get(name ?? '')
  if (modem === undefined)
    throw usage(`there is no modem ${shown(name)}: ${[...air.modems.keys()].join(', ')}`)
  return modem
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000 }

function msOf(time: string): number {
  const [, value, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|min)$/.exec(time) ?? []
  const ms = Number(value) * (UNITS_MS[unit] ?? Number.NaN)
  if (ms >= 0 && ms <= LONGEST_MS) return ms
  throw usage(`expected a time such as 500ms, 4s or 2min, got ${shown(time)}`)
}

function numberOf(what: string, written: string | undefined, least: number, most: number): number {
  const value = /^[+-]?\d+(\.\d+)?$/.test(written ?? '') ? Number(written) : Number.NaN
  if (value >= least && value <= most) return value
  throw usage(`${what}: expected a number from ${least} to ${most}, got ${shown(written)}`)
}

function shown(text: string | undefined): string {
  return JSON.stringify((text ?? '').slice(0, 40))
}

function usage(what: string): MeshError {
  return new MeshError('ERR_USAGE', what)
}
