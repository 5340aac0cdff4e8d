import { readFileSync } from 'node:fs'

/** The version of the installed package. */
export const VERSION: string = readVersion()

function readVersion(): string {
  // Two folders up both from src/node and from dist/node.
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
