/** The text of docs/cli.md, made from the help of the commands. */
import { COMMANDS } from './commands.ts'
import { overview } from './overview.ts'

const INTRODUCTION = `\
# The command line

\`npm install -g hopwire\` puts \`hopwire\` on the path; in a checkout it is \`npx hopwire\`. This page is what
\`hopwire help COMMAND\` prints.

Results go to stdout; errors, progress and the log of \`run\` to stderr, an error to a line. There is colour on a
terminal only, and none where \`NO_COLOR\` is set. What comes from other nodes is shown with its control characters
escaped. With \`--json\` a command prints one JSON value on one line, \`send\` and \`listen\` one per event.
`

export async function cliReference(): Promise<string> {
  const sections = await Promise.all(
    Object.entries(COMMANDS).map(async ([name, { load }]) => {
      return `## ${name}\n\n${code((await load()).help)}`
    }),
  )
  return [INTRODUCTION, code(overview()), ...sections].join('\n')
}

function code(text: string): string {
  return `\`\`\`text\n${text.trimEnd()}\n\`\`\`\n`
}
