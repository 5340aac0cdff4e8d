/** The rules of the house that a machine can check (docs/architecture.md). */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, it } from 'node:test'

const SRC = resolve(import.meta.dirname, '../../src')

/** From the top floor to the ground. Parts on one line are neighbours and do not know each other. */
const FLOORS: readonly (readonly string[])[] = [
  ['cli', 'testing.ts'],
  ['control', 'testing'],
  ['index.ts', 'sim'],
  ['node'],
  ['observability', 'fapp'],
  ['services'],
  ['transport', 'store'],
  ['crypto', 'limits'],
  ['routing'],
  ['wire'],
  ['identity'],
  ['crypto/provider', 'config'],
  ['runtime'],
]

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
}

function partOf(file: string): string {
  const path = relative(SRC, file).replaceAll('\\', '/')
  if (path.startsWith('crypto/provider/')) return 'crypto/provider'
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : path
}

function floorOf(part: string): number {
  const floor = FLOORS.findIndex((parts) => parts.includes(part))
  assert.notEqual(floor, -1, `src/${part} has no floor in the house: give it one in ${import.meta.filename}`)
  return FLOORS.length - floor
}

/** Relative imports, exports and dynamic imports of a file. Comments and strings without `from` are not. */
function importsOf(source: string): string[] {
  const pattern = /(?:\bfrom\s+|\bimport\s*\(\s*|^\s*import\s+)'(\.[^']+)'/gm
  return [...source.matchAll(pattern)].map((match) => match[1] as string)
}

/** The forbidden arrows among `files`, as lines for people. */
function arrowsUp(files: Iterable<readonly [file: string, source: string]>): string[] {
  const lines: string[] = []
  for (const [file, source] of files) {
    const from = partOf(file)
    for (const specifier of importsOf(source)) {
      const target = resolve(dirname(file), specifier)
      const to = partOf(target)
      if (from === to || floorOf(to) < floorOf(from)) continue
      lines.push(`${relative(SRC, file)} -> ${relative(SRC, target)}: ${from} stands below ${to}`)
    }
  }
  return lines
}

describe('the house', () => {
  it('has no arrow that points up', () => {
    const files = filesBelow(SRC).map((file) => [file, readFileSync(file, 'utf8')] as const)
    assert.ok(files.length > 50, 'the walk found the sources')
    assert.deepEqual(arrowsUp(files), [])
  })

  it('would notice one', () => {
    const file = join(SRC, 'routing/example.ts')
    assert.equal(arrowsUp([[file, "import { MeshNode } from '../node/mesh-node.ts'"]]).length, 1)
    assert.equal(arrowsUp([[file, "export type { Link } from '../transport/transport.ts'"]]).length, 1)
    assert.equal(arrowsUp([[file, "const late = await import('../cli/main.ts')"]]).length, 1)
    assert.equal(arrowsUp([[file, "import '../transport/manager.ts'"]]).length, 1)
    assert.equal(arrowsUp([[file, "import { Address } from '../identity/address.ts'"]]).length, 0)
  })

  it('keeps every file to one idea of at most 400 lines', () => {
    const long = filesBelow(SRC).filter((file) => readFileSync(file, 'utf8').split('\n').length > 400)
    assert.deepEqual(
      long.map((file) => relative(SRC, file)),
      [],
    )
  })

  it('imports from node_modules only what package.json declares', () => {
    const manifest = JSON.parse(readFileSync(join(SRC, '../package.json'), 'utf8')) as {
      dependencies: Record<string, string>
      optionalDependencies: Record<string, string>
    }
    const declared = { ...manifest.dependencies, ...manifest.optionalDependencies }
    const undeclared = new Set<string>()
    for (const file of filesBelow(SRC)) {
      for (const match of readFileSync(file, 'utf8').matchAll(/\bfrom\s+'([^.'][^']*)'/g)) {
        const name = (match[1] as string).split('/', (match[1] as string).startsWith('@') ? 2 : 1).join('/')
        if (!name.startsWith('node:') && !(name in declared)) undeclared.add(name)
      }
    }
    assert.deepEqual([...undeclared], [])
  })

  it('lets no ambient time or randomness into the core', () => {
    const banned = [
      'Date.now()',
      'new Date()',
      'performance.now()',
      'Math.random()',
      'setTimeout(() => 1, 5)',
      'setInterval(() => 1, 5)',
      'setImmediate(() => 1)',
      'randomBytes(4)',
      'crypto.randomBytes(4)',
      'crypto.randomUUID()',
      'crypto.getRandomValues(bytes)',
      'process.hrtime()',
    ]
    const found = lintFindings([...banned, 'new Date(5).getTime()'])
    assert.deepEqual(found, banned)
  })

  it('is tested on a Node.js that hopwire supports', () => {
    const major = Number(process.versions.node.split('.')[0])
    assert.ok(
      major >= 24,
      `the tests run on Node.js ${process.versions.node}: npm install brings a newer one`,
    )
  })
})

/** Those of the expressions that the linter refuses in `src/routing`. */
function lintFindings(expressions: readonly string[]): string[] {
  const folder = mkdtempSync(join(SRC, 'routing/lint-'))
  const declared = 'declare const bytes: Uint8Array\ndeclare const randomBytes: (n: number) => unknown\n'
  try {
    expressions.forEach((expression, index) => {
      const source = `${declared}export const use = [${expression}, bytes, randomBytes]\n`
      writeFileSync(join(folder, `use-${index}.ts`), source)
    })
    const root = join(SRC, '..')
    const args = ['lint', '--max-diagnostics=none', folder]
    const { stdout, stderr } = spawnSync(join(root, 'node_modules/.bin/biome'), args, {
      cwd: root,
      encoding: 'utf8',
    })
    return expressions.filter((_, index) => (stdout + stderr).includes(`use-${index}.ts`))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
