#!/usr/bin/env node
// Plain JavaScript that old releases of Node can read as well, so that they can say what is missing.
import { existsSync } from 'node:fs'
import module from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

if (Number.parseInt(process.versions.node, 10) < 24) {
  console.error(`hopwire needs Node.js 24 or newer; this is v${process.versions.node} (https://nodejs.org)`)
  process.exit(1)
}
// In a folder of the user's own: compiled code that others could write would run as this user.
module.enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'hopwire'))
const source = new URL('../src/cli/main.ts', import.meta.url)
await import(existsSync(source) ? source.href : new URL('../dist/cli/main.js', import.meta.url).href)
