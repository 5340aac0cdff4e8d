/** What the command line of the emulator asks for. */
import { readFile } from 'node:fs/promises'
import { parseHostPort } from '../../config/host-port.ts'
import { messageOf } from '../../runtime/errors.ts'
import type { AirLoss } from '../../sim/radio/medium.ts'
import type { Platform } from '../../sim/rnode/board.ts'
import { burstyLoss, parseReach, parseReachFile, type Reach } from '../../sim/rnode/reach.ts'
import { usageError } from '../command.ts'
import { oneOf } from '../option-values.ts'

export interface EmulatorValues {
  readonly modems?: string
  readonly tcp?: string
  readonly 'port-base'?: string
  readonly pty?: boolean
  readonly reach?: string
  readonly loss?: string
  readonly burst?: boolean
  readonly 'airtime-scale'?: string
  readonly platform?: string
  readonly seed?: string
  readonly json?: boolean
}

export interface EmulatorPlan {
  readonly names: readonly string[]
  /** One for each modem. */
  readonly addresses: readonly { readonly host: string; readonly port: number }[]
  readonly reach: Reach
  readonly loss: AirLoss
  readonly airtimeScale: number
  readonly platform: Platform
}

const NAME = 'rnode-emulator'
const DEFAULT_MODEMS = 2
const MOST_MODEMS = 200
const DEFAULT_PORT = 7633
const MOST_SCALE = 1000

/** @throws MeshError ERR_USAGE with the option that makes no sense. */
export async function planOf(values: EmulatorValues): Promise<EmulatorPlan> {
  const tcp = values.tcp?.split(',')
  if (tcp !== undefined && values['port-base'] !== undefined) {
    throw usageError(NAME, '--tcp and --port-base: give one of them')
  }
  const count =
    values.modems === undefined
      ? (tcp?.length ?? DEFAULT_MODEMS)
      : whole('--modems', values.modems, 1, MOST_MODEMS)
  if (tcp !== undefined && tcp.length !== count) {
    throw usageError(NAME, `--tcp: ${tcp.length} addresses for ${count} modems`)
  }
  const names = Array.from({ length: count }, (_, n) => String(n + 1))
  const share = number('--loss', values.loss ?? '0', 1)
  if (values.burst === true && share === 1)
    throw usageError(NAME, '--burst: losses in bursts are less than 1')
  return {
    names,
    addresses: tcp === undefined ? portsFrom(values['port-base'], count) : tcp.map(addressOf),
    reach: await reachOf(values.reach ?? 'full', names),
    loss: values.burst === true ? burstyLoss(share) : share,
    airtimeScale: number('--airtime-scale', values['airtime-scale'] ?? '1', MOST_SCALE),
    platform: oneOf('--platform', ['esp32', 'nrf52', 'avr'], values.platform ?? 'esp32'),
  }
}

function portsFrom(base: string | undefined, count: number): { host: string; port: number }[] {
  const first = base === undefined ? DEFAULT_PORT : whole('--port-base', base, 0, 65_536 - count)
  return Array.from({ length: count }, (_, n) => ({ host: '127.0.0.1', port: first === 0 ? 0 : first + n }))
}

function addressOf(text: string): { host: string; port: number } {
  const address = parseHostPort(text.trim())
  if (address === undefined) {
    throw usageError(
      NAME,
      `--tcp: expected addresses such as 127.0.0.1:7633, got ${JSON.stringify(text.slice(0, 60))}`,
    )
  }
  return address
}

async function reachOf(text: string, names: readonly string[]): Promise<Reach> {
  if (!text.endsWith('.json')) return parseReach(text, names)
  let file: string
  try {
    file = await readFile(text, 'utf8')
  } catch (error) {
    throw usageError(NAME, `--reach: ${text} cannot be read: ${messageOf(error)}`)
  }
  return parseReachFile(file, names)
}

function whole(option: string, written: string, least: number, most: number): number {
  const value = /^\d{1,9}$/.test(written) ? Number(written) : Number.NaN
  if (value >= least && value <= most) return value
  throw usageError(NAME, `${option}: expected a whole number, ${least} to ${most}, got ${shown(written)}`)
}

function number(option: string, written: string, most: number): number {
  const value = /^\d*\.?\d+$/.test(written) ? Number(written) : Number.NaN
  if (value <= most) return value
  throw usageError(NAME, `${option}: expected a number from 0 to ${most}, got ${shown(written)}`)
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 40))
}
