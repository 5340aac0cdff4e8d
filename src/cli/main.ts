/** The `hopwire` program: finds the command, runs it, and turns what went wrong into a line and a code. */
import { MeshError, systemCodeOf } from '../runtime/errors.ts'
import { COMMANDS, type CommandEntry } from './commands.ts'
import { Exit, type ExitCode, reportFailure } from './exit.ts'
import { overview } from './overview.ts'

async function main(argv: readonly string[]): Promise<ExitCode> {
  const [name, ...rest] = argv
  switch (name) {
    case undefined:
      process.stderr.write(overview())
      return Exit.usage
    case '-h':
    case '--help':
      process.stdout.write(overview())
      return Exit.ok
    case '--version':
      process.stdout.write(`hopwire ${(await import('../node/version.ts')).VERSION}\n`)
      return Exit.ok
    case 'help':
      return await printHelp(rest)
    default: {
      const command = await (await entryOf(name)).load()
      return await command.execute(rest)
    }
  }
}

async function printHelp([name, ...rest]: readonly string[]): Promise<ExitCode> {
  if (rest.length > 0) throw new MeshError('ERR_USAGE', "help takes one command: 'hopwire help COMMAND'")
  const command = name === undefined ? undefined : await (await entryOf(name)).load()
  process.stdout.write(command?.help ?? overview())
  return Exit.ok
}

async function entryOf(name: string): Promise<CommandEntry> {
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (entry !== undefined) return entry
  const { editDistance, nearest } = await import('../config/nearest.ts')
  const isOption = name.startsWith('-')
  const meant = isOption ? undefined : nearest(Object.keys(COMMANDS), (known) => editDistance(name, known), 2)
  const hint = meant === undefined ? "see 'hopwire --help'" : `did you mean ${meant}?`
  const what = isOption ? 'option' : 'command'
  throw new MeshError('ERR_USAGE', `unknown ${what} ${JSON.stringify(name.slice(0, 60))} (${hint})`)
}

// A reader such as `head` may go before all is written: that is its right.
process.stdout.on('error', (error) => {
  if (systemCodeOf(error) !== 'EPIPE') process.exit(reportFailure(error))
})
process.exitCode = await main(process.argv.slice(2)).catch(reportFailure)
