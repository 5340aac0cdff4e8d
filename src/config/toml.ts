/** TOML text to plain tables that remember their lines. The only file that knows the parser. */
import { type AST, ParseError, parseTOML } from 'toml-eslint-parser'
import { messageOf } from '../runtime/errors.ts'
import { joinPath, mayHoldSecret, plainOrQuoted } from './show.ts'

export interface Toml {
  /** Tables are objects without a prototype, so a key named `__proto__` is a key like any other. */
  readonly tree: Readonly<Record<string, unknown>>
  /** The line of each key and table header, by its path; tables of a list are counted: `transport.lora[1]`. */
  readonly lines: ReadonlyMap<string, number>
}

export interface TomlProblem {
  /** `:12:3` or `:12`, to follow the name of the file; empty where no line is to blame. */
  readonly at: string
  readonly complaint: string
}

export const MAX_CONFIG_BYTES = 1_048_576

// Far more than the schema needs, far less than the stack bears.
const DEEPEST = 32
const TOO_DEEP = `nested more than ${DEEPEST} tables or lists deep`

class Refusal extends Error {
  readonly line: number

  constructor(complaint: string, line: number) {
    super(complaint)
    this.line = line
  }
}

/** Reads TOML 1.1. Never throws: text that is no TOML gives the first problem. */
export function readToml(text: string): Toml | TomlProblem {
  if (text.length > MAX_CONFIG_BYTES) return { at: '', complaint: `larger than ${MAX_CONFIG_BYTES} bytes` }
  const body = text.replace(/^\ufeff/, '')
  try {
    return new TreeBuilder().build(parseTOML(body, { tomlVersion: '1.1' }))
  } catch (error) {
    if (error instanceof Refusal) return { at: `:${error.line}`, complaint: error.message }
    if (error instanceof ParseError) {
      return { at: `:${error.lineNumber}:${error.column + 1}`, complaint: syntaxComplaint(error, body) }
    }
    // The parser recurses where brackets close, and its stack ends before its patience does.
    return { at: '', complaint: error instanceof RangeError ? TOO_DEEP : messageOf(error) }
  }
}

/** The parser's sentence with the line it stumbled over, unless that may hold a secret. */
function syntaxComplaint({ message, index }: ParseError, text: string): string {
  const start = text.lastIndexOf('\n', index - 1) + 1
  const whole = /^.*/.exec(text.slice(start))?.[0] ?? ''
  const line = mayHoldSecret(whole) ? '' : whole.slice(0, 200).trim()
  const said = message.charAt(0).toLowerCase() + message.slice(1)
  const hint = /^[^"'=]*=\s*(?!true\b|false\b)[a-z/]/i.test(line) ? ' (text needs quotes)' : ''
  return `not valid TOML: ${said}${line === '' ? '' : `: ${plainOrQuoted(line, 60)}`}${hint}`
}

type Tree = Record<string, unknown>

/**
 * The parser has its own way from syntax to values, but it follows `__proto__` into Object.prototype and
 * forgets the lines.
 */
class TreeBuilder {
  readonly #lines = new Map<string, number>()

  build(program: AST.TOMLProgram): Toml {
    const tree = newTree()
    for (const node of program.body[0].body) {
      if (node.type === 'TOMLKeyValue') this.#assign(tree, '', node, 0)
      else this.#openTable(tree, node)
    }
    return { tree, lines: this.#lines }
  }

  /** `[a.b]` or `[[a.b]]` and the keys under it. */
  #openTable(root: Tree, node: AST.TOMLTable): void {
    const names = namesOf(node.key)
    const line = node.loc.start.line
    let { parent, path } = this.#descend(root, '', names.slice(0, -1), line)
    const last = names.at(-1) ?? ''
    path = this.#mark(path, last, line)
    if (node.kind === 'array') {
      const list = parent[last] ?? []
      if (!Array.isArray(list)) throw clash(path, line)
      parent[last] = list
      parent = newTree()
      list.push(parent)
      path = this.#markRow(path, list.length, line)
    } else {
      parent = subtree(parent, last, path, line)
    }
    for (const entry of node.body) this.#assign(parent, path, entry, names.length)
  }

  /** `a.b = value` within a table. */
  #assign(table: Tree, base: string, node: AST.TOMLKeyValue, depth: number): void {
    const names = namesOf(node.key)
    const line = node.loc.start.line
    const { parent, path } = this.#descend(table, base, names.slice(0, -1), line)
    const last = names.at(-1) ?? ''
    const full = this.#mark(path, last, line)
    if (parent[last] !== undefined) throw clash(full, line)
    parent[last] = this.#value(node.value, full, depth + names.length)
  }

  #value(node: AST.TOMLContentNode, path: string, depth: number): unknown {
    if (depth > DEEPEST) throw new Refusal(TOO_DEEP, node.loc.start.line)
    if (node.type === 'TOMLValue') return node.value
    if (node.type === 'TOMLArray') {
      return node.elements.map((entry, index) => {
        const isTable = entry.type === 'TOMLInlineTable'
        const at = isTable ? this.#markRow(path, index + 1, entry.loc.start.line) : path
        return this.#value(entry, at, depth + 1)
      })
    }
    const inline = newTree()
    for (const entry of node.body) this.#assign(inline, path, entry, depth + 1)
    return inline
  }

  #descend(from: Tree, base: string, names: readonly string[], line: number): { parent: Tree; path: string } {
    if (names.length > DEEPEST) throw new Refusal(TOO_DEEP, line)
    let parent = from
    let path = base
    for (const name of names) {
      path = this.#mark(path, name, line)
      const list = parent[name]
      parent = subtree(parent, name, path, line)
      if (Array.isArray(list)) path = this.#markRow(path, list.length, line)
    }
    return { parent, path }
  }

  /** Notes the first line on which a path is named. */
  #mark(base: string, name: string, line: number): string {
    const path = joinPath(base, name)
    if (!this.#lines.has(path)) this.#lines.set(path, line)
    return path
  }

  /** The same for the table with that number, from 1, in a list of tables. */
  #markRow(list: string, number: number, line: number): string {
    const path = `${list}[${number}]`
    if (!this.#lines.has(path)) this.#lines.set(path, line)
    return path
  }
}

function newTree(): Tree {
  return Object.create(null) as Tree
}

/** The table called `name`, made where there is none; of a list of tables the last one. */
function subtree(parent: Tree, name: string, path: string, line: number): Tree {
  const found = parent[name] ?? newTree()
  parent[name] = found
  const table: unknown = Array.isArray(found) ? found.at(-1) : found
  if (typeof table !== 'object' || table === null || Object.getPrototypeOf(table) !== null) {
    throw clash(path, line)
  }
  return table as Tree
}

function namesOf(key: AST.TOMLKey): string[] {
  return key.keys.map((part) => (part.type === 'TOMLBare' ? part.name : part.value))
}

function clash(path: string, line: number): Refusal {
  return new Refusal(`${path} is already there`, line)
}
