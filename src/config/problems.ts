import { MeshError } from '../runtime/errors.ts'

/** Names the place of a key for people: `hopwire.toml:12: announce.interval_s`. The top has the path ''. */
export type Place = (path: string) => string

const SHOWN = 20

/** Collects what is wrong with a configuration, so that one run shows all of it. */
export class Problems {
  readonly #lines: string[] = []
  #count = 0

  /** @param complaint is asked for only while there is room to show it. */
  add(place: string, complaint: string | (() => string)): void {
    this.#count += 1
    if (this.#lines.length >= SHOWN) return
    this.#lines.push(`${place}: ${typeof complaint === 'string' ? complaint : complaint()}`)
  }

  /** @throws MeshError ERR_CONFIG, a problem a line, the first 20 of them. */
  throwIfAny(): void {
    if (this.#count === 0) return
    const rest = this.#count - this.#lines.length
    const message = [...this.#lines, ...(rest === 0 ? [] : [`… and ${rest} more`])].join('\n')
    throw new MeshError('ERR_CONFIG', message, { context: { problems: this.#count } })
  }
}
