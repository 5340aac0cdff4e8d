/** A command: what it takes, what it says of itself, and what it does. Its help is made from the former. */
import { parseArgs } from 'node:util'
import { editDistance, nearest } from '../config/nearest.ts'
import { MeshError, messageOf } from '../runtime/errors.ts'
import type { ExitCode } from './exit.ts'
import { helpText } from './help.ts'

export interface Option {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  /** May be given more than once. */
  readonly multiple?: boolean
  /** What its value is called in the help. */
  readonly value?: string
  readonly help: string
}

export type Options = Readonly<Record<string, Option>>

export type Values<O extends Options> = {
  readonly [K in keyof O]?: O[K]['type'] extends 'boolean'
    ? boolean
    : O[K] extends { multiple: true }
      ? readonly string[]
      : string
}

export interface CommandDescription<O extends Options> {
  readonly name: string
  /** What follows the name: `ADDRESS [TEXT]`. */
  readonly usage: string
  /** What it does, in lines of at most 100 characters. */
  readonly about: string
  readonly options: O
  /** How many arguments that are no options it takes. */
  readonly arguments: { readonly min: number; readonly max: number }
  run(values: Values<O>, args: readonly string[]): Promise<ExitCode>
}

export interface Command {
  readonly help: string
  readonly options: Options
  /** @throws MeshError ERR_USAGE for a command line that makes no sense. */
  execute(argv: readonly string[]): Promise<ExitCode>
}

const HELP = { type: 'boolean', short: 'h', help: 'Print this help.' } as const

export function command<const O extends Options>(description: CommandDescription<O>): Command {
  const { name, run } = description
  const options: Options = { ...description.options, help: HELP }
  const help = helpText({ ...description, options })
  return {
    help,
    options,
    async execute(argv) {
      const { values, positionals } = parse(name, options, argv)
      if (values['help'] === true) {
        process.stdout.write(help)
        return 0
      }
      const { min, max } = description.arguments
      if (positionals.length < min) throw usageError(name, `too few arguments: ${name} ${description.usage}`)
      const extra = positionals[max]
      if (extra !== undefined) throw usageError(name, `unexpected argument ${JSON.stringify(extra)}`)
      return await run(values as Values<O>, positionals)
    },
  }
}

/** An error that says where to read on. */
export function usageError(name: string, what: string): MeshError {
  return new MeshError('ERR_USAGE', `${name}: ${what} (see 'hopwire ${name} --help')`)
}

function parse(name: string, options: Options, argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true })
  } catch (error) {
    throw usageError(name, inOurWords(messageOf(error), Object.keys(options)))
  }
}

/** The sentence of Node's parser, with what may have been meant. */
function inOurWords(message: string, known: readonly string[]): string {
  const unknown = /^Unknown option '--([^']*)'/.exec(message)?.[1]
  if (unknown !== undefined) {
    const meant = nearest(known, (option) => editDistance(unknown, option), 2)
    return `unknown option '--${unknown}'${meant === undefined ? '' : `, did you mean --${meant}?`}`
  }
  const [first = ''] = message.split(/\.\s/)
  const said = `${first.charAt(0).toLowerCase()}${first.slice(1).replace(/\.$/, '')}`
  return said.endsWith('is ambiguous') ? `${said}: write --NAME=VALUE where VALUE begins with '-'` : said
}
