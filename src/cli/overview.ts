/** What `hopwire --help` prints. */
import { COMMANDS } from './commands.ts'
import { definitions } from './help.ts'

const EXIT_CODES = [
  ['0', 'Done.'],
  ['1', 'Failed: no node answers, a port is taken, a disk is full. Trying again may help.'],
  ['2', 'The command line, the configuration or the key file cannot be used; stderr says where and why.'],
  ['3', 'What was waited for did not come: no path, expired, failed, or not in time.'],
] as const

export function overview(): string {
  const commands = Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary] as const)
  return `\
Usage: hopwire COMMAND [options]

A node of a peer-to-peer mesh. 'hopwire init' and 'hopwire run' start one; the other commands talk to it.

Commands:
${definitions(commands)}
Options:
${definitions([
  ['-h, --help', "Print this help; 'hopwire COMMAND --help' prints that of a command."],
  ['    --version', 'Print the version.'],
])}
Exit codes:
${definitions(EXIT_CODES)}`
}
