/** Text for terminals: what came from outside must not steer them. */

/** What a terminal acts on, or what turns or hides the text around it. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\u200b\u2060-\u2064\ufeff]/gu

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** The text with an escape for each such character, as in JavaScript: `\n`, `\u{1b}`. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (character) => {
    return SHORT[character] ?? `\\u{${character.codePointAt(0)?.toString(16)}}`
  })
}

/** Whether to colour what is written there: on a terminal, unless NO_COLOR is set (no-color.org). */
export function takesColour(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): boolean {
  return stream.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
}

/** The text as a heading stands out. */
export function bold(text: string): string {
  return `\u001b[1m${text}\u001b[22m`
}
