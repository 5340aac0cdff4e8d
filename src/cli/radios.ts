/** The radios of a node, for people. */
import { formatCount, formatSeconds, formatShare } from '../observability/format.ts'
import type { RadioFigures } from '../transport/radio-figures.ts'
import { printLines, printTable } from './table.ts'
import { printable } from './terminal.ts'

const UNKNOWN = '-'

/** A table of them, and below it what is wrong. */
export function printRadios(radios: readonly RadioFigures[]): void {
  printLines([''])
  printTable(
    [
      { head: 'RADIO' },
      { head: 'STATE' },
      { head: 'CHANNEL' },
      { head: 'BAND' },
      { head: 'USED', right: true },
      { head: 'LEFT', right: true },
      { head: 'QUEUED', right: true },
      { head: 'LOAD', right: true },
      { head: 'NEIGHBOURS', right: true },
    ],
    radios.map((radio) => {
      const { port, isUp, duty, queueSeconds, neighbours, modem } = radio
      return [
        port,
        isUp ? 'up' : 'down',
        channelInWords(radio),
        duty?.band ?? UNKNOWN,
        duty === undefined ? UNKNOWN : formatSeconds(duty.usedSeconds),
        duty === undefined ? UNKNOWN : duty.isLifted ? 'lifted' : formatSeconds(duty.leftSeconds),
        formatSeconds(queueSeconds),
        modem.channelLoad === undefined ? UNKNOWN : formatShare(modem.channelLoad),
        formatCount(neighbours),
      ]
    }),
  )
  printLines(radios.flatMap(({ problem }) => (problem === undefined ? [] : [printable(problem)])))
}

/** Such as `869.525 MHz SF 8 125 kHz 4/5`. */
function channelInWords({ channel }: RadioFigures): string {
  const { frequencyHz, spreadingFactor, bandwidthHz, codingRate } = channel
  const frequency = frequencyHz === undefined ? '' : `${frequencyHz / 1e6} MHz `
  return `${frequency}SF ${spreadingFactor} ${bandwidthHz / 1000} kHz 4/${codingRate}`
}
