import type { ProbeReport } from '../../transport/lora/rnode/probe.ts'
import { command, usageError } from '../command.ts'
import { complain, Exit } from '../exit.ts'
import { pairs, printJson, printLines } from '../table.ts'

export const lora = command({
  name: 'lora',
  usage: 'probe PORT',
  about: `\
Looks at a LoRa modem with RNode firmware, on a serial port such as /dev/ttyACM0 or COM3, or over WiFi
at tcp://HOST: its firmware, its board, what it is set to and what it measures. It changes nothing.
A modem forgets what it is set to when it is switched off; a node sets it up when it starts.

What is wrong goes to stderr, a line each. Exits with 1 when the modem cannot be used as it is.`,
  options: {
    json: { type: 'boolean', help: 'Print JSON for programs: ok, the problems, and what was found.' },
  },
  arguments: { min: 2, max: 2 },
  async run({ json = false }, [action = '', port = '']) {
    if (action !== 'probe') throw usageError('lora', `unknown action ${JSON.stringify(action)}`)
    const [{ probeModem }, { modemLine }, { systemClock }] = await Promise.all([
      import('../../transport/lora/rnode/probe.ts'),
      import('../../transport/lora/rnode/open-line.ts'),
      import('../../runtime/clock.ts'),
    ])
    const line = modemLine(port, systemClock)
    // Neither a timer of the clock nor a port that has yet to open keeps the process alive.
    const alive = new MessageChannel()
    alive.port1.on('message', () => undefined)
    const report = await probeModem(port, line, systemClock).finally(() => alive.port1.close())
    const ok = report.problems.length === 0
    if (json) printJson({ ok, ...report })
    else if (report.telemetry.firmware !== undefined) printLines(pairs(rows(report)))
    if (!json) for (const problem of report.problems) complain(problem)
    return ok ? Exit.ok : Exit.failed
  },
})

function rows({ port, mcu, board, chip, settings, telemetry }: ProbeReport): [string, string][] {
  const { frequencyHz, bandwidthHz, spreadingFactor, codingRate, txPowerDbm } = settings
  const found: [string, string | undefined][] = [
    ['port', port],
    ['firmware', telemetry.firmware],
    ['platform', telemetry.platform],
    ['MCU', mcu],
    ['board', board],
    ['radio chip', chip?.toUpperCase()],
    ['radio', radioText(settings)],
    ['frequency', figure(frequencyHz, 1e6, 'MHz')],
    ['bandwidth', figure(bandwidthHz, 1e3, 'kHz')],
    ['spreading factor', figure(spreadingFactor)],
    ['code rate', codingRate === undefined ? undefined : `4/${codingRate}`],
    ['power', figure(txPowerDbm, 1, 'dBm')],
    ['preamble', figure(telemetry.preambleSymbols, 1, 'symbols')],
    ['slot', figure(telemetry.slotMs, 1, 'ms')],
    ['noise floor', figure(telemetry.noiseFloorDbm, 1, 'dBm')],
    ['own airtime', percent(telemetry.airtimeLong, 'of the last hour')],
    ['channel in use', percent(telemetry.channelLong, 'of the last hour')],
    ['battery', figure(telemetry.batteryPercent, 1, '%')],
    ['temperature', figure(telemetry.temperatureC, 1, '°C')],
  ]
  return found.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
}

function radioText({ isRadioOn, isLocked }: ProbeReport['settings']): string | undefined {
  if (isRadioOn === undefined) return undefined
  if (isRadioOn) return 'on'
  return isLocked === true ? 'off, locked until it is set up' : 'off'
}

function figure(value: number | undefined, divisor = 1, unit = ''): string | undefined {
  return value === undefined ? undefined : `${value / divisor} ${unit}`.trimEnd()
}

function percent(share: number | undefined, of: string): string | undefined {
  return share === undefined ? undefined : `${(share * 100).toFixed(2)} % ${of}`
}
